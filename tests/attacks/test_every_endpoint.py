"""What must hold for each endpoint alike, whatever it is for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Answer, Browser, handle
from tests.support.plugins import every_plugin
from watchword import (
    Auth,
    BytesBody,
    ChangeEmail,
    DeleteUser,
    EmailVerification,
    Headers,
    Mail,
    PasswordReset,
    Request,
    SessionOptions,
)

PAGES = "/pages"
"""Below it refusals are pages."""
FORMS = ("/sign-in/email", "/sign-up/email", "/callback/x", "/device/code", "/device/token")


def everything(make_auth: MakeAuth, outbox: list[Mail]) -> Auth[Any]:
    """A server on which every endpoint of core and plugins does its work."""

    def send(mail: Any, request: Request | None) -> None:
        outbox.append(mail)

    return make_auth(
        email_verification=EmailVerification(send_verification_email=send, answer_after=0),
        password_reset=PasswordReset(send_reset_password=send),
        change_email=ChangeEmail(enabled=True),
        delete_user=DeleteUser(enabled=True),
        session=SessionOptions(defer_refresh=True),
        plugins=every_plugin(send),
    )


@pytest.fixture
def outbox() -> list[Mail]:
    return []


@pytest.fixture
def ada(make_auth: MakeAuth, outbox: list[Mail]) -> Browser:
    """Signed in, on a server with everything switched on."""
    browser = Browser(everything(make_auth, outbox))
    assert browser.sign_up().status == 200
    browser.auth.blocking.close()
    outbox.clear()
    return browser


def endpoints(auth: Auth[Any], method: str, *, server_only: bool = False) -> list[str]:
    """Paths of the endpoints that answer to a method."""
    found = [
        endpoint.path.replace(":token", "x").replace(":id", "x")
        for endpoint in auth.endpoints.values()
        if method in endpoint.methods and endpoint.traits.server_only == server_only
    ]
    assert found
    return found


BODY = {
    "email": "ada@example.com",
    "password": "password1234",
    "newPassword": "another-horse",
    "currentPassword": "password1234",
    "newEmail": "eve@example.com",
    "name": "Eve",
    "token": "x",
    "providerId": "credential",
}


def state(browser: Browser) -> tuple[Any, ...]:
    """All that a refused request might have changed for who is signed in."""
    sessions = browser.get("/list-sessions").json
    return browser.session(), sessions, browser.get("/list-accounts").json


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
        ({"origin": "", "referer": "https://evil.example/page"}, "INVALID_ORIGIN"),
        ({"origin": ""}, "MISSING_OR_NULL_ORIGIN"),
        ({"origin": "null"}, "MISSING_OR_NULL_ORIGIN"),
        ({"origin": "https://evil.example", "authorization": "Bearer x"}, "INVALID_ORIGIN"),
        ({"origin": "https://evil.example", "x_forwarded_host": "evil.example"}, "INVALID_ORIGIN"),
    ],
)
def test_o1_o5_no_endpoint_changes_anything_for_another_site(
    ada: Browser, outbox: list[Mail], headers: dict[str, str], code: str
) -> None:
    before = state(ada)
    for path in endpoints(ada.auth, "POST"):
        answer = ada.post(path, BODY, **headers)
        assert (answer.status, answer.cookies) == (403, ()), path
        assert path.startswith(PAGES) or answer.code == code, path
    assert state(ada) == before
    ada.auth.blocking.close()
    assert outbox == []


def test_o5_two_origins_in_one_request_are_refused(ada: Browser) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    for origins in ([ORIGIN, "https://evil.example"], ["https://evil.example", ORIGIN]):
        headers = [("content-type", "application/json"), ("cookie", cookie)]
        headers += [("origin", origin) for origin in origins]
        for path in endpoints(ada.auth, "POST"):
            request = Request(
                method="POST",
                path=f"/api/auth{path}",
                host="localhost:3000",
                headers=Headers(headers),
                body=BytesBody(b"{}"),
            )
            assert handle(ada.auth, request).status == 403, path


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/xml",
        "",
    ],
)
def test_o8_no_endpoint_reads_a_body_that_a_foreign_form_can_send(ada: Browser, kind: str) -> None:
    before = state(ada)
    for path in endpoints(ada.auth, "POST"):
        reads_forms = path in FORMS or path.startswith(PAGES)
        if kind == "application/x-www-form-urlencoded" and reads_forms:
            continue
        answer = ada.send("POST", path, data=b'{"token":"x"}', headers={"content-type": kind})
        assert answer.status == 415, path
        assert path.startswith(PAGES) or answer.code == "UNSUPPORTED_MEDIA_TYPE", path
    assert state(ada) == before


def test_o9_nothing_is_done_by_get_or_by_a_method_in_disguise(ada: Browser) -> None:
    before = state(ada)
    readable = set(endpoints(ada.auth, "GET"))
    for path in set(endpoints(ada.auth, "POST")) - readable:
        for answer in (
            ada.get(path, BODY),
            ada.get(path, {"_method": "POST", **BODY}),
            ada.get(path, x_http_method_override="POST", x_method_override="POST"),
            ada.send("HEAD", path),
            ada.send("PUT", path, data=b"{}", headers={"content-type": "application/json"}),
        ):
            assert (answer.status, answer.cookies) == (404, ()), path
    assert state(ada) == before


def test_g7_no_endpoint_for_servers_has_a_route(ada: Browser) -> None:
    paths = endpoints(ada.auth, "POST", server_only=True)
    assert "/set-password" in paths
    for path in paths:
        for answer in (ada.post(path, BODY), ada.get(path, BODY), ada.send("PUT", path)):
            assert (answer.status, answer.response.body) == (404, b""), path


ODD_BODIES = ["null", "5", '"text"', "true", "[]", "[{}]", '{"": ""}', '{"token": {"$ne": null}}']
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("body", ODD_BODIES)
def test_g1_no_endpoint_fails_on_a_body_of_an_odd_shape(ada: Browser, body: str) -> None:
    cookies = dict(ada.jar)
    for path in endpoints(ada.auth, "POST"):
        for jar in (cookies, {}):
            ada.jar = dict(jar)
            answer = ada.send("POST", path, data=body.encode(), headers=JSON)
            assert answer.status < 500, path


@pytest.mark.parametrize("value", [5, True, [], ["x"], {}, {"a": 1}, 1e300, None], ids=str)
def test_i1_no_text_field_of_any_endpoint_takes_anything_else(ada: Browser, value: Any) -> None:
    before = state(ada)
    tried = 0
    for endpoint in ada.auth.endpoints.values():
        if "POST" not in endpoint.methods or endpoint.traits.server_only or not endpoint.input:
            continue
        for field in msgspec.structs.fields(endpoint.input):
            kinds = getattr(field.type, "__args__", (field.type,))
            if not set(kinds) <= {str, type(None)} or type(value) in kinds:
                continue
            tried += 1
            answer = ada.post(endpoint.path, {**BODY, field.encode_name: value})
            assert answer.status == 400, (endpoint.path, field.encode_name)
            assert answer.cookies == ()
    assert tried > 15
    assert state(ada) == before


def test_s10_nothing_that_an_endpoint_says_may_be_stored(ada: Browser) -> None:
    ok: set[str] = set()
    for path in endpoints(ada.auth, "GET"):
        answer = ada.get(path, {"token": "x", "callbackURL": "/"})
        assert "no-store" in (answer.header("cache-control") or ""), path
        ok |= {path} if answer.status == 200 else set()
    assert {"/get-session", "/list-sessions", "/list-accounts"} <= ok
    for path in endpoints(ada.auth, "POST"):
        refused: Answer = Browser(ada.auth).post(path, BODY)
        assert "no-store" in (refused.header("cache-control") or ""), path
