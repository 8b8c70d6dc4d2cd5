"""`auth.api.<endpoint>(..., request=...)`: a call on behalf of a browser is checked as its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from watchword import (
    APIError,
    Auth,
    Call,
    DynamicBaseURL,
    Headers,
    Mail,
    PasswordReset,
    Plugin,
    RateLimit,
    Request,
    RequestPasswordReset,
    Response,
    SignInEmail,
)
from watchword.pipeline.rate_limit import TooManyRequests
from watchword.plugin import on_request
from watchword.plugins import OneTimeToken
from watchword.records import Session

ADA = SignInEmail(email="ada@example.com", password="password1234")


def page(**headers: str) -> Request:
    """What the browser sent to a page of the application: a form, posted somewhere else."""
    given = {
        "host": "localhost:3000",
        "origin": ORIGIN,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": "1000000000",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Request(
        method="POST",
        path="/pages/login",
        query="disableRefresh=1&callbackURL=https://evil.example",
        host="localhost:3000",
        headers=Headers((name, value) for name, value in given.items() if value),
        client="192.0.2.7",
    )


def call(auth: Auth[Any], kind: str, name: str, *given: Any, **options: Any) -> Any:
    """Call an endpoint in one of the two worlds."""
    if kind == "blocking":
        return getattr(auth.blocking.api, name)(*given, **options)

    async def run() -> Any:
        try:
            return await getattr(auth.api, name)(*given, **options)
        finally:
            await auth.close()

    return asyncio.run(run())


def refused(work: Callable[[], object]) -> APIError:
    with pytest.raises(APIError) as raised:
        work()
    return raised.value


def test_l1_too_many_calls_are_a_429_with_the_time_to_wait(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(rate_limit=RateLimit(enabled=True))
    Browser(auth).sign_up()
    for _ in range(3):
        assert call(auth, kind, "sign_in_email", ADA, request=page()).token
    error = refused(lambda: call(auth, kind, "sign_in_email", ADA, request=page()))
    assert isinstance(error, TooManyRequests)
    assert (error.status, error.retry_after) == (429, 10)
    answer = call(auth, kind, "sign_in_email", ADA, request=page(), as_response=True)
    assert (answer.status, answer.header("x-retry-after")) == (429, "10")
    assert call(auth, kind, "sign_in_email", ADA, headers=page().headers).token


def test_o1_the_origin_is_that_of_the_page(make_auth: MakeAuth, kind: str) -> None:
    ada = Browser(make_auth(), kind)
    ada.sign_up()
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    sign_out = partial(call, ada.auth, kind, "sign_out")
    for origin, code in (("https://evil.example", "INVALID"), ("", "MISSING_OR_NULL")):
        error = refused(partial(sign_out, request=page(origin=origin, cookie=cookie)))
        assert (error.status, error.code) == (403, f"{code}_ORIGIN")
    assert ada.session() is not None
    assert call(ada.auth, kind, "sign_out", request=page(cookie=cookie)).success
    assert ada.session() is None


def test_r1_urls_are_checked(make_auth: MakeAuth, kind: str) -> None:
    sent: list[Mail] = []
    reset = PasswordReset(send_reset_password=lambda mail, request: sent.append(mail))
    auth = make_auth(password_reset=reset)
    asked = RequestPasswordReset(email="ada@example.com", redirect_to="https://evil.example")
    name = "request_password_reset"
    error = refused(lambda: call(auth, kind, name, asked, request=page()))
    assert (error.status, error.code) == (403, "INVALID_REDIRECT_URL")
    assert call(auth, kind, name, asked).status


def test_the_pages_own_query_and_body_are_not_the_endpoints(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth()
    Browser(auth).sign_up()
    assert call(auth, kind, "sign_in_email", ADA, request=page()).token
    assert call(auth, kind, "get_session", request=page()) is None


def test_headers_may_be_given_beside_the_request(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth()
    Browser(auth).sign_up()
    headers = {"origin": ORIGIN, "x-forwarded-for": "192.0.2.9", "user-agent": "Lynx"}
    done = call(auth, kind, "sign_in_email", ADA, request=page(), headers=headers)
    made = sessions_of_ada(auth)[done.token]
    assert (made.ip_address, made.user_agent) == ("192.0.2.9", "Lynx")


def sessions_of_ada(auth: Auth[Any]) -> dict[str, Session]:
    """All of them by token, as a further one sees them."""
    made = auth.blocking.api.sign_in_email(ADA, return_headers=True)
    headers = {"cookie": made.cookies[0].partition(";")[0]}
    return {one.token: one for one in auth.blocking.api.list_sessions(headers=headers)}


def test_tokens_that_only_the_server_may_make_are_not_made_for_browsers(
    make_auth: MakeAuth, kind: str
) -> None:
    auth = make_auth(plugins=[OneTimeToken(disable_client_request=True)])
    ada = Browser(auth, kind)
    ada.sign_up()
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    name = "generate_one_time_token"
    error = refused(lambda: call(auth, kind, name, request=page(cookie=cookie)))
    assert error.message == "Client requests are disabled"
    assert call(auth, kind, name, headers={"cookie": cookie}).token


def test_a_host_that_is_not_served_is_a_400(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(base_url=DynamicBaseURL(allowed_hosts=["app.example.com"]))
    error = refused(lambda: call(auth, kind, "sign_in_email", ADA, request=page()))
    assert error.status == 400


@dataclass(frozen=True, kw_only=True)
class Captcha(Plugin):
    """Refuses sign-ins of robots, as a plugin does it before routing."""

    id: ClassVar[str] = "captcha"

    @on_request()
    async def look(self, call: Call) -> object:
        if call.path != "/sign-in/email" or call.headers.get("x-captcha") == "human":
            return None
        json = (("content-type", "application/json"),)
        return Response(400, json, b'{"code": "ROBOT", "who": "you"}')


def test_hooks_around_requests_have_their_say(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[Captcha()])
    Browser(auth).sign_up()
    error = refused(lambda: call(auth, kind, "sign_in_email", ADA, request=page()))
    assert (error.status, error.code, error.extra) == (400, "ROBOT", {"who": "you"})
    assert call(auth, kind, "sign_in_email", ADA, request=page(x_captcha="human")).token
    assert call(auth, kind, "sign_in_email", ADA).token
