"""What goes through an adapter arrives unchanged, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.apps import flask_app
from tests.adapters.drivers import Call, Client, CountingStream, wsgi_environ
from tests.adapters.echo import EchoAuth
from watchword.adapters.wsgi import WSGIApp
from watchword.http.response import Response

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_the_core(client: Client, auth: EchoAuth, method: str) -> None:
    auth.script.answer = Response(207, (("x-core", "yes"),))
    answer = client.send(method, "/api/auth/ok")
    assert auth.last.request.method == method
    assert (answer.status, answer.all("x-core")) == (207, ["yes"])


@pytest.mark.parametrize(
    "path",
    [
        "/api/auth",
        "/api/auth/",
        "/api/auth/ok/",
        "/api/auth//ok",
        "/api/auth/ok//",
        "/api/auth/%6Fk",
        "/api/auth/reset/a%2Fb%20c",
        "/api/auth/caf%C3%A9",
        "/api/auth/100%25",
        "/api/auth/%FF%FE",
        "/api/auth/a%0Ab",
        "/api/auth/a+b;c=d,e:f@g!$&'()*~",
        "/api/auth/../auth/ok",
    ],
)
def test_the_path_stays_undecoded(client: Client, auth: EchoAuth, path: str) -> None:
    client.send("GET", path)
    assert auth.last.request.path == path


def test_bare_bytes_in_a_path_are_percent_encoded(client: Client, auth: EchoAuth) -> None:
    client.send("GET", "/api/auth/" + "é".encode().decode("latin-1"))
    assert auth.last.request.path == "/api/auth/%C3%A9"


def test_without_the_raw_path_the_decoded_one_is_quoted(client: Client, auth: EchoAuth) -> None:
    absent = {"REQUEST_URI": None, "raw_path": None}
    client.send("GET", "/api/auth/caf%C3%A9%20100%25", extra=absent)
    assert auth.last.request.path == "/api/auth/caf%C3%A9%20100%25"


def test_a_raw_path_that_belongs_to_another_path_is_not_believed(
    client: Client, auth: EchoAuth
) -> None:
    stale = {"REQUEST_URI": "/api/auth/sign-out", "raw_path": b"/api/auth/sign-out"}
    client.send("GET", "/api/auth/ok", extra=stale)
    assert auth.last.request.path == "/api/auth/ok"


@pytest.mark.parametrize(
    "query", ["", "a=1&a=2&z", "next=%2Fhome%3Fa%3Db", "q=caf%C3%A9+b", "token=%zz", "a=?b"]
)
def test_the_query_stays_raw(client: Client, auth: EchoAuth, query: str) -> None:
    client.send("GET", f"/api/auth/ok?{query}" if query else "/api/auth/ok")
    assert auth.last.request.query == query
    assert auth.last.request.path == "/api/auth/ok"


def test_bare_bytes_in_a_query_are_percent_encoded(client: Client, auth: EchoAuth) -> None:
    client.send("GET", "/api/auth/ok?name=" + "é".encode().decode("latin-1"))
    assert auth.last.request.query == "name=%C3%A9"


def test_headers_arrive_whole(client: Client, auth: EchoAuth) -> None:
    sent = [
        ("X-Custom", "one"),
        ("X-Custom", "two"),
        ("Cookie", "a=1; b=%22"),
        ("Cookie", "c=3"),
        ("X-Odd", "caf\xe9"),
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    ]
    client.send("POST", "/api/auth/ok", sent, body=b"a=1")
    headers = auth.last.request.headers
    assert headers.get("x-custom") == "one, two"
    assert headers.get("cookie") == "a=1; b=%22; c=3"
    assert headers.get("x-odd") == "caf\xe9"
    assert headers.get("content-type") == "application/x-www-form-urlencoded; charset=utf-8"
    assert headers.get("content-length") == "3"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_scheme_host_and_peer_come_from_the_server(
    client: Client, auth: EchoAuth, scheme: str
) -> None:
    forwarded = [
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9;proto=gopher;host=evil.example"),
    ]
    client.send("GET", "/api/auth/ok", forwarded, scheme=scheme)
    request = auth.last.request
    assert (request.scheme, request.host, request.client) == (
        scheme,
        "app.example.com",
        "192.0.2.7",
    )
    assert request.headers.get("x-forwarded-for") == "203.0.113.9"


def test_an_unknown_peer_is_none(client: Client, auth: EchoAuth) -> None:
    client.send("GET", "/api/auth/ok", client=None)
    assert auth.last.request.client is None


def test_response_headers_go_out_as_pairs_in_order(client: Client, auth: EchoAuth) -> None:
    pairs = (
        ("content-type", "application/json"),
        ("set-cookie", "t=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"),
        ("x-between", "1"),
        ("set-cookie", "t=a%2Fb.c%3D%3D; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/"),
        ("set-cookie", "t=a%2Fb.c%3D%3D; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/"),
    )
    cookies = [pair for pair in pairs if pair[0] == "set-cookie"]
    others = [pair for pair in pairs if pair not in cookies]  # Django has cookies behind the rest
    auth.script.answer = Response(200, pairs, b"{}")
    answer = client.send("GET", "/api/auth/ok")
    sent = [(name.lower(), value) for name, value in answer.headers]
    assert sent in ([*pairs, length := ("content-length", "2")], [*others, length, *cookies])
    assert answer.body == b"{}"


@pytest.mark.parametrize("status", [200, 404, 405, 500])
def test_no_content_type_is_invented(client: Client, auth: EchoAuth, status: int) -> None:
    auth.script.answer = Response(status)
    answer = client.send("GET", "/api/auth/ok")
    assert (answer.status, answer.headers, answer.body) == (status, [("content-length", "0")], b"")


def test_a_redirect_goes_out_verbatim(client: Client, auth: EchoAuth) -> None:
    pairs = (("location", "/next?a=%zz&b={c}"), ("content-type", "application/json"))
    auth.script.answer = Response(302, pairs)
    answer = client.send("GET", "/api/auth/ok")
    assert answer.status == 302
    assert answer.headers == [*pairs, ("content-length", "0")]


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_with_204_and_304(client: Client, auth: EchoAuth, status: int) -> None:
    auth.script.answer = Response(status, (("x-core", "yes"),), b"must not go out")
    answer = client.send("GET", "/api/auth/ok")
    assert (answer.status, answer.headers, answer.body) == (status, [("x-core", "yes")], b"")


def test_head_has_the_headers_of_get_and_no_body(client: Client, auth: EchoAuth) -> None:
    auth.script.answer = Response(200, (("content-type", "application/json"),), b"[1, 2]")
    answer = client.send("HEAD", "/api/auth/.well-known/jwks.json")
    assert answer.headers == [("content-type", "application/json"), ("content-length", "6")]
    assert answer.body == b""


def test_bytes_go_out_untouched(client: Client, auth: EchoAuth) -> None:
    everything = bytes(range(256)) * 40
    auth.script.answer = Response(200, (("content-type", "image/png"),), everything)
    assert client.send("GET", "/api/auth/ok").body == everything


@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("app", [WSGIApp, flask_app])
def test_an_empty_body_is_one_empty_piece(
    auth: EchoAuth, app: Callable[[EchoAuth], Any], method: str, status: int
) -> None:
    """Hypercorn starts a response with its first piece: without one the client gets 500."""
    auth.script.answer = Response(status)
    environ = wsgi_environ(Call(method, "/api/auth/ok"), CountingStream([]))
    assert list(app(auth)(environ, lambda *_: None)) == [b""]
