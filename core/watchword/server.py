"""What `Auth` and `BlockingAuth` hold in common: everything that is not of one of the two worlds.

Internal. Whatever runs here is handed the runtime that it runs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import msgspec

from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.database.contract import Engine, Storage
from watchword.database.own_store import Run, open_secondary
from watchword.database.secondary import KeyValueStore, SecondaryEngine, SecondaryStorage
from watchword.http.query import append_query
from watchword.http.request import Request
from watchword.pipeline.cors import CrossOrigin
from watchword.pipeline.origin_check import is_trusted
from watchword.pipeline.pipeline import Pipeline
from watchword.pipeline.server_calls import ServerCalls
from watchword.runtime.contract import Runtime

from .call import Call
from .submitted import Submitted

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing
    from watchword.pipeline.submitting import Submitting


class Server:
    """Requests, checks and server-side calls of one configuration, and the doors to its stores."""

    def __init__(
        self,
        config: Configuration,
        pipeline: Pipeline,
        storage: Storage,
        secondary: SecondaryStorage | KeyValueStore | None,
        tracing: Tracing | None,
    ) -> None:
        self.config = config
        self.storage = storage
        self.endpoints = {name: route.endpoint for name, route in pipeline.routes.items()}
        calls = ServerCalls(config, pipeline)
        self.handle = CrossOrigin(config, pipeline).handle
        """Answer an HTTP request: request, runtime."""
        self.check = calls.check
        """Who is behind a request: runtime, headers, request, renew."""
        self.recheck = calls.recheck
        """Who was found some time ago, if that still holds: runtime, checked."""
        self.invoke = calls.run if tracing is None else tracing.calls(calls.run)
        """Run an endpoint as a server-side call: runtime, name, arguments."""
        self._pipeline = pipeline
        self._submitting: Submitting | None = None
        config.entrance.submit, config.entrance.invoke = self.submit, self.invoke
        self._secondary = secondary
        self._tracing = tracing

    async def submit(
        self,
        runtime: Runtime,
        name: str,
        request: Request,
        data: Mapping[str, object] | msgspec.Struct,
        params: Mapping[str, str],
    ) -> Submitted[Any]:
        """Run an endpoint for the browser whose form a page answers."""
        if self._submitting is None:
            # Loaded with its first use: most servers have no such page.
            home = import_module("watchword.pipeline.submitting")
            self._submitting = home.Submitting(self.config, self._pipeline)
        submitting = cast("Submitting", self._submitting)
        return await submitting.submit(runtime, name, request, data, params)

    async def safe_next(
        self, runtime: Runtime, request: Request, url: str | None, default: str
    ) -> str:
        """Where to send a browser that says itself where: to what is trusted, or to `default`."""
        if not url or len(url) > self.config.options.advanced.longest_url:
            return default
        try:
            site = self.config.sites.resolve(request, request.headers)
        except UnknownHost:
            return default
        call = Call(self.config, runtime, site, request=request, headers=request.headers)
        if not await is_trusted(call, url, allow_relative=True):
            return default
        try:
            # In ASCII: web frameworks escape what is not, each in its way.
            return append_query(url, {})
        except ValueError:
            return default

    def open_engine(self, *, blocking: bool) -> Engine:
        """A storage engine for one of the two worlds."""
        schema = self.config.tables.schema
        storage = self.storage
        engine = storage.blocking(schema) if blocking else storage.asynchronous(schema)
        if self._tracing is None:
            return engine
        return self._tracing.engine(engine, getattr(storage, "system", "other_sql"))

    def open_secondary(self, run: Run, *, blocking: bool) -> SecondaryEngine | None:
        """The secondary storage's engine for one of the two worlds, if there is one."""
        if self._secondary is None:
            return None
        return open_secondary(self._secondary, run, blocking=blocking)
