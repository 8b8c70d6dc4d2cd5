"""Spans of OpenTelemetry: what there is one for, what it says, and that it costs nothing unused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser
from watchword import Auth, Call, ConfigurationError, Hooks, ModelHooks, Plugin
from watchword.endpoint import post
from watchword.plugin import after, before, on_request, on_response


class Spans:
    """Collects what was traced."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def take(self) -> list[ReadableSpan]:
        """All spans since the last time, in the order in which they began."""
        found = sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
        self._exporter.clear()
        return found

    def names(self) -> list[str]:
        return [span.name for span in self.take()]


@dataclass(frozen=True, kw_only=True)
class Busy(Plugin):
    """Hooks at every stage."""

    id: ClassVar[str] = "busy"

    @on_request()
    async def first(self, call: Call) -> None:
        """Nothing."""

    @before("/ok")
    async def earlier(self, call: Call) -> None:
        """Nothing."""

    @after("/ok")
    async def later(self, call: Call) -> None:
        """Nothing."""

    @on_response()
    async def last(self, call: Call) -> None:
        """Nothing."""

    @post("/crash", name="crash")
    async def crash(self, call: Call) -> None:
        raise RuntimeError("password1234")


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def traced(make_auth: MakeAuth, spans: Spans, kind: str) -> Browser:
    browser = Browser(make_auth(tracing=spans.provider, plugins=[Busy()]), kind)
    spans.take()
    return browser


def parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def test_a_request_is_a_span_named_by_method_and_declared_path(
    traced: Browser, spans: Spans
) -> None:
    traced.get("/reset-password/secret-token", {"callbackURL": "/"})
    span = spans.take()[0]
    assert span.name == "GET /reset-password/:token"
    assert span.kind is SpanKind.INTERNAL
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/reset-password/:token",
        "http.response.status_code": 302,
        "watchword.endpoint": "request_password_reset_callback",
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_request_to_nowhere_tells_neither_its_path_nor_its_method(
    traced: Browser, spans: Spans
) -> None:
    traced.send("EVIL", "/secret-token")
    span = spans.take()[0]
    assert span.name == "HTTP"
    assert dict(span.attributes or {}) == {
        "http.request.method": "_OTHER",
        "http.response.status_code": 404,
    }


def test_database_operations_are_children_of_their_request(traced: Browser, spans: Spans) -> None:
    traced.sign_up()
    spans.take()
    traced.get("/get-session")
    found = spans.take()
    request = next(span for span in found if span.name == "GET /get-session")
    (query,) = [span for span in found if span.kind is SpanKind.CLIENT]
    assert query.name == "find_one session"
    assert dict(query.attributes or {}) == {
        "db.system.name": "sqlite",
        "db.operation.name": "find_one",
        "db.collection.name": "session",
    }
    assert parent(query) == (request.context.span_id if request.context else None)
    assert parent(request) is None


def test_what_a_transaction_does_is_below_it(traced: Browser, spans: Spans) -> None:
    traced.sign_up()
    found = spans.take()
    transaction = next(span for span in found if span.name == "transaction")
    assert transaction.context is not None
    inside = [s.name for s in found if parent(s) == transaction.context.span_id]
    assert inside == ["create user", "create account", "create session"]


def test_hooks_carry_the_id_of_their_plugin(traced: Browser, spans: Spans) -> None:
    traced.get("/ok")
    found = [span for span in spans.take() if span.name.startswith("hook")]
    stages = ["on_request", "before", "after", "on_response"]
    assert [span.name for span in found] == [f"hook {stage} busy" for stage in stages]
    assert [dict(span.attributes or {}) for span in found] == [
        {"watchword.hook.type": stage, "watchword.plugin.id": "busy"} for stage in stages
    ]


