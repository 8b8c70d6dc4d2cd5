"""Captchas: whoever a provider does not take for a person does not get in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.vectors import vectors
from watchword import Advanced, ConfigurationError, Outgoing, RateLimit, RateLimitRule, SignUpEmail
from watchword.configuration.options import IPAddressOptions
from watchword.http.globs import matches_segments
from watchword.plugins import Captcha
from watchword.plugins.captcha import (
    CaptchaFox,
    CaptchaProvider,
    HCaptcha,
    ReCaptcha,
    Turnstile,
)

SECRET = "secret-of-the-server"
ANSWER = "answer-of-the-person"
SIGN_IN = "/sign-in/email"
EVERY = [Turnstile, ReCaptcha, HCaptcha, CaptchaFox]
WILDCARDS = vectors("wildcard", "vectors-plugins-1.json")["cases"]
GOOD: dict[str, Any] = {"success": True}


@dataclass
class Judge:
    """The provider's server."""

    says: Any = field(default_factory=lambda: dict(GOOD))
    status: int = 200
    fails: Exception | None = None
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        text = self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()
        return httpx2.Response(self.status, content=text)

    @property
    def told(self) -> dict[str, str]:
        """What it was told last."""
        request = self.asked[-1]
        text = request.content.decode()
        is_json = request.headers["content-type"] == "application/json"
        return json.loads(text) if is_json else dict(parse_qsl(text, strict_parsing=True))


@pytest.fixture
def judge() -> Judge:
    return Judge()


Door = Callable[..., Browser]


@pytest.fixture
def door(make_auth: MakeAuth, judge: Judge, kind: str) -> Door:
    """Builds a server with a captcha, and a browser before it."""

    def make(
        provider: CaptchaProvider | None = None,
        *,
        auth: dict[str, Any] | None = None,
        advanced: dict[str, Any] | None = None,
        **options: Any,
    ) -> Browser:
        outgoing = Outgoing(transport=httpx2.MockTransport(judge))
        plugin = Captcha(provider=provider or Turnstile(secret_key=SECRET), **options)
        given = {"advanced": Advanced(outgoing=outgoing, **(advanced or {})), **(auth or {})}
        return Browser(make_auth(plugins=[plugin], **given), kind)

    return make


def knock(browser: Browser, answer: str | None = ANSWER, path: str = SIGN_IN) -> Answer:
    """Ask to be let in; nobody is known there."""
    body = {"email": "ada@example.com", "password": "password1234"}
    headers = {} if answer is None else {"x_captcha_response": answer}
    return browser.post(path, body, **headers)


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


PASSED = (401, "INVALID_EMAIL_OR_PASSWORD")
MISSING = (400, "MISSING_RESPONSE")
REFUSED = (403, "VERIFICATION_FAILED")
UNKNOWN = (500, "UNKNOWN_ERROR")


@pytest.mark.parametrize("provider", EVERY)
def test_a_person_passes(door: Door, judge: Judge, provider: type[CaptchaProvider]) -> None:
    assert outcome(knock(door(provider(secret_key=SECRET)))) == PASSED
    (request,) = judge.asked
    assert (request.method, str(request.url)) == ("POST", provider.default_url)
    address = "remoteIp" if provider is CaptchaFox else "remoteip"
    assert judge.told == {"secret": SECRET, "response": ANSWER, address: "203.0.113.7"}
    is_json = provider is Turnstile
    kind = "application/json" if is_json else "application/x-www-form-urlencoded"
    assert request.headers["content-type"] == kind


@pytest.mark.parametrize("provider", [HCaptcha, CaptchaFox])
def test_the_key_of_the_page_is_told(door: Door, judge: Judge, provider: type[HCaptcha]) -> None:
    knock(door(provider(secret_key=SECRET, site_key="of the page")))
    assert judge.told["sitekey"] == "of the page"


