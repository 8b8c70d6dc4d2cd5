"""A server with second factors, and the people who use them."""

from __future__ import annotations

import re
import sqlite3
from base64 import b32decode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import Auth
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor import OTPOptions, SecondFactorCode
from watchword.plugins.two_factor.totp import totp_code, totp_step

ADA, PASSWORD = "ada@example.com", "password1234"
ENABLE, DISABLE = "/two-factor/enable", "/two-factor/disable"
TOTP, OTP, PAPER = (
    "/two-factor/verify-totp",
    "/two-factor/verify-otp",
    "/two-factor/verify-backup-code",
)
SEND, URI = "/two-factor/send-otp", "/two-factor/get-totp-uri"
FRESH_CODES = "/two-factor/generate-backup-codes"
COOKIE, SESSION = "better-auth.two_factor", "better-auth.session_token"
TRUST = "better-auth.trust_device"
ASKED = {"twoFactorRedirect": True, "twoFactorMethods": ["totp", "otp"]}


@dataclass
class Person:
    """Somebody with an authenticator app and backup codes on paper."""

    server: FactorServer
    browser: Browser
    key: bytes
    paper: list[str]
    email: str = ADA

    def code(self, steps: int = 0) -> str:
        """What the app shows, some steps from now."""
        return totp_code(self.key, totp_step(self.server.clock(), 30) + steps, 6)

    def wrong(self) -> str:
        """A code that no step near has."""
        near = {self.code(steps) for steps in (-1, 0, 1)}
        return next(text for text in ("000000", "111111", "222222", "333333") if text not in near)

    def asked(self, **extra: Any) -> Browser:
        """A browser after the password, before the second factor."""
        browser = self.server.browser()
        answer = browser.sign_in(self.email, **extra)
        assert answer.json["twoFactorRedirect"] is True, answer.json
        return browser


@dataclass
class FactorServer:
    """With its clock, its database file and what it sent."""

    auth: Auth[Any]
    clock: Clock
    file: Path
    kind: str
    sent: list[SecondFactorCode] = field(default_factory=list[SecondFactorCode])

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def with_app(self, email: str = ADA) -> Person:
        """A user whose app is set up; a step of the clock later."""
        person = self.enrolling(email)
        assert person.browser.post(TOTP, {"code": person.code()}).status == 200
        self.clock.forward(60)
        return person

    def enrolling(self, email: str = ADA) -> Person:
        """One who has scanned the code, and given none yet."""
        browser = self.browser()
        assert browser.sign_up(email).status == 200
        answer = browser.post(ENABLE, {"password": PASSWORD})
        assert answer.status == 200, answer.json
        return Person(self, browser, key(answer), answer.json["backupCodes"], email)

    def by_mail(self, email: str = ADA) -> Browser:
        """One who gets codes sent, and has no app."""
        browser = self.browser()
        browser.sign_up(email)
        answer = browser.post(ENABLE, {"password": PASSWORD, "method": "otp"})
        assert answer.json == {"method": "otp"}
        return browser

    def code(self, browser: Browser) -> str:
        """A code, as it was sent."""
        before = len(self.sent)
        assert browser.post(SEND, {}).json == {"status": True}
        self.auth.blocking.runtime.drain()
        assert len(self.sent) == before + 1
        return self.sent[-1].otp

    def sql(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(sql, values).fetchall()


MakeFactorServer = Callable[..., FactorServer]


def factor_server(make_auth: MakeAuth, clock: Clock, folder: Path, kind: str) -> MakeFactorServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(
        *, auth: dict[str, Any] | None = None, plugins: Any = (), **options: Any
    ) -> FactorServer:
        sent: list[SecondFactorCode] = []
        options.setdefault("otp", OTPOptions(send_otp=lambda code, request: sent.append(code)))
        built = make_auth(plugins=[*plugins, TwoFactor(**options)], **(auth or {}))
        return FactorServer(built, clock, folder / "test.db", kind, sent)

    return make


def key(answer: Answer) -> bytes:
    """The key that an app reads from the URI of an answer."""
    [secret] = parse_qs(urlsplit(answer.json["totpURI"]).query)["secret"]
    return b32decode(secret + "=" * (-len(secret) % 8))


def outcome(answer: Answer) -> tuple[int, str | None]:
    """Status and code."""
    return answer.status, answer.code


def names_set(answer: Answer) -> dict[str, bool]:
    """The cookies of an answer, and whether each is set (else expired)."""
    pairs = [(line.partition("=")[0], "Max-Age=0" not in line) for line in answer.cookies]
    return {re.sub("^better-auth.", "", name): kept for name, kept in pairs}
