"""`auth.submit`: an endpoint run for the browser whose form a page of the application answers."""

from __future__ import annotations

import asyncio
from base64 import b32decode
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import (
    Auth,
    DynamicBaseURL,
    EmailVerification,
    Headers,
    Mail,
    RateLimit,
    Request,
    SignInEmail,
    Submitted,
)
from watchword.http.headers import EMPTY
from watchword.plugin import Call, Plugin, Response, get, on_request, on_response, post
from watchword.plugins import I18n, TwoFactor, Username
from watchword.plugins.two_factor.totp import totp_code, totp_step

PASSWORD = "password1234"
ADA = {"email": "ada@example.com", "password": PASSWORD}


def key_in(uri: str) -> bytes:
    """What an authenticator app reads."""
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    return b32decode(secret + "=" * (-len(secret) % 8))


class Visitor:
    """A browser with a page of the application: what it types goes through `auth.submit`."""

    def __init__(self, auth: Auth[Any], kind: str, **headers: str) -> None:
        self.auth = auth
        self.kind = kind
        self.browser = Browser(auth, kind)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def page(self, method: str = "POST") -> Request:
        """What the browser sent to the page: a form, posted somewhere else."""
        made = self.browser.request(method, "/x")
        given = {
            "content-type": "multipart/form-data; boundary=x",
            "content-length": "1000000000",
            "user-agent": "Lynx/2.9",
            **self.headers,
        }
        headers = made.headers
        for name, value in given.items():
            headers = headers.replacing(name, value) if value else headers.without(name)
        return Request(
            method=method,
            path="/pages/login",
            query="disableRefresh=1&callbackURL=https://evil.example",
            host="localhost:3000",
            headers=headers,
            client="203.0.113.7",
        )

    def submit(
        self, name: str, data: Any = None, *, method: str = "POST", **options: Any
    ) -> Submitted[Any]:
        page, data = self.page(method), {} if data is None else data
        if self.kind == "blocking":
            done = self.auth.blocking.submit(name, page, data, **options)
        else:
            done = self._run(self.auth.submit(name, page, data, **options))
        self.browser.keep(done.cookies)
        return done

    def sign_in(self, data: Any) -> Submitted[Any]:
        """By the endpoint's own function."""
        if self.kind == "blocking":
            return self.auth.blocking.api.sign_in_email.submit(self.page(), data)
        return self._run(self.auth.api.sign_in_email.submit(self.page(), data))

    def _run(self, work: Coroutine[Any, Any, Submitted[Any]]) -> Submitted[Any]:
        async def run() -> Submitted[Any]:
            try:
                return await work
            finally:
                await self.auth.close()

        return asyncio.run(run())


@pytest.fixture
def visitor(make_auth: MakeAuth, kind: str) -> Visitor:
    return Visitor(make_auth(), kind)


def signed_up(visitor: Visitor, **fields: str) -> Submitted[Any]:
    return visitor.submit("sign_up_email", {"name": "Ada", **ADA, **fields})


def test_a_form_signs_up_in_and_out(visitor: Visitor) -> None:
    up = signed_up(visitor)
    assert (up.ok, up.status) == (True, 200)
    assert up.value is not None
    assert up.value.user.email == "ada@example.com"
    assert visitor.browser.session()["user"]["name"] == "Ada"
    assert visitor.submit("sign_out").ok
    assert visitor.browser.session() is None
    done = visitor.submit("sign_in_email", ADA)
    assert done.ok
    assert not done.second_factor
    assert done.errors == {}
    session = visitor.browser.session()["session"]
    assert (session["ipAddress"], session["userAgent"]) == ("203.0.113.7", "Lynx/2.9")


def test_a_refusal_is_a_value_with_its_field_and_no_cookie(visitor: Visitor) -> None:
    signed_up(visitor)
    visitor.submit("sign_out")
    refused = visitor.submit("sign_in_email", {**ADA, "password": "wrong-password"})
    assert (refused.ok, refused.status) == (False, 401)
    assert refused.code == "INVALID_EMAIL_OR_PASSWORD"
    assert refused.errors == {"password": refused.message}
    assert refused.error == ""
    assert refused.value is None
    assert refused.cookies == ()