def test_an_unknown_address_is_not_told(door: Door, judge: Judge) -> None:
    unknown = IPAddressOptions(use_peer=False)
    knock(door(advanced={"ip_address": unknown}))
    assert judge.told == {"secret": SECRET, "response": ANSWER}


def test_another_address_of_the_provider(door: Door, judge: Judge) -> None:
    url = "https://relay.example/verify"
    knock(door(ReCaptcha(secret_key=SECRET, site_verify_url=url)))
    assert str(judge.asked[0].url) == url


@pytest.mark.parametrize("answer", [None, ""])
def test_without_an_answer(door: Door, judge: Judge, answer: str | None) -> None:
    refused = knock(door(), answer)
    assert outcome(refused) == MISSING
    assert refused.header("content-type") == "application/json"
    assert judge.asked == []


@pytest.mark.parametrize("provider", EVERY)
@pytest.mark.parametrize(
    "says", [{"success": False}, {}, {"success": "true"}, {"success": 1}, {"success": None}]
)
def test_a_machine_does_not(
    door: Door, judge: Judge, provider: type[CaptchaProvider], says: Any
) -> None:
    judge.says = says
    assert outcome(knock(door(provider(secret_key=SECRET)))) == REFUSED


@pytest.mark.parametrize("length", [8_192, 8_193])
def test_an_answer_has_a_length(door: Door, judge: Judge, length: int) -> None:
    passes = length == 8_192
    assert outcome(knock(door(), "x" * length)) == (PASSED if passes else REFUSED)
    assert len(judge.asked) == int(passes)


@pytest.mark.parametrize("provider", [Turnstile, ReCaptcha])
def test_what_it_was_solved_for(door: Door, judge: Judge, provider: type[Turnstile]) -> None:
    browser = door(
        provider(
            secret_key=SECRET, expected_action="sign-in", allowed_hostnames=["app.example.com"]
        )
    )
    right = {**GOOD, "action": "sign-in", "hostname": "app.example.com"}
    judge.says = right
    assert outcome(knock(browser)) == PASSED
    for wrong in (
        {"action": "sign-up"},
        {"action": None},
        {"hostname": "evil.example"},
        {"hostname": None},
        {"hostname": ["app.example.com"]},
    ):
        judge.says = {**right, **wrong}
        assert outcome(knock(browser)) == REFUSED, wrong
    judge.says = GOOD
    assert outcome(knock(browser)) == REFUSED


@pytest.mark.parametrize(
    ("least", "score", "passes"),
    [
        (None, 0.5, True),
        (None, 0.49, False),
        (0.9, 0.8, False),
        (0.9, 0.9, True),
        (0, 0.0, True),
        (0.9, None, True),  # version 2 knows no scores
        (0.1, "0.9", False),
        (0.1, True, False),
        (0.1, [0.9], False),
    ],
)
def test_scores(door: Door, judge: Judge, least: float | None, score: Any, passes: bool) -> None:
    options: dict[str, Any] = {} if least is None else {"min_score": least}
    judge.says = GOOD if score is None else {**GOOD, "score": score}
    answer = knock(door(ReCaptcha(secret_key=SECRET, **options)))
    assert outcome(answer) == (PASSED if passes else REFUSED)


