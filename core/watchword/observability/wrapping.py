"""What is wrapped in spans when there is tracing: requests, calls, hooks and engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from opentelemetry.trace import TracerProvider

from watchword.call import Call
from watchword.database.contract import Engine
from watchword.database.hooks import ModelHooks
from watchword.http.response import Response
from watchword.runtime.callbacks import is_async
from watchword.runtime.contract import Runtime

from .spans import Attributes, Spans, mark_failed
from .traced_engine import TracedEngine

T = TypeVar("T")
Step = Callable[[Call], Awaitable[object]]
Work = Callable[[], Awaitable[Response]]
Answer = Callable[[Call, Work], Awaitable[Response]]
Invoke = Callable[[Runtime, str, T], Coroutine[Any, Any, Any]]

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Tracing:
    """Wraps with the tracer of a provider; None means the global one, also if it is set later."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._spans = Spans(provider)

    def engine(self, engine: Engine, system: str) -> Engine:
        """The engine with a span for each operation."""
        return TracedEngine(engine, self._spans, system)

    def requests(self, answer: Answer) -> Answer:
        """A span for each HTTP request: `{method} {declared path}`."""

        async def traced(call: Call, work: Work) -> Response:
            request = call.request
            if request is None:
                return await answer(call, work)
            known = request.method in METHODS
            name = request.method if known else "HTTP"
            with self._spans.open(
                name, {"http.request.method": request.method if known else "_OTHER"}
            ) as span:
                response = await answer(call, work)
                if call.endpoint is not None:
                    span.update_name(f"{name} {call.endpoint.path}")
                    span.set_attribute("http.route", call.endpoint.path)
                    span.set_attribute("watchword.endpoint", call.endpoint.name)
                span.set_attribute("http.response.status_code", response.status)
                if response.status >= 500:
                    mark_failed(span, str(response.status))
                return response

        return traced

    def calls(self, invoke: Invoke[T]) -> Invoke[T]:
        """A span for each server-side call: `call {endpoint}`."""

        async def traced(runtime: Runtime, name: str, arguments: T) -> Any:
            with self._spans.open(f"call {name}", {"watchword.endpoint": name}):
                return await invoke(runtime, name, arguments)

        return traced

    def hook(self, stage: str, plugin: str, step: Step) -> Step:
        """A span for each run of a hook around endpoints: `hook {stage} {plugin}`."""
        name, attributes = f"hook {stage} {plugin}", _hook_attributes(stage, plugin)

        async def traced(call: Call) -> object:
            with self._spans.open(name, attributes):
                return await step(call)

        return traced

    def database_hooks(
        self, plugin: str, hooks: Mapping[str, ModelHooks]
    ) -> Mapping[str, ModelHooks]:
        """A span for each run of a hook around writes: `hook {event} {model} {plugin}`."""
        return {model: self._model_hooks(plugin, model, given) for model, given in hooks.items()}

    def _model_hooks(self, plugin: str, model: str, hooks: ModelHooks) -> ModelHooks:
        wrapped = {
            field.name: self._callback(
                f"hook {field.name} {model} {plugin}",
                {**_hook_attributes(field.name, plugin), "db.collection.name": model},
                callback,
            )
            for field in fields(hooks)
            if (callback := getattr(hooks, field.name)) is not None
        }
        return replace(hooks, **wrapped)

    def _callback(
        self, name: str, attributes: Attributes, callback: Callable[..., object]
    ) -> Callable[..., object]:
        # What it is decides where the runtime runs it; so the wrapper is of the same kind.
        if is_async(callback):
            awaited = cast("Callable[..., Awaitable[object]]", callback)

            async def traced(*args: object) -> object:
                with self._spans.open(name, attributes):
                    return await awaited(*args)

            return traced

        def traced_in_place(*args: object) -> object:
            with self._spans.open(name, attributes):
                return callback(*args)

        return traced_in_place


def _hook_attributes(stage: str, plugin: str) -> Attributes:
    return {"watchword.hook.type": stage, "watchword.plugin.id": plugin}
