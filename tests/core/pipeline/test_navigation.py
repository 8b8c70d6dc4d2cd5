"""HTML forms that browsers post to the endpoints themselves are answered by redirects."""

from __future__ import annotations

from base64 import b32decode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import Advanced, Auth, Call, EmailAndPassword, Hooks, RateLimit
from watchword.plugin import Plugin, Response, post
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor.totp import totp_code, totp_step

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
UP = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}
IN = {"email": "ada@example.com", "password": "password1234"}
EVIL = "https://evil.example"


class Forms:
    """A browser without scripts."""

    def __init__(self, auth: Auth[Any], kind: str = "blocking", **headers: str) -> None:
        self.browser = Browser(auth, kind)
        self.headers = {"accept": HTML, "sec_fetch_mode": "navigate", **headers}

    def send(self, path: str, *pairs: tuple[str, str], **fields: str) -> Answer:
        data = urlencode([*fields.items(), *pairs]).encode()
        form = {"content-type": "application/x-www-form-urlencoded", **self.headers}
        return self.browser.send("POST", path, data=data, headers=form)

    def sign_up(self, **fields: str) -> Answer:
        return self.send("/sign-up/email", **UP, **fields)

    def sign_in(self, **fields: str) -> Answer:
        return self.send("/sign-in/email", **{**IN, **fields})


def where(answer: Answer) -> tuple[int, str | None]:
    found = [value for name, value in answer.response.headers if name == "location"]
    assert len(found) < 2
    return answer.status, found[0] if found else None


@pytest.fixture
def forms(make_auth: MakeAuth, kind: str) -> Forms:
    return Forms(make_auth(), kind)


def test_somebody_signs_up_out_and_in(forms: Forms) -> None:
    up = forms.sign_up(callbackURL="/welcome")
    assert (where(up), up.response.body) == ((303, "/welcome"), b"")
    assert up.header("cache-control") == "no-store"
    assert forms.browser.session()["user"]["email"] == "ada@example.com"
    assert where(forms.send("/sign-out", callbackURL="/bye")) == (303, "/bye")
    assert forms.browser.session() is None
    assert where(forms.sign_in(callbackURL="/account?a=1#b")) == (303, "/account?a=1#b")
    assert forms.browser.session() is not None


def test_a_refusal_leads_to_its_page_with_the_code(forms: Forms) -> None:
    forms.sign_up(callbackURL="/")
    refused = forms.sign_in(password="wrong-one", callbackURL="/in", errorCallbackURL="/login?a=b")
    assert where(refused) == (303, "/login?a=b&error=INVALID_EMAIL_OR_PASSWORD")
    assert "wrong" not in str(where(refused))
    refused = forms.sign_in(password="wrong-one", callbackURL="/in")
    assert where(refused) == (303, "/in?error=INVALID_EMAIL_OR_PASSWORD")
    refused = forms.send("/sign-up/email", email="nobody", callbackURL="/in")
    assert where(refused) == (303, "/in?error=VALIDATION_ERROR")
    assert refused.cookies == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_mode": "cors"},
        {"sec_fetch_mode": "no-cors"},
        {"sec_fetch_mode": "", "accept": "*/*"},
        {"sec_fetch_mode": "", "accept": "application/json, text/plain, */*"},
        {"sec_fetch_mode": "", "accept": "application/json, text/html"},
        {"sec_fetch_mode": "", "accept": ""},
        {"sec_fetch_mode": "", "accept": "x" * 5000 + ",text/html"},
    ],
)
def test_everybody_else_gets_json(make_auth: MakeAuth, headers: dict[str, str]) -> None:
    forms = Forms(make_auth(), **headers)
    assert forms.sign_up(callbackURL="/").json["user"]["email"] == "ada@example.com"
    assert forms.sign_in(callbackURL="/in").json["url"] == "/in"
    assert forms.sign_in(callbackURL="/in", password="wrong-one").status == 401
    assert forms.send("/sign-out", callbackURL="/bye").code == "UNSUPPORTED_MEDIA_TYPE"


def test_a_form_that_names_no_page_gets_json(forms: Forms) -> None:
    assert forms.sign_up().status == 200
    assert forms.sign_in(rememberMe="on").code == "VALIDATION_ERROR"
    assert forms.send("/sign-out", a="b").code == "UNSUPPORTED_MEDIA_TYPE"


def test_json_gets_json_wherever_it_comes_from(forms: Forms) -> None:
    body = {**UP, "callbackURL": "/in"}
    assert forms.browser.post("/sign-up/email", body, **forms.headers).status == 200