def test_every_wrong_field_has_its_sentence(visitor: Visitor) -> None:
    refused = visitor.submit("sign_up_email", {"email": "nobody", "password": ""})
    assert refused.code == "VALIDATION_ERROR"
    assert refused.errors == {
        "name": "This is missing",
        "email": "This is not an e-mail address",
        "password": "This must not be empty",
    }


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"password": "short"}, {"password": "The password is too short: at least 8 characters"}),
        ({"email": "ada@example.com"}, {"email": "There is an account with this address"}),
    ],
)
def test_codes_know_their_field(
    visitor: Visitor, fields: Mapping[str, str], errors: Mapping[str, str]
) -> None:
    signed_up(visitor)
    visitor.submit("sign_out")
    typed = {"name": "Ada", "email": "eve@example.com", "password": PASSWORD, **fields}
    assert visitor.submit("sign_up_email", typed).errors == errors


def test_what_was_typed_comes_back_but_for_secrets(visitor: Visitor) -> None:
    typed = {"name": "<b>", "email": "nobody", "password": "s3cret-enough", "rememberMe": "on"}
    refused = visitor.submit("sign_up_email", {**typed, "csrf_token": "x", "next": "/y"})
    assert refused.given == {"name": "<b>", "email": "nobody", "rememberMe": "on"}
    assert "s3cret-enough" not in repr(refused) + str(refused.given)


def test_what_is_endless_does_not_come_back(visitor: Visitor) -> None:
    refused = visitor.submit("sign_in_email", {"email": "a" * 1_000_000, "password": "x"})
    assert refused.errors == {"email": "This is too long: at most 255"}
    assert refused.given == {}


def test_a_body_beyond_the_limit_is_refused(visitor: Visitor) -> None:
    limit = visitor.auth.body_limit
    refused = visitor.submit("sign_in_email", {"email": "a" * limit, "password": "x"})
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("typed", "remembered"),
    [
        (["false"], False),
        (["false", "on"], True),
        ("off", False),
        ("", False),
        ("true", True),
        (True, True),
        (None, True),
    ],
)
def test_switches_are_read_from_texts(visitor: Visitor, typed: Any, remembered: bool) -> None:
    signed_up(visitor)
    data = dict(ADA) if typed is None else {**ADA, "rememberMe": typed}
    done = visitor.submit("sign_in_email", data)
    (line,) = [one for one in done.cookies if "session_token" in one]
    assert ("Max-Age" in line) is remembered


def test_a_switch_that_is_none_is_refused(visitor: Visitor) -> None:
    refused = visitor.submit("sign_in_email", {**ADA, "rememberMe": "perhaps"})
    assert refused.errors == {"rememberMe": "This must be yes or no"}


def test_an_empty_text_clears_what_may_be_nothing(visitor: Visitor) -> None:
    signed_up(visitor, image="https://example.com/a.png")
    assert visitor.submit("update_user", {"name": "Ada L.", "image": ""}).ok
    user = visitor.browser.session()["user"]
    assert (user["name"], user["image"]) == ("Ada L.", None)


def test_typed_input_is_taken_as_well(visitor: Visitor) -> None:
    signed_up(visitor)
    assert visitor.submit("sign_in_email", SignInEmail(email=ADA["email"], password=PASSWORD)).ok