def test_hooks_of_the_application_and_around_writes_have_spans(
    make_auth: MakeAuth, spans: Spans, kind: str
) -> None:
    seen: list[trace.Span] = []

    def plain(user: Any, call: object) -> None:
        seen.append(trace.get_current_span())

    async def awaited(session: Any, call: object) -> None:
        seen.append(trace.get_current_span())

    auth = make_auth(
        tracing=spans.provider,
        hooks=Hooks(before=lambda call: None),
        database_hooks={
            "user": ModelHooks(create_after=plain),
            "session": ModelHooks(create_before=awaited),
        },
    )
    spans.take()
    assert Browser(auth, kind).sign_up().status == 200
    found = {span.name: span for span in spans.take() if span.name.startswith("hook")}
    names = ["create_before session", "create_after user"]
    assert list(found) == ["hook before application", *(f"hook {n} application" for n in names)]
    current = {span.get_span_context().span_id for span in seen}
    contexts = [found[f"hook {name} application"].context for name in names]
    assert current == {context.span_id for context in contexts if context}


def test_the_trace_goes_on_in_callbacks_and_background_work(
    make_auth: MakeAuth, spans: Spans, kind: str
) -> None:
    seen: list[int] = []

    def note() -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)

    async def work() -> None:
        note()

    async def hook(call: Call) -> None:
        await call.run(note)
        call.background(work())

    browser = Browser(make_auth(tracing=spans.provider, hooks=Hooks(before=hook)), kind)
    spans.take()
    browser.get("/ok")
    browser.auth.blocking.close()
    (span, *_) = spans.take()
    assert span.context is not None
    assert seen == [span.context.trace_id] * 2


def test_an_exception_is_told_by_its_type_alone(traced: Browser, spans: Spans) -> None:
    assert traced.post("/crash", {}).status == 500
    span = next(span for span in spans.take() if span.name == "POST /crash")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "500"
    assert span.status.description is None
    assert span.events == ()


def test_server_side_calls_have_a_span(make_auth: MakeAuth, spans: Spans) -> None:
    auth = make_auth(tracing=spans.provider)
    spans.take()
    assert auth.blocking.api.get_session(headers={}) is None
    (span,) = spans.take()
    assert (span.name, dict(span.attributes or {})) == (
        "call get_session",
        {"watchword.endpoint": "get_session"},
    )


def test_g3_no_secret_and_no_input_is_in_any_span(traced: Browser, spans: Spans) -> None:
    token = traced.sign_up().json["token"]
    traced.sign_in(password="wrong-horse")
    traced.get("/get-session", {"disableRefresh": "secret-flag"})
    text = "".join(span.to_json() for span in spans.take())
    for secret in (token, "ada@", "password1234", "wrong-horse", "secret-flag", "localhost"):
        assert secret not in text.lower()


def test_false_means_no_spans_at_all(make_auth: MakeAuth, spans: Spans) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", lambda: spans.provider)
        for tracing, wanted in ((False, []), (None, ["GET /ok"])):
            browser = Browser(make_auth(tracing=tracing))
            spans.take()
            browser.get("/ok")
            assert spans.names() == wanted


def test_without_opentelemetry_there_are_none_and_asking_for_them_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("wrapping", "spans", "traced_engine"):
        monkeypatch.delitem(sys.modules, f"watchword.observability.{name}", raising=False)
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.setitem(sys.modules, name, None)
    Auth(database="sqlite://", secret=SECRET, environ={})
    with pytest.raises(ConfigurationError, match=r"watchword\[otel\]"):
        Auth(database="sqlite://", secret=SECRET, environ={}, tracing=True)


def test_an_application_without_tracing_does_not_load_opentelemetry() -> None:
    program = (
        "import sys, watchword\n"
        f"auth = watchword.Auth(database='sqlite://', secret={SECRET!r}, environ={{}})\n"
        "auth.blocking.migrate()\n"
        "auth.blocking.api.get_session(headers={})\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_provider_may_be_set_after_the_server_was_built() -> None:
    program = (
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from tests.core.observability.test_tracing import Spans\n"
        "import watchword\n"
        f"make = lambda on: watchword.Auth(database='sqlite://', secret={SECRET!r},"
        " environ={}, tracing=on)\n"
        "asked, unasked, spans = make(True), make(None), Spans()\n"
        "trace.set_tracer_provider(spans.provider)\n"
        "for auth, count in ((unasked, 0), (asked, 1), (make(None), 1)):\n"
        "    auth.blocking.api.ok()\n"
        "    assert len(spans.take()) == count, count\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
