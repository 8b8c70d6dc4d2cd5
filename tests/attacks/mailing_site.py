"""A site with all mail features on, and everybody's mailbox: for attacks with links and codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.places import options_for
from watchword import (
    Advanced,
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
    Plugin,
    WorkLimits,
)
from watchword.plugins import EmailOTP, MagicLink

ADA, EVE, NEW = "ada@example.com", "eve@evil.example", "ada@new.example"
OLD_PASSWORD, NEW_PASSWORD = "password1234", "another-1234"


class Site:
    """The server. What is to happen in the middle of something stands in `meanwhile`, once."""

    def __init__(
        self,
        make_auth: MakeAuth,
        kind: str = "blocking",
        *,
        verification: dict[str, Any] | None = None,
        change: dict[str, Any] | None = None,
        codes: dict[str, Any] | None = None,
        passwords: dict[str, Any] | None = None,
        reset: dict[str, Any] | None = None,
        deletion: dict[str, Any] | None = None,
        links: dict[str, Any] | None = None,
        more: Sequence[Plugin] = (),
        **options: Any,
    ) -> None:
        self.kind = kind
        self.sent: list[Any] = []
        self.meanwhile: list[Callable[[], object]] = []
        mail = self._send
        self.auth: Auth[Any] = make_auth(
            email_and_password=EmailAndPassword(
                **{"enabled": True, "argon2_cost": FAST, **(passwords or {})}
            ),
            email_verification=EmailVerification(
                **{"send_verification_email": mail, "answer_after": 0, **(verification or {})}
            ),
            password_reset=PasswordReset(
                **{"send_reset_password": mail, "reset_page": "/reset", **(reset or {})}
            ),
            change_email=ChangeEmail(**{"enabled": True, **(change or {})}),
            delete_user=DeleteUser(
                enabled=True,
                send_delete_account_verification=mail,
                before_delete=lambda user, request: self.interrupt(),
                **(deletion or {}),
            ),
            plugins=[
                MagicLink(send_magic_link=mail, **(links or {})),
                EmailOTP(**{"send_verification_otp": mail, "change_email": True, **(codes or {})}),
                *more,
            ],
            **options,
        )

    def interrupt(self) -> None:
        """Do what stands in `meanwhile`, once."""
        if self.meanwhile:
            self.meanwhile.pop()()

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def signed_in(self, password: str = OLD_PASSWORD) -> Browser:
        browser = self.browser()
        assert browser.sign_in(ADA, password=password).status == 200
        return browser

    def mails(self) -> list[Any]:
        """What was mailed, once all background work is done."""
        self.auth.blocking.runtime.drain()
        return self.sent

    def mail(self, browser: Browser, path: str, body: object) -> Any:
        """What a request mailed."""
        before = len(self.mails())
        answer = browser.post(path, body)
        assert answer.status == 200, answer.json
        return self.mails()[before]

    def reset(self) -> Answer:
        """The owner of the mailbox sets a new password."""
        browser = self.browser()
        token = self.mail(browser, "/request-password-reset", {"email": ADA}).token
        return browser.post("/reset-password", {"token": token, "newPassword": NEW_PASSWORD})

    def address(self, password: str = OLD_PASSWORD) -> str | None:
        """Who is signed in with the password at Ada's address."""
        browser = self.browser()
        answer = browser.sign_in(ADA, password=password)
        return answer.json["user"]["email"] if answer.status == 200 else None

    def _send(self, mail: object, request: object) -> None:
        self.sent.append(mail)


def site_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of a `Site` that keeps its things in `request.param`."""
    kind = "async" if request.param.endswith("-async") else "blocking"
    return {"kind": kind, **options_for(request.param, request)}


class Slow:
    """A password hasher in the middle of which something happens, once."""

    def __init__(self) -> None:
        self.meanwhile: list[Callable[[], object]] = []

    def hash(self, password: str) -> str:
        if self.meanwhile:
            self.meanwhile.pop()()
        return f"#{password}"

    def verify(self, stored: str, password: str) -> bool:
        return stored == f"#{password}"

    def options(self) -> dict[str, Any]:
        """Options of a `Site` that hashes with it, another password in the middle of one."""
        return {
            "passwords": {"hash_password": self.hash, "verify_password": self.verify},
            "advanced": Advanced(work=WorkLimits(hashes=2)),
        }
