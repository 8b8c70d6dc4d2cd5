"""W11: what only looks like a host is an unknown one, not a fault of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.core.conftest import MakeAuth
from watchword import Advanced, DynamicBaseURL
from watchword.adapters.asgi import ASGIApp
from watchword.adapters.wsgi import WSGIApp
from watchword.http.headers import Headers
from watchword.http.request import Request

CLIENTS: list[Callable[[Any], Client]] = [
    lambda auth: ASGIClient(ASGIApp(auth)),
    lambda auth: WSGIClient(WSGIApp(auth)),
]
ODD = [
    "localhost:99999",
    "300.1.1.1",
    "1.2.3.4.5",
    "1.2.3.256",
    "0.0.0.09",
    "a.0x",
    "[::::]",
    "[::1]:70000",
]
ANYWHERE = DynamicBaseURL(allowed_hosts=["*", "*:*"])
FALLBACK = DynamicBaseURL(allowed_hosts=["*:*", "*"], fallback="https://app.example.com")


@pytest.fixture(params=CLIENTS, ids=["asgi", "wsgi"])
def client_of(request: pytest.FixtureRequest) -> Callable[[Any], Client]:
    return request.param


def forwarded(host: str) -> list[tuple[str, str]]:
    return [("x-forwarded-host", host), ("x-forwarded-proto", "https")]


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("base_url", [None, ANYWHERE], ids=["any host", "allowed hosts"])
def test_it_is_400(
    make_auth: MakeAuth, client_of: Callable[[Any], Client], base_url: Any, host: str
) -> None:
    auth = make_auth(base_url=base_url, advanced=Advanced(trusted_proxy_headers=True))
    client = client_of(auth)
    assert client.send("GET", "/api/auth/ok", forwarded(host)).status == 400
    assert client.send("GET", "/api/auth/ok").status == 200


@pytest.mark.parametrize("host", ODD)
def test_the_fallback_stands_in(
    make_auth: MakeAuth, client_of: Callable[[Any], Client], host: str
) -> None:
    auth = make_auth(base_url=FALLBACK, advanced=Advanced(trusted_proxy_headers=True))
    assert client_of(auth).send("GET", "/api/auth/ok", forwarded(host)).status == 200


@pytest.mark.parametrize("host", ODD)
def test_pages_of_the_application_see_nobody(make_auth: MakeAuth, host: str) -> None:
    auth = make_auth(base_url=None)
    request = Request(method="GET", path="/", host=host, headers=Headers([("host", host)]))
    assert auth.blocking.check(request.headers, request).session is None
    assert auth.blocking.api.get_session(headers=request.headers) is None
