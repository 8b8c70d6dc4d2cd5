"""Who opens a web socket is somebody only if the page that does so is trusted."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, handle
from watchword import Advanced, APIError, Auth, Headers, Request
from watchword.plugins import Bearer
from watchword.sessions.checked import Checked

EVIL = "https://evil.example"
UPGRADE = {"connection": "Upgrade", "upgrade": "websocket"}


def handshake(browser: Browser, origin: str | None, **more: str) -> Request:
    """As a WSGI server shows it: nothing but headers says what it is."""
    sent = browser.request("GET", "/../../chat")
    headers = {name: text for name, text in sent.headers if name != "origin"} | UPGRADE | more
    if origin is not None:
        headers["origin"] = origin
    return msgspec.structs.replace(sent, path="/chat", headers=Headers.of(headers))


def check(browser: Browser, request: Request, *, renew: bool = True) -> Checked[Any]:
    if browser.kind == "blocking":
        return browser.auth.blocking.check(request.headers, request, renew=renew)

    async def run() -> Checked[Any]:
        try:
            return await browser.auth.check(request.headers, request, renew=renew)
        finally:
            await browser.auth.close()

    return asyncio.run(run())


@pytest.fixture
def ada(make_auth: MakeAuth, kind: str) -> Browser:
    browser = Browser(make_auth(plugins=[Bearer()], trusted_origins=["https://ok.example"]), kind)
    browser.sign_up()
    return browser


@pytest.mark.parametrize("origin", [ORIGIN, "https://ok.example"])
def test_a_page_that_is_trusted_opens_one_as_its_visitor(ada: Browser, origin: str) -> None:
    found = check(ada, handshake(ada, origin))
    assert found.session is not None
    assert found.required().user.email == "ada@example.com"


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        (EVIL, "INVALID_ORIGIN"),
        ("null", "MISSING_OR_NULL_ORIGIN"),
        (None, "MISSING_OR_NULL_ORIGIN"),
        (f"{ORIGIN}.evil.example", "INVALID_ORIGIN"),
        ("http://localhost:3001", "INVALID_ORIGIN"),
        ("http://" + "a" * 60_000, "INVALID_ORIGIN"),
    ],
)
def test_any_other_page_opens_one_as_nobody(ada: Browser, origin: str | None, code: str) -> None:
    found = check(ada, handshake(ada, origin))
    assert found.session is None
    assert found.cookies == ()
    with pytest.raises(APIError) as refused:
        found.required()
    assert (refused.value.status, refused.value.code) == (403, code)


def test_who_was_refused_is_nobody_to_server_side_calls_either(ada: Browser) -> None:
    found = ada.auth.blocking.check(handshake(ada, EVIL).headers, handshake(ada, EVIL))
    with pytest.raises(APIError, match="INVALID_ORIGIN"):
        ada.auth.blocking.api.require_fresh_session(checked=found)


def test_headers_alone_say_that_it_is_one(ada: Browser) -> None:
    headers = handshake(ada, EVIL).headers
    assert ada.auth.blocking.check(headers).refusal is not None
    with pytest.raises(APIError, match="INVALID_ORIGIN"):
        ada.auth.blocking.api.get_session(headers=headers)
    with pytest.raises(APIError, match="INVALID_ORIGIN"):
        ada.auth.blocking.api.get_session(request=handshake(ada, EVIL))
    assert ada.auth.blocking.api.get_session(headers=handshake(ada, ORIGIN).headers) is not None


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket", " WEBSOCKET "])
def test_however_the_header_is_written(ada: Browser, upgrade: str) -> None:
    assert check(ada, handshake(ada, EVIL, upgrade=upgrade)).refusal is not None


def test_the_server_interface_knows_better_than_the_headers(ada: Browser) -> None:
    sent = handshake(ada, EVIL)
    plain = msgspec.structs.replace(sent, websocket=False)
    assert check(ada, plain).session is not None
    # HTTP/2 has no Upgrade (RFC 8441).
    bare = Headers((name, text) for name, text in sent.headers if name not in UPGRADE)
    over_http2 = msgspec.structs.replace(sent, headers=bare, websocket=True)
    assert check(ada, over_http2).refusal is not None


def test_no_cookies_no_check(ada: Browser) -> None:
    """A program, or an application on a device: nothing went along that it did not mean to send."""
    answer = handle(ada.auth, ada.request("GET", "/get-session"))
    assert answer.status == 200
    token = ada.jar["better-auth.session_token"]
    nobody = Browser(ada.auth, ada.kind)
    assert check(ada, handshake(nobody, None)).refusal is None
    found = check(ada, handshake(nobody, None, authorization=f"Bearer {token}"))
    assert found.session is not None
    # A page cannot set that, but with a cookie beside it the page is looked at, as with endpoints.
    both = handshake(ada, EVIL, authorization=f"Bearer {token}")
    assert check(ada, both).refusal is not None


@pytest.mark.parametrize(
    "off", [Advanced(disable_csrf_check=True), Advanced(disable_origin_check=True)]
)
def test_whoever_switches_the_check_of_endpoints_off_has_none_here(
    make_auth: MakeAuth, off: Advanced
) -> None:
    ada = Browser(make_auth(advanced=off))
    ada.sign_up()
    assert check(ada, handshake(ada, EVIL)).session is not None


def test_origins_that_a_function_trusts(make_auth: MakeAuth, kind: str) -> None:
    async def origins(request: Request) -> list[str]:
        return ["https://tenant.example"] if request.path == "/chat" else []

    def auth(production: bool) -> Auth[Any]:
        return make_auth(trusted_origins=origins, production=production)

    ada = Browser(auth(production=False), kind)
    ada.sign_up()
    assert check(ada, handshake(ada, "https://tenant.example")).session is not None
    assert check(ada, handshake(ada, EVIL)).session is None
