"""Have I Been Pwned: passwords that are known from leaks are not taken."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.vectors import vectors
from watchword import (
    Advanced,
    APIError,
    ConfigurationError,
    EmailAndPassword,
    Outgoing,
    PasswordReset,
    SetPassword,
)
from watchword.plugins import EmailOTP, HaveIBeenPwned

CASES = vectors("hibp", "vectors-plugins-1.json")["cases"]
PASSWORD, LEAKED = "correct horse", "password1234"
COMPROMISED = (400, "PASSWORD_COMPROMISED")
NOT_CHECKED = (500, None)


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Service:
    """The list of leaked passwords."""

    leaked: dict[str, str] = field(default_factory=lambda: {LEAKED: "17"})
    """Passwords, and how often they were seen, as it says so."""
    newline: str = "\r\n"
    lower: bool = False
    status: int = 200
    says: str | None = None
    """Told instead of a list."""
    fails: Exception | None = None
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if self.fails is not None:
            raise self.fails
        if self.says is not None:
            return httpx2.Response(self.status, text=self.says)
        prefix = request.url.path.rpartition("/")[2]
        lines = [f"{'0' * 35}:3", f"{'F' * 35}:0"]
        for password, count in self.leaked.items():
            digest = sha1(password).upper()
            if digest.startswith(prefix):
                lines.insert(1, f"{digest[5:]}:{count}")
        text = self.newline.join(lines)
        return httpx2.Response(self.status, text=text.lower() if self.lower else text)


@pytest.fixture
def service() -> Service:
    return Service()


Make = Callable[..., Browser]


@pytest.fixture
def make(make_auth: MakeAuth, service: Service, kind: str) -> Make:
    def make(*, auth: dict[str, Any] | None = None, plugins: Any = (), **options: Any) -> Browser:
        outgoing = Outgoing(transport=httpx2.MockTransport(service))
        made = make_auth(
            plugins=[HaveIBeenPwned(**options), *plugins],
            advanced=Advanced(outgoing=outgoing),
            **(auth or {}),
        )
        return Browser(made, kind)

    return make


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def sign_up(browser: Browser, password: str, email: str = "ada@example.com") -> Answer:
    return browser.sign_up(email, password=password)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["prefix"])
def test_what_is_asked(make: Make, service: Service, case: dict[str, str]) -> None:
    service.leaked = {case["password"]: "1"}
    browser = make(
        auth={"email_and_password": EmailAndPassword(enabled=True, min_password_length=1)}
    )
    assert outcome(sign_up(browser, case["password"])) == COMPROMISED
    (request,) = service.asked
    assert str(request.url) == f"https://api.pwnedpasswords.com/range/{case['prefix']}"
    assert (request.method, request.content) == ("GET", b"")
    assert request.headers["add-padding"] == "true"
    assert request.headers["user-agent"]
    assert case["suffix"] not in str(request.headers)


def test_a_password_that_nobody_knows(make: Make, service: Service) -> None:
    assert sign_up(make(), PASSWORD).status == 200
    assert len(service.asked) == 1


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ("1", COMPROMISED),
        ("9545824", COMPROMISED),
        ("0", (200, None)),  # pads the list
        ("", NOT_CHECKED),
        ("-1", NOT_CHECKED),
        ("1.5", NOT_CHECKED),
        ("01", NOT_CHECKED),
        ("1e3", NOT_CHECKED),
        (" 1", NOT_CHECKED),
        ("٣", NOT_CHECKED),
        ("9" * 5000, NOT_CHECKED),
    ],
)
def test_how_often_it_was_seen(
    make: Make, service: Service, newline: str, count: str, expected: tuple[int, str | None]
) -> None:
    service.leaked, service.newline = {LEAKED: count}, newline
    answer = sign_up(make(), LEAKED)
    assert (answer.status, answer.code) == expected


def test_small_letters_count_as_well(make: Make, service: Service) -> None:
    service.lower = True
    assert outcome(sign_up(make(), LEAKED)) == COMPROMISED


def test_a_message_of_ones_own(make: Make) -> None:
    answer = sign_up(make(custom_password_compromised_message="Leaked!"), LEAKED)
    assert answer.json == {"message": "Leaked!", "code": "PASSWORD_COMPROMISED"}


def test_nobody_is_created(make: Make) -> None:
    browser = make()
    sign_up(browser, LEAKED)
    assert sign_up(browser, PASSWORD).status == 200


@pytest.mark.parametrize("hides", [False, True])
def test_addresses_that_are_taken_answer_alike(make: Make, service: Service, hides: bool) -> None:
    passwords = EmailAndPassword(enabled=True, auto_sign_in=not hides)
    browser = make(auth={"email_and_password": passwords})
    sign_up(browser, PASSWORD)
    assert outcome(sign_up(browser, LEAKED)) == COMPROMISED
    assert outcome(sign_up(browser, LEAKED, "grace@example.com")) == COMPROMISED
    assert len(service.asked) == 3


def test_a_password_that_is_too_short_is_not_asked_about(make: Make, service: Service) -> None:
    assert outcome(sign_up(make(), "short")) == (400, "PASSWORD_TOO_SHORT")
    assert service.asked == []


def test_sign_ins_are_not_looked_at(make: Make, service: Service) -> None:
    browser = make(paths=["/change-password"])
    sign_up(browser, LEAKED)
    assert browser.sign_in(password=LEAKED).status == 200
    assert service.asked == []


def test_a_changed_password(make: Make) -> None:
    browser = make()
    sign_up(browser, PASSWORD)
    change = {"currentPassword": PASSWORD, "newPassword": LEAKED}
    assert outcome(browser.post("/change-password", change)) == COMPROMISED
    assert browser.sign_in(password=PASSWORD).status == 200


def test_a_first_password(make: Make) -> None:
    browser = make()
    sign_up(browser, PASSWORD)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    with pytest.raises(APIError) as refused:
        browser.auth.blocking.api.set_password(
            SetPassword(new_password=LEAKED), headers={"cookie": cookie}
        )
    assert refused.value.code == "PASSWORD_COMPROMISED"


def test_a_reset_does_not_use_up_its_link(make: Make) -> None:
    mails: list[Any] = []
    reset_option = PasswordReset(send_reset_password=lambda mail, _: mails.append(mail))
    browser = make(auth={"password_reset": reset_option})
    sign_up(browser, PASSWORD)
    browser.post("/request-password-reset", {"email": "ada@example.com"})
    browser.auth.blocking.runtime.drain()
    reset = {"token": mails[0].token, "newPassword": LEAKED}
    assert outcome(browser.post("/reset-password", reset)) == COMPROMISED
    assert browser.post("/reset-password", {**reset, "newPassword": "battery staple"}).status == 200


def test_a_reset_by_code_does_not_use_up_its_code(make: Make) -> None:
    mails: list[Any] = []
    codes = EmailOTP(send_verification_otp=lambda mail, _: mails.append(mail))
    browser = make(plugins=[codes])
    sign_up(browser, PASSWORD)
    browser.post("/email-otp/request-password-reset", {"email": "ada@example.com"})
    browser.auth.blocking.runtime.drain()
    reset = {"email": "ada@example.com", "otp": mails[0].otp, "password": LEAKED}
    assert outcome(browser.post("/email-otp/reset-password", reset)) == COMPROMISED
    again = browser.post("/email-otp/reset-password", {**reset, "password": "battery staple"})
    assert again.status == 200


def test_turned_off(make: Make, service: Service) -> None:
    assert sign_up(make(enabled=False), LEAKED).status == 200
    assert service.asked == []


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 503},
        {"status": 404},
        {"status": 301},
        {"says": ""},
        {"says": "<html>Please sign in to this network</html>"},
        {"says": f"{'0' * 35}:3\r\n{'1' * 20}"},
        {"says": f"{'0' * 35}:3\r\n{'1' * 36}:1"},
        {"fails": httpx2.ConnectError("down")},
        {"fails": httpx2.ReadTimeout("slow")},
    ],
    ids=str,
)
@pytest.mark.parametrize("accepts", [False, True])
def test_a_service_that_is_down(
    make: Make,
    service: Service,
    trouble: dict[str, Any],
    accepts: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, value in trouble.items():
        setattr(service, name, value)
    browser = make(when_unavailable="accept" if accepts else "refuse")
    with caplog.at_level(logging.DEBUG):
        answer = sign_up(browser, LEAKED)
    assert outcome(answer) == ((200, None) if accepts else NOT_CHECKED)
    digest = sha1(LEAKED)
    lines = [one.getMessage() for one in caplog.records if "against leaks" in one.getMessage()]
    assert len(lines) == 1
    for text in (caplog.text, str(answer.json)):
        for secret in (LEAKED, digest, digest.upper(), digest[5:], digest[5:].upper()):
            assert secret not in text


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"enabled": "no"}, "enabled"),
        ({"paths": "/sign-up/email"}, "paths"),
        ({"paths": ["sign-up/email"]}, "paths"),
        ({"when_unavailable": "ignore"}, "when_unavailable"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"HaveIBeenPwned\.{named}"):
        HaveIBeenPwned(**options)


def test_a_path_that_nobody_answers_to(make: Make) -> None:
    with pytest.raises(ConfigurationError, match="/sign-up/email"):
        make(paths=["/sign-up/emial"])