@pytest.mark.parametrize("provider", EVERY)
@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 404},
        {"status": 302},
        {"says": b"<html>"},
        {"says": b""},
        {"says": []},
        {"says": True},
        {"fails": httpx2.ConnectError("down")},
        {"fails": httpx2.ReadTimeout("slow")},
        {"says": b" " * 2_000_000},
    ],
    ids=lambda trouble: str(trouble)[:40],
)
def test_a_provider_that_does_not_say(
    door: Door,
    judge: Judge,
    provider: type[CaptchaProvider],
    trouble: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in trouble.items():
        setattr(judge, name, value)
    browser = door(provider(secret_key=SECRET))
    with caplog.at_level(logging.DEBUG):
        assert outcome(knock(browser)) == UNKNOWN
    (line,) = [one.getMessage() for one in caplog.records if "captcha not checked" in one.message]
    assert provider.name in line
    assert SECRET not in caplog.text
    assert ANSWER not in caplog.text


def test_why_is_in_the_log_alone(
    door: Door, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    judge.says = {"success": False, "error-codes": ["timeout-or-duplicate", "a\nb", 7, "x" * 99]}
    answer = knock(door())
    assert "timeout" not in json.dumps(answer.json)
    (line,) = [one.message for one in caplog.records if one.message.startswith("captcha refused")]
    assert line == "captcha refused by cloudflare-turnstile: rejected timeout-or-duplicate"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SIGN_IN),
        ("PUT", SIGN_IN),
        ("POST", "/sign-in//email"),
        ("POST", "//sign-in/email"),
        ("POST", "/sign-in/email/"),
        ("POST", "/sign-in/email?x=1"),
    ],
)
def test_no_spelling_leads_past_it(door: Door, method: str, path: str) -> None:
    path, _, query = path.partition("?")
    answer = door().send(method, path, query={"x": query} if query else None)
    assert outcome(answer) == MISSING


def test_an_encoded_path_leads_nowhere_or_to_the_captcha(door: Door) -> None:
    assert door().send("POST", "/sign-in/%65mail").status in (400, 404)


def test_usual_endpoints(door: Door) -> None:
    browser = door()
    for path in ("/sign-up/email", SIGN_IN, "/request-password-reset"):
        assert outcome(browser.post(path, {})) == MISSING
    assert browser.get("/get-session").status == 200
    assert browser.post("/sign-out", {}).status == 200


def test_other_endpoints(door: Door) -> None:
    browser = door(paths=["/sign-up/**", "/callback/*"])
    assert outcome(browser.post("/sign-up/email", {})) == MISSING
    assert outcome(browser.get("/callback/google")) == MISSING
    assert outcome(knock(browser, None)) == PASSED


@pytest.mark.parametrize("case", WILDCARDS, ids=lambda case: f"{case['pattern']} {case['path']}")
def test_patterns(case: dict[str, Any]) -> None:
    assert matches_segments(case["pattern"], case["path"]) is case["match"]


def test_patterns_take_no_longer_than_the_path() -> None:
    pattern = "/**/a" * 20 + "/**/b"
    assert not matches_segments(pattern, "/a" * 2000)
    assert not matches_segments("/" + "*a" * 50, "/" + "a" * 20_000 + "b")


def test_limits_come_first(door: Door, judge: Judge) -> None:
    rule = {SIGN_IN: RateLimitRule(window=60, max=1)}
    browser = door(auth={"rate_limit": RateLimit(enabled=True, custom_rules=rule)})
    assert outcome(knock(browser)) == PASSED
    assert knock(browser).status == 429
    assert len(judge.asked) == 1


def test_nothing_is_read_before_it(door: Door) -> None:
    browser = door()
    headers = {"content-type": "application/json"}
    answer = browser.send("POST", SIGN_IN, data=b"{" * 3_000_000, headers=headers)
    assert outcome(answer) == MISSING


async def test_a_provider_that_hangs_holds_up_nobody_else(make_auth: MakeAuth) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def hang(request: httpx2.Request) -> httpx2.Response:
        asked.set()
        await over.wait()
        return httpx2.Response(200, json=GOOD)

    outgoing = Outgoing(transport=httpx2.MockTransport(hang))
    auth = make_auth(
        plugins=[Captcha(provider=Turnstile(secret_key=SECRET))],
        advanced=Advanced(outgoing=outgoing),
    )
    ada = Browser(auth, "async")
    body = {"email": "ada@example.com", "password": "password1234"}
    request = ada.request("POST", SIGN_IN, body)
    request = request.with_headers(request.headers.replacing("x-captcha-response", ANSWER))
    waiting = asyncio.create_task(auth.handle(request))
    await asked.wait()
    assert (await auth.handle(ada.request("GET", "/get-session"))).status == 200
    assert not waiting.done()
    over.set()
    assert outcome(Answer(await waiting)) == PASSED
    await auth.close()