def test_a_form_of_another_site_is_refused_with_and_without_cookies(
    make_auth: MakeAuth, kind: str
) -> None:
    auth = make_auth()
    signed_up(Visitor(auth, kind))
    evil = {"origin": "https://evil.example"}
    fetched = {**evil, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answers = [
        Visitor(auth, kind, **evil).submit("sign_in_email", ADA),
        Visitor(auth, kind, **evil, cookie="a=b").submit("sign_in_email", ADA),
        Visitor(auth, kind, origin="", cookie="a=b").submit("sign_in_email", ADA),
        Visitor(auth, kind, **fetched).submit("sign_in_email", ADA),
    ]
    assert [(one.status, one.ok, one.cookies) for one in answers] == [(403, False, ())] * 4
    assert all(one.errors == {"": one.message} and one.error for one in answers)


def test_forms_and_the_endpoint_are_counted_together(make_auth: MakeAuth, kind: str) -> None:
    visitor = Visitor(make_auth(rate_limit=RateLimit(enabled=True)), kind)
    wrong = {**ADA, "password": "wrong-password"}
    assert visitor.browser.sign_in().status == 401
    assert [visitor.submit("sign_in_email", wrong).status for _ in range(3)] == [401, 401, 429]
    refused = visitor.submit("sign_in_email", ADA)
    assert refused.retry_after is not None
    assert 0 < refused.retry_after <= 10
    assert refused.error == "Too many requests. Please try again later."


def test_a_disabled_endpoint_is_disabled_for_forms(make_auth: MakeAuth, kind: str) -> None:
    visitor = Visitor(make_auth(disabled_paths=["/sign-in/email"]), kind)
    refused = visitor.submit("sign_in_email", ADA)
    assert (refused.status, refused.code, refused.error) == (404, "", "Not Found")


def test_an_unknown_host_is_refused(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(base_url=DynamicBaseURL(allowed_hosts=["example.com"]))
    refused = Visitor(auth, kind).submit("sign_in_email", ADA)
    assert (refused.status, refused.ok) == (400, False)


def test_a_page_that_is_only_looked_at_changes_nothing(visitor: Visitor) -> None:
    signed_up(visitor)
    for method in ("GET", "HEAD"):
        with pytest.raises(RuntimeError, match="sign_out changes something"):
            visitor.submit("sign_out", method=method)
    assert visitor.browser.session() is not None


@pytest.mark.parametrize("name", ["sign_in", "require_fresh_session"])
def test_what_is_not_reached_over_http_is_no_endpoint_of_forms(visitor: Visitor, name: str) -> None:
    with pytest.raises(LookupError, match=name):
        visitor.submit(name)


def test_a_mailed_link_is_redeemed_for_a_page_but_not_ahead_of_the_click(
    make_auth: MakeAuth, kind: str
) -> None:
    mails: list[Mail] = []
    mailing = EmailVerification(
        send_verification_email=lambda mail, _: mails.append(mail), send_on_sign_up=True
    )
    auth = make_auth(email_verification=mailing)
    visitor = Visitor(auth, kind)
    signed_up(visitor)
    auth.blocking.close()  # the mail has gone out
    token = {"token": mails[0].token}
    ahead = Visitor(auth, kind, sec_purpose="prefetch").submit("verify_email", token, method="GET")
    assert (ahead.status, ahead.ok) == (503, False)
    assert visitor.submit("verify_email", token, method="HEAD").status == 503
    assert visitor.submit("verify_email", token, method="GET").ok
    assert visitor.browser.session()["user"]["emailVerified"] is True


def test_path_parameters_are_values_and_redirects_are_told(make_auth: MakeAuth, kind: str) -> None:
    visitor = Visitor(make_auth(), kind)
    gone = visitor.submit(
        "request_password_reset_callback",
        {"callbackURL": "/new"},
        params={"token": "a/../b"},
        method="GET",
    )
    assert (gone.ok, gone.status, gone.value) == (True, 302, None)
    assert gone.url is not None
    assert gone.url.startswith("http://localhost:3000/new?error=")


def test_codes_are_asked_for_and_given(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[TwoFactor(issuer="Test")])
    visitor = Visitor(auth, kind)
    signed_up(visitor)
    begun = visitor.submit("enable_two_factor", {"password": PASSWORD})
    assert begun.value is not None
    step = totp_step(auth.config.options.clock(), 30)
    code = totp_code(key_in(begun.value.totp_uri), step, 6)
    assert visitor.submit("verify_totp", {"code": code}).ok
    visitor.submit("sign_out")
    asked = visitor.submit("sign_in_email", ADA)
    assert asked.ok
    assert asked.second_factor
    assert asked.second_factor_methods == ("totp",)
    assert visitor.browser.session() is None
    wrong = visitor.submit("verify_totp", {"code": "000000"})
    assert wrong.errors == {"code": wrong.message}
    assert "code" not in wrong.given


def test_functions_of_the_api_submit_as_well(visitor: Visitor) -> None:
    signed_up(visitor)
    visitor.submit("sign_out")
    for data in (ADA, SignInEmail(email=ADA["email"], password=PASSWORD)):
        done = visitor.sign_in(data)
        assert done.ok
        assert any("session_token" in line for line in done.cookies)
    assert visitor.sign_in({**ADA, "password": "wrong-one"}).status == 401


def test_words_are_those_of_the_readers_language(make_auth: MakeAuth, kind: str) -> None:
    visitor = Visitor(make_auth(plugins=[I18n(), Username()]), kind, accept_language="de")
    refused = visitor.submit("sign_in_username", {"username": "ada", "password": "wrong"})
    assert refused.errors == {"password": refused.message}
    assert refused.message != "The username or the password is wrong"
    refused = visitor.submit("sign_up_email", {"email": "nobody"})
    assert set(refused.errors) == {"name", "email", "password"}
    assert set(refused.errors.values()) == {refused.message}


class Pages(Plugin):
    """Pages of a plugin, which run endpoints for the browser that looks at them."""

    id = "pages"

    @post("/pages/sign-in", form=True)
    async def sign_in_page(self, call: Call) -> str:
        """The form was sent."""
        done = await call.submit("sign_in_email", call.fields)
        found: Any = (await call.submit("list_sessions")).value if done.ok else []
        return str(len(found))

    @get("/pages/sign-out")
    async def sign_out_page(self, call: Call) -> str:
        """The page was looked at."""
        await call.submit("sign_out")
        return "out"


def test_pages_of_plugins_run_endpoints_for_their_browser(make_auth: MakeAuth, kind: str) -> None:
    auth = make_auth(plugins=[Pages()])
    browser = Browser(auth, kind)
    browser.sign_up()
    browser.post("/sign-out")
    answer = browser.post("/pages/sign-in", ADA)
    assert answer.response.body == b"1"
    assert browser.session()["user"]["email"] == "ada@example.com"
    assert browser.get("/pages/sign-out").status == 500
    assert browser.session() is not None


class Watching(Plugin):
    """Notes what hooks see."""

    id = "watching"
    seen: ClassVar[list[str]] = []

    @on_request()
    async def note(self, call: Call) -> None:
        assert call.request is not None
        self.seen.append(f"{call.request.method} {call.request.path} {call.request.client}")

    @on_response()
    async def answer(self, call: Call) -> Response | None:
        assert call.outgoing is not None
        return call.outgoing.with_headers(("set-auth-token", "abc"))


def test_hooks_see_the_request_of_the_endpoint_and_headers_come_along(
    make_auth: MakeAuth, kind: str
) -> None:
    visitor = Visitor(make_auth(plugins=[Watching()]), kind)
    Watching.seen.clear()
    done = signed_up(visitor)
    assert Watching.seen == ["POST /api/auth/sign-up/email 203.0.113.7"]
    assert ("set-auth-token", "abc") in done.headers
    assert not {"set-cookie", "content-type"} & {name for name, _ in done.headers}


def test_a_form_that_nobody_sent_has_nothing_to_show() -> None:
    nothing = Submitted[Any]()
    assert not nothing.ok
    assert not nothing.error
    assert not nothing.errors
    assert not nothing.given


def test_cookies_that_a_response_set_are_those_of_the_next_request() -> None:
    sent = Headers([("cookie", "a=1; b=2; a=3"), ("x", "y")])
    lines = ["a=4; Path=/", "c=5; Max-Age=60", "b=; Max-Age=0; Path=/"]
    assert sent.after_cookies(lines).get("cookie") == "a=4; c=5"
    assert sent.after_cookies(["a=; Max-Age=0", "b=; max-age=0"]).get("cookie") is None
    assert EMPTY.after_cookies(["a=1"]).get("cookie") == "a=1"
