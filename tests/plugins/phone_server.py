"""A server that sends codes to phones, and the phones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.core.conftest import MakeAuth
from tests.plugins.mailing_server import MailingServer
from tests.support.browser import Answer, Browser
from watchword.plugins import PhoneNumber
from watchword.plugins.phone_number import PhoneCode, SignUpOnVerification

SEND, VERIFY, SIGN_IN = "/phone-number/send-otp", "/phone-number/verify", "/sign-in/phone-number"
FORGOT, RESET = "/phone-number/request-password-reset", "/phone-number/reset-password"
NUMBER, OTHER, PASSWORD = "+15551234567", "+15557654321", "password1234"
NEW = "another horse"
SIGNING_UP = SignUpOnVerification(get_temp_email=lambda number: f"{number[1:]}@phone.example.com")


@dataclass
class PhoneServer(MailingServer[PhoneCode]):
    """With what is done there."""

    resets: list[PhoneCode] = field(default_factory=list[PhoneCode])

    def code(self, number: str = NUMBER) -> str:
        """A code, as it was sent."""
        before = len(self.mails())
        assert self.browser().post(SEND, {"phoneNumber": number}).status == 200
        assert self.mails()[before].phone_number == number
        return self.mails()[before].code

    def reset_code(self, number: str = NUMBER) -> str:
        assert self.browser().post(FORGOT, {"phoneNumber": number}).json == {"status": True}
        self.auth.blocking.runtime.drain()
        return self.resets[-1].code

    def verify(self, code: Any, number: str = NUMBER, **extra: Any) -> Answer:
        return self.browser().post(VERIFY, {"phoneNumber": number, "code": code, **extra})

    def reset(self, otp: str, number: str = NUMBER, password: str = NEW) -> Answer:
        body = {"phoneNumber": number, "otp": otp, "newPassword": password}
        return self.browser().post(RESET, body)

    def sign_in(self, number: Any = NUMBER, password: Any = PASSWORD, **extra: Any) -> Answer:
        body = {"phoneNumber": number, "password": password, **extra}
        return self.browser().post(SIGN_IN, body)

    def give(self, browser: Browser, number: str = NUMBER) -> Answer:
        """Give a number to who is signed in."""
        body = {"phoneNumber": number, "code": self.code(number), "updatePhoneNumber": True}
        return browser.post(VERIFY, body)

    def ada(self, number: str = NUMBER, email: str = "ada@example.com") -> Browser:
        """Somebody with an address, a password and a number."""
        browser = self.signed_up(email)
        assert self.give(browser, number).status == 200
        return browser


MakePhoneServer = Callable[..., PhoneServer]


def phone_server(make_auth: MakeAuth, folder: Path, kind: str) -> MakePhoneServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(
        *, auth: dict[str, Any] | None = None, plugins: Any = (), **options: Any
    ) -> PhoneServer:
        sent, resets = list[PhoneCode](), list[PhoneCode]()
        options.setdefault("send_otp", lambda code, request: sent.append(code))
        options.setdefault("send_password_reset_otp", lambda code, request: resets.append(code))
        options.setdefault("sign_up_on_verification", SIGNING_UP)
        built = make_auth(plugins=[PhoneNumber(**options), *plugins], **(auth or {}))
        return PhoneServer(built, folder / "test.db", kind, sent, resets)

    return make


def other(code: str) -> str:
    """A code of the same form that is wrong."""
    return "".join(str(9 - int(digit)) for digit in code)


def outcome(answer: Answer) -> tuple[int, str | None]:
    """Status and code."""
    return answer.status, answer.code
