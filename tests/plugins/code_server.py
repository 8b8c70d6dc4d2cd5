"""A server that mails codes, and the mailbox that they arrive in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.conftest import MakeAuth
from tests.plugins.mailing_server import MailingServer
from tests.support.browser import Answer
from watchword.plugins import EmailOTP
from watchword.plugins.email_otp import CodeMail

SEND, CHECK = "/email-otp/send-verification-otp", "/email-otp/check-verification-otp"
VERIFY, SIGN_IN = "/email-otp/verify-email", "/sign-in/email-otp"
FORGOT, RESET = "/email-otp/request-password-reset", "/email-otp/reset-password"
OLD_FORGOT = "/forget-password/email-otp"
ASK, CHANGE = "/email-otp/request-email-change", "/email-otp/change-email"
ADA = "ada@example.com"
NOBODY = "nobody@example.com"


@dataclass
class CodeServer(MailingServer[CodeMail]):
    """With what is done there."""

    def code(self, kind: str = "sign-in", email: str = ADA) -> str:
        """A code of a type, as it was mailed."""
        before = len(self.mails())
        assert self.browser().post(SEND, {"email": email, "type": kind}).status == 200
        mail = self.mails()[before]
        assert (mail.email, mail.type) == (email, kind)
        return mail.otp

    def sign_in(self, code: str, email: str = ADA, **extra: Any) -> Answer:
        return self.browser().post(SIGN_IN, {"email": email, "otp": code, **extra})

    def check(self, code: Any, email: str = ADA, kind: str = "sign-in") -> Answer:
        return self.browser().post(CHECK, {"email": email, "type": kind, "otp": code})


MakeCodeServer = Callable[..., CodeServer]


def code_server(make_auth: MakeAuth, folder: Path, kind: str) -> MakeCodeServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(*, auth: dict[str, Any] | None = None, **options: Any) -> CodeServer:
        sent: list[CodeMail] = []
        options.setdefault("send_verification_otp", lambda mail, request: sent.append(mail))
        built = make_auth(plugins=[EmailOTP(**options)], **(auth or {}))
        return CodeServer(built, folder / "test.db", kind, sent)

    return make


def other(code: str) -> str:
    """A code of the same form that is wrong."""
    return "".join(str(9 - int(digit)) for digit in code)


def outcome(answer: Answer) -> tuple[int, str | None]:
    """Status and code."""
    return answer.status, answer.code
