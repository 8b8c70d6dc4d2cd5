"""WSGI itself: conformance, mounts, framing."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any
from wsgiref.validate import validator

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.adapters.drivers import WSGIClient
from tests.adapters.echo import EchoAuth
from watchword.adapters.wsgi import WSGIApp
from watchword.http.response import Response

FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def not_found(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("404 Not Found", [])
    return []


@pytest.fixture
def server(auth: EchoAuth) -> WSGIClient:
    return WSGIClient(WSGIApp(auth))


def test_it_conforms_to_pep_3333(auth: EchoAuth) -> None:
    auth.script.answer = Response(200, (("content-type", "application/json"),), b"{}")
    client = WSGIClient(validator(WSGIApp(auth)))
    answer = client.send("POST", "/api/auth/ok?a=1", FORM, body=b"a=1")
    assert (answer.status, answer.body) == (200, b"{}")
    assert auth.last.data == b"a=1"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, "OK"), (404, "Not Found"), (429, "Too Many Requests"), (299, "Unknown")],
)
def test_the_status_line_has_a_reason(
    server: WSGIClient, auth: EchoAuth, status: int, reason: str
) -> None:
    auth.script.answer = Response(status)
    assert server.send("GET", "/api/auth/ok").reason == reason


def test_below_another_mount_the_path_is_whole() -> None:
    auth = EchoAuth("/v1/api/auth")
    app = DispatcherMiddleware(not_found, {"/v1/api/auth": WSGIApp(auth)})
    WSGIClient(app).send("GET", "/v1/api/auth/a%2Fb/")
    assert auth.last.request.path == "/v1/api/auth/a%2Fb/"


@pytest.mark.parametrize("uri", ["/v1/api/auth/a%2Fb", "/api/auth/a%2Fb"])
def test_a_script_name_counts_whether_the_uri_has_it_or_not(uri: str) -> None:
    auth = EchoAuth("/v1/api/auth")
    changed = {"SCRIPT_NAME": "/v1", "PATH_INFO": "/api/auth/a/b", "REQUEST_URI": uri}
    WSGIClient(WSGIApp(auth)).send("GET", "/", extra=changed)
    assert auth.last.request.path == "/v1/api/auth/a%2Fb"


def test_behind_a_proxy_that_strips_a_prefix_the_path_is_whole() -> None:
    auth = EchoAuth("/v1/api/auth")
    app = ProxyFix(WSGIApp(auth), x_for=1, x_proto=1, x_prefix=1)
    headers = [
        ("X-Forwarded-Prefix", "/v1"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
    ]
    WSGIClient(app).send("GET", "/api/auth/a%2Fb", headers)
    request = auth.last.request
    assert request.path == "/v1/api/auth/a%2Fb"
    assert (request.client, request.scheme) == ("203.0.113.9", "https")


@pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
@pytest.mark.parametrize(
    "form", ["/api/auth/a%2Fb?x=1", "https://other.example/api/auth/a%2Fb?x=1"]
)
def test_the_raw_uri_may_be_absolute(
    server: WSGIClient, auth: EchoAuth, name: str, form: str
) -> None:
    server.send("GET", "/api/auth/a%2Fb", extra={"REQUEST_URI": None, name: form})
    assert auth.last.request.path == "/api/auth/a%2Fb"
    assert auth.last.request.host == "app.example.com"


def test_a_header_with_an_underscore_is_no_content_length(
    server: WSGIClient, auth: EchoAuth
) -> None:
    changed = {"HTTP_CONTENT_LENGTH": "999", "HTTP_CONTENT_TYPE": "text/evil", "CONTENT_TYPE": ""}
    server.send("POST", "/api/auth/ok", body=b"a=1", extra=changed)
    headers = auth.last.request.headers
    assert headers.get("content-length") == "3"
    assert headers.get("content-type") is None
    assert auth.last.data == b"a=1"


def test_nothing_is_read_past_the_content_length(server: WSGIClient, auth: EchoAuth) -> None:
    headers = [*FORM, ("Content-Length", "3")]
    answer = server.send("POST", "/api/auth/ok", headers, body=b"a=1GET /next HTTP/1.1")
    assert auth.last.data == b"a=1"
    assert answer.pulled == 3


def test_a_chunked_body_needs_a_server_that_ends_it(server: WSGIClient, auth: EchoAuth) -> None:
    changed = {"wsgi.input_terminated": None}
    answer = server.send("POST", "/api/auth/ok", chunks=[b"a=1"], extra=changed)
    assert (answer.status, answer.pulled) == (411, 0)


def test_two_framings_at_once_are_refused(server: WSGIClient, auth: EchoAuth) -> None:
    answer = server.send("POST", "/api/auth/ok", [("Content-Length", "3")], chunks=[b"a=1"])
    assert (answer.status, answer.pulled) == (400, 0)


@pytest.mark.parametrize("error", [OSError("reset"), ValueError("bad chunk")])
def test_a_stream_that_breaks_is_half_a_body(
    server: WSGIClient, auth: EchoAuth, error: Exception
) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise error

    answer = server.send("POST", "/api/auth/ok", body=b"a=1", extra={"wsgi.input": Broken()})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("scheme", "port", "host"),
    [
        ("http", "8000", "box:8000"),
        ("http", "80", "box"),
        ("https", "443", "box"),
        ("https", "80", "box:80"),
    ],
)
def test_without_a_host_header_the_server_is_the_host(
    server: WSGIClient, auth: EchoAuth, scheme: str, port: str, host: str
) -> None:
    changed = {"HTTP_HOST": None, "SERVER_NAME": "box", "SERVER_PORT": port}
    server.send("GET", "/api/auth/ok", scheme=scheme, extra=changed)
    assert auth.last.request.host == host