def test_browsers_that_say_nothing_of_navigation_are_told_by_what_they_accept(
    make_auth: MakeAuth,
) -> None:
    forms = Forms(make_auth(), sec_fetch_mode="")
    assert where(forms.sign_up(callbackURL="/in")) == (303, "/in")


@pytest.mark.parametrize(
    "url",
    [
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "/x/..//evil.example",
        "javascript:alert(1)",
        "http://localhost:3000@evil.example",
        "http://localhost:3000\\@evil.example",
        "/\r\nset-cookie: a=b",
        "in",
        "/" + "x" * 10_000,
    ],
)
@pytest.mark.parametrize("name", ["callbackURL", "errorCallbackURL", "twoFactorCallbackURL"])
def test_no_form_leads_elsewhere(make_auth: MakeAuth, name: str, url: str) -> None:
    for advanced in (Advanced(), Advanced(disable_origin_check=True, disable_csrf_check=True)):
        forms = Forms(make_auth(advanced=advanced))
        for path in ("/sign-in/email", "/sign-out"):
            refused = forms.send(path, **{**IN, "callbackURL": "/in", name: url})
            assert (refused.status, refused.header("location")) == (403, None)
            assert refused.code in ("INVALID_CALLBACK_URL", "INVALID_ERROR_CALLBACK_URL")


def test_trusted_sites_may_be_led_to(make_auth: MakeAuth) -> None:
    front = "https://app.example.com"
    forms = Forms(make_auth(trusted_origins=[front]))
    assert where(forms.sign_up(callbackURL=f"{front}/in")) == (303, f"{front}/in")
    refused = forms.sign_in(password="wrong-one", callbackURL="/in", errorCallbackURL=front)
    assert where(refused) == (303, f"{front}/?error=INVALID_EMAIL_OR_PASSWORD")


@pytest.mark.parametrize("off", [False, True])
def test_forms_of_other_sites_change_nothing(make_auth: MakeAuth, off: bool) -> None:
    auth = make_auth(advanced=Advanced(disable_csrf_check=off, disable_origin_check=off))
    forms = Forms(auth)
    forms.sign_up(callbackURL="/")
    forms.browser.origin = EVIL
    assert where(forms.send("/sign-out", callbackURL="/bye")) == (303, "/bye?error=INVALID_ORIGIN")
    forms.browser.origin = ""
    refused = forms.send("/sign-out", callbackURL="/bye")
    assert where(refused) == (303, "/bye?error=MISSING_OR_NULL_ORIGIN")
    assert forms.browser.session() is not None


def test_other_sites_sign_nobody_in_without_a_cookie(make_auth: MakeAuth) -> None:
    auth = make_auth()
    Forms(auth).sign_up(callbackURL="/")
    stranger = Forms(auth, sec_fetch_site="cross-site")
    stranger.browser.origin = EVIL
    code = "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
    refused = stranger.sign_in(callbackURL="/in")
    assert (where(refused), refused.cookies) == ((303, f"/in?error={code}"), ())
    refused = stranger.send("/request-password-reset", email=IN["email"], callbackURL="/in")
    assert where(refused) == (303, "/in?error=INVALID_ORIGIN")


def test_a_page_without_a_referrer_is_of_this_site_if_the_browser_says_so(
    make_auth: MakeAuth,
) -> None:
    forms = Forms(make_auth(), sec_fetch_site="same-origin")
    forms.browser.origin = "null"
    assert where(forms.sign_up(callbackURL="/in")) == (303, "/in")
    assert where(forms.send("/sign-out", callbackURL="/bye")) == (303, "/bye")


def test_switches_are_read_from_texts(forms: Forms) -> None:
    forms.sign_up(callbackURL="/")
    for typed, remembered in (("false", False), ("on", True)):
        lines = forms.sign_in(callbackURL="/", rememberMe=typed).cookies
        (line,) = [one for one in lines if "session_token" in one]
        assert ("Max-Age" in line) is remembered
    behind = forms.send(
        "/sign-in/email", ("rememberMe", "false"), ("rememberMe", "on"), **IN, callbackURL="/"
    )
    assert any("Max-Age=604800" in line for line in behind.cookies)


