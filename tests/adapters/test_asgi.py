"""ASGI itself: mounts, lifespan, WebSockets, clients that go away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.adapters.drivers import ASGIClient, Call, asgi_scope, run
from tests.adapters.echo import EchoAuth
from watchword.adapters.asgi import ASGIApp, Message, WatchwordMiddleware
from watchword.adapters.asgi_session import SessionRelay, lookup_for, lookup_of


def converse(app: Any, scope: dict[str, Any], received: Iterable[Message]) -> list[Message]:
    """Everything that an application sends while it receives these messages."""
    incoming = iter(received)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    run(app(scope, receive, send))
    return sent


LIFE = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]


def test_the_lifespan_is_answered_and_closes_the_server(auth: EchoAuth) -> None:
    sent = converse(ASGIApp(auth), {"type": "lifespan"}, LIFE)
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert auth.script.closed == 1


def test_the_server_is_open_until_shutdown(auth: EchoAuth) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        converse(ASGIApp(auth), {"type": "lifespan"}, LIFE[:1])
    assert auth.script.closed == 0


def test_websockets_are_refused(auth: EchoAuth) -> None:
    scope = {**asgi_scope(Call("GET", "/api/auth/ok")), "type": "websocket"}
    sent = converse(ASGIApp(auth), scope, [{"type": "websocket.connect"}])
    assert sent == [{"type": "websocket.close", "code": 1008}]
    assert auth.script.seen == []


def test_other_scopes_are_an_error(auth: EchoAuth) -> None:
    with pytest.raises(ValueError, match="'telepathy' is not supported"):
        converse(ASGIApp(auth), {"type": "telepathy"}, [])


def test_a_client_that_goes_away_leaves_nothing_behind(auth: EchoAuth) -> None:
    answer = ASGIClient(ASGIApp(auth)).send(
        "POST", "/api/auth/ok", chunks=[b"password=cor"], extra={"disconnects": True}
    )
    assert answer.status == 400
    assert auth.script.seen == []


def test_what_the_host_raises_while_receiving_goes_back_to_the_host(auth: EchoAuth) -> None:
    class HostLimit(Exception):
        pass

    async def receive() -> Message:
        raise HostLimit

    async def send(message: Message) -> None:
        raise AssertionError("nothing may be sent")

    with pytest.raises(HostLimit):
        run(ASGIApp(auth)(asgi_scope(Call("POST", "/api/auth/ok")), receive, send))


@pytest.mark.parametrize(
    ("root", "path", "raw"),
    [
        ("/v1", "/v1/api/auth/a/b", b"/v1/api/auth/a%2Fb"),  # by specification, uvicorn
        ("/v1/", "/v1/api/auth/a/b", b"/v1/api/auth/a%2Fb"),
        ("/v1", "/v1/api/auth/a/b", b"/api/auth/a%2Fb"),  # the server added the prefix to path only
        ("/v1", "/api/auth/a/b", b"/api/auth/a%2Fb"),  # a proxy has stripped the prefix
        ("/v1/api/auth", "/a/b", b"/v1/api/auth/a%2Fb"),  # mounted in the manner of WSGI
        ("/v1", "/v1/api/auth/a/b", b"/v1/api/auth/a%2Fb?token=1"),  # some test clients
    ],
)
def test_the_mount_prefix_is_part_of_the_path(root: str, path: str, raw: bytes) -> None:
    auth = EchoAuth("/v1/api/auth")
    changed = {"root_path": root, "path": path, "raw_path": raw}
    ASGIClient(ASGIApp(auth)).send("GET", "/", extra=changed)
    assert auth.last.request.path == "/v1/api/auth/a%2Fb"


def test_a_prefix_is_compared_by_segments() -> None:
    auth = EchoAuth()
    changed = {"root_path": "/v1", "path": "/v10/x", "raw_path": b"/v10/x"}
    ASGIClient(ASGIApp(auth)).send("GET", "/", extra=changed)
    assert auth.last.request.path == "/v1/v10/x"


def test_an_odd_prefix_is_quoted() -> None:
    auth = EchoAuth()
    changed = {"root_path": "/caf\xe9", "path": "/ok", "raw_path": b"/ok"}
    ASGIClient(ASGIApp(auth)).send("GET", "/", extra=changed)
    assert auth.last.request.path == "/caf%C3%A9/ok"


@pytest.mark.parametrize(
    ("server", "host"),
    [(("10.0.0.1", 8000), "10.0.0.1:8000"), (("10.0.0.1", 80), "10.0.0.1"), (None, "")],
)
def test_without_a_host_header_the_server_is_the_host(
    auth: EchoAuth, server: tuple[str, int] | None, host: str
) -> None:
    ASGIClient(ASGIApp(auth)).send("GET", "/api/auth/ok", extra={"headers": [], "server": server})
    assert auth.last.request.host == host


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """An application that says what it was asked for."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{kind}"
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.mark.parametrize("path", ["/", "/api", "/api/authors", "/api/auths/ok", "/API/AUTH/ok"])
def test_the_middleware_passes_the_rest_on(auth: EchoAuth, path: str) -> None:
    answer = ASGIClient(WatchwordMiddleware(inner, auth)).send("GET", path)
    assert answer.body == path.encode()
    assert auth.script.seen == []


def test_the_middleware_closes_the_server_with_the_application(auth: EchoAuth) -> None:
    sent = converse(WatchwordMiddleware(inner, auth), {"type": "lifespan"}, LIFE)
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert auth.script.closed == 1


async def refuses(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(scope["type"])


async def refuses_late(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError


async def ignores(scope: Any, receive: Any, send: Any) -> None:
    return


async def fails_to_start(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": ""})
    raise ConnectionError("no database")


@pytest.mark.parametrize("app", [refuses, refuses_late, ignores])
def test_the_middleware_lives_on_its_own_where_the_application_takes_no_lifespan(
    auth: EchoAuth, app: Any
) -> None:
    sent = converse(WatchwordMiddleware(app, auth), {"type": "lifespan"}, LIFE)
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert auth.script.closed == 1


def test_an_application_that_fails_to_start_is_not_covered_up(auth: EchoAuth) -> None:
    with pytest.raises(ConnectionError, match="no database"):
        converse(WatchwordMiddleware(fails_to_start, auth), {"type": "lifespan"}, LIFE)
    assert auth.script.closed == 0


def test_renewed_cookies_go_out_when_a_websocket_is_accepted(auth: EchoAuth) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        checked = await lookup_for(auth, scope).checked()
        assert checked.session is not None
        await send({"type": "websocket.accept"})

    call = Call("GET", "/feed", [("Cookie", "user=alice; renew=1")], scheme="wss")
    scope = {**asgi_scope(call), "type": "websocket"}
    sent = converse(SessionRelay(app, auth), scope, [{"type": "websocket.connect"}])
    names = [name for name, _ in sent[0]["headers"]]
    assert names == [b"set-cookie", b"set-cookie", b"vary"]
    [asked] = auth.script.checks
    assert asked is not None
    assert asked.scheme == "https"


def test_a_lookup_without_the_middleware_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="session middleware"):
        lookup_of({})


def test_a_lookup_in_another_server_is_an_error(auth: EchoAuth) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        lookup_for(EchoAuth(), scope)

    with pytest.raises(RuntimeError, match="another Auth"):
        converse(SessionRelay(app, auth), asgi_scope(Call("GET", "/")), [])