def test_the_server_itself_needs_none(door: Door, judge: Judge) -> None:
    ada = SignUpEmail(name="Ada", email="ada@example.com", password="password1234")
    assert door().auth.blocking.api.sign_up_email(ada).user.email == "ada@example.com"
    assert judge.asked == []


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: Turnstile(secret_key=""), "Turnstile.secret_key"),
        (lambda: HCaptcha(secret_key=SECRET, site_verify_url="relay"), "HCaptcha.site_verify_url"),
        (lambda: ReCaptcha(secret_key=SECRET, min_score=2), "ReCaptcha.min_score"),
        (lambda: ReCaptcha(secret_key=SECRET, min_score=True), "ReCaptcha.min_score"),
        (
            lambda: Turnstile(secret_key=SECRET, allowed_hostnames="app.example.com"),
            "Turnstile.allowed_hostnames",
        ),
        (lambda: Captcha(provider="hcaptcha"), "Captcha.provider"),  # pyright: ignore
        (
            lambda: Captcha(provider=HCaptcha(secret_key=SECRET), paths=["sign-in/email"]),
            "Captcha.paths",
        ),
    ],
)
def test_options_that_do_not_fit(make: Callable[[], object], option: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert option in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_path_that_nobody_answers_to(door: Door) -> None:
    with pytest.raises(ConfigurationError, match="/sign-in/email"):
        door(paths=["/sign-in/emial"])


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(Captcha(provider=Turnstile(secret_key=SECRET)))


# forms without scripts


FIELDS = {"email": "ada@example.com", "password": "password1234"}


@pytest.mark.parametrize("provider", EVERY)
def test_the_field_of_the_widget_is_taken_from_a_form(
    door: Door, judge: Judge, provider: type[CaptchaProvider]
) -> None:
    browser = door(provider(secret_key=SECRET))
    fields = {**FIELDS, provider.form_field: ANSWER}
    form = {"content-type": "application/x-www-form-urlencoded"}
    for more, outcome in (
        ({}, (401, None)),
        ({"callbackURL": "/in"}, (303, "/in?error=INVALID_EMAIL_OR_PASSWORD")),
    ):
        headers = {**form, "accept": "text/html"}
        data = urlencode({**fields, **more}).encode()
        answer = browser.send("POST", SIGN_IN, data=data, headers=headers)
        assert (answer.status, answer.header("location")) == outcome
        assert judge.told["response"] == ANSWER
    assert len(judge.asked) == 2


def test_a_form_without_it_is_refused(door: Door, judge: Judge) -> None:
    browser = door()
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    data = urlencode({**FIELDS, "callbackURL": "/in"}).encode()
    answer = browser.send("POST", SIGN_IN, data=data, headers=form)
    assert answer.header("location") == "/in?error=MISSING_RESPONSE"
    data = urlencode({"cf-turnstile-response": "x" * 60_000}).encode()
    assert browser.send("POST", SIGN_IN, data=data, headers=form).status == 403
    assert judge.asked == []


def test_a_view_that_submits_the_form_hands_the_field_on(door: Door, judge: Judge) -> None:
    browser = door()
    page = browser.request("POST", "/login")
    submit = browser.auth.blocking.submit
    assert submit("sign_in_email", page, FIELDS).code == "MISSING_RESPONSE"
    given = {**FIELDS, "cf-turnstile-response": ANSWER}
    assert submit("sign_in_email", page, given).code == "INVALID_EMAIL_OR_PASSWORD"
    assert judge.told["response"] == ANSWER
    forged = {**FIELDS, "cf-turnstile-response": "a\r\nx-forwarded-for: 1.2.3.4"}
    submit("sign_in_email", page, forged)
    assert "\r" not in judge.told["response"]