def test_too_many_forms_lead_to_the_page_of_errors_as_well(make_auth: MakeAuth, kind: str) -> None:
    forms = Forms(make_auth(rate_limit=RateLimit(enabled=True)), kind)
    for _ in range(3):
        forms.sign_in(callbackURL="/in")
    refused = forms.sign_in(callbackURL="/in", errorCallbackURL="/login")
    assert where(refused) == (303, "/login?error=TOO_MANY_REQUESTS&retryAfter=10")
    assert where(forms.sign_in(callbackURL=EVIL)) == (429, None)
    assert where(forms.sign_in()) == (429, None)
    assert Forms(forms.browser.auth, sec_fetch_mode="cors").sign_in(callbackURL="/").status == 429


def test_what_nobody_foresaw_leads_there_too(make_auth: MakeAuth) -> None:
    def broken(call: Call) -> None:
        raise ValueError("a secret")

    forms = Forms(make_auth(hooks=Hooks(before=broken)))
    refused = forms.sign_in(callbackURL="/in")
    assert where(refused) == (303, "/in?error=INTERNAL_SERVER_ERROR")


def test_the_second_factor_is_asked_for_on_its_page(make_auth: MakeAuth, clock: Clock) -> None:
    forms = Forms(make_auth(plugins=[TwoFactor(issuer="Test")]))
    forms.sign_up(callbackURL="/")
    enabled = forms.browser.post("/two-factor/enable", {"password": UP["password"]})
    secret = parse_qs(urlsplit(enabled.json["totpURI"]).query)["secret"][0]
    key = b32decode(secret + "=" * (-len(secret) % 8))

    def code() -> str:
        return totp_code(key, totp_step(clock(), 30), 6)

    done = forms.send("/two-factor/verify-totp", code=code(), callbackURL="/in")
    assert where(done) == (303, "/in")
    forms.send("/sign-out", callbackURL="/")
    asked = "twoFactorRedirect=true&twoFactorMethods=totp"
    assert where(forms.sign_in(callbackURL="/in?a=1")) == (303, f"/in?a=1&{asked}")
    went = forms.sign_in(callbackURL="/in", twoFactorCallbackURL="/code")
    assert where(went) == (303, f"/code?{asked}")
    assert forms.browser.session() is None
    wrong = forms.send("/two-factor/verify-totp", code="000000", callbackURL="/code")
    assert where(wrong) == (303, "/code?error=INVALID_CODE")
    clock.forward(60)
    fields = {"code": code(), "trustDevice": "on", "callbackURL": "/in"}
    right = forms.send("/two-factor/verify-totp", **fields)
    assert where(right) == (303, "/in")
    assert forms.browser.session() is not None


def test_a_body_beyond_the_limit_is_refused(make_auth: MakeAuth) -> None:
    forms = Forms(make_auth(advanced=Advanced(body_limit=1000)))
    assert forms.sign_in(callbackURL="/in", email="a" * 2000).status == 413
    wide = forms.send("/sign-in/email", *[("a", "b")] * 200, callbackURL="/in")
    assert wide.status in (303, 413)


def test_sign_ups_that_are_switched_off_are_so_for_forms(make_auth: MakeAuth) -> None:
    off = EmailAndPassword(enabled=True, disable_sign_up=True, argon2_cost=FAST)
    forms = Forms(make_auth(email_and_password=off))
    assert where(forms.sign_up(callbackURL="/in")) == (
        303,
        "/in?error=EMAIL_PASSWORD_SIGN_UP_DISABLED",
    )


class Page(Plugin):
    """A page that answers its own forms."""

    id = "page"

    @post("/page", form=True, page=True)
    async def page(self, call: Call) -> Response:
        """The form was sent."""
        return Response(200, body=str(dict(call.fields)).encode())


def test_pages_of_plugins_answer_their_own_forms(make_auth: MakeAuth) -> None:
    forms = Forms(make_auth(plugins=[Page()]))
    answer = forms.send("/page", callbackURL="/in", a="b")
    assert (where(answer), answer.response.body) == (
        (200, None),
        b"{'callbackURL': '/in', 'a': 'b'}",
    )


def test_a_function_of_trusted_origins_that_fails_leads_nowhere(make_auth: MakeAuth) -> None:
    def origins(request: object) -> list[str]:
        if request is not None:
            raise ValueError("a secret")
        return []

    forms = Forms(make_auth(trusted_origins=origins, rate_limit=RateLimit(enabled=True)))
    answers = [where(forms.sign_in(callbackURL="https://elsewhere.example")) for _ in range(4)]
    assert answers == [*[(500, None)] * 3, (429, None)]
    assert where(forms.sign_in(callbackURL="/in"))[0] == 303
