"""A server that mails codes for actions, and the mailbox that they arrive in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.conftest import MakeAuth
from tests.plugins.mailing_server import MailingServer
from tests.support.browser import Answer, Browser
from watchword import RateLimitRule
from watchword.plugins import ActionToken
from watchword.plugins.action_token import ActionTokenLimits, ActionTokenMail

SEND, VERIFY = "/one-time-token/send-token", "/one-time-token/verify-token"
DELETE = "account-delete"
FREE = ActionTokenLimits(send=RateLimitRule(window=60, max=1000))
"""As good as no bound on sends."""


@dataclass
class ActionServer(MailingServer[ActionTokenMail]):
    """With what is done there."""

    def code(self, browser: Browser, type: str = DELETE) -> str:
        """A code as it was mailed."""
        before = len(self.mails())
        answer = browser.post(SEND, {"type": type})
        assert (answer.status, answer.json) == (200, {"status": True})
        mail = self.mails()[before]
        assert mail.type == type
        return mail.token

    def confirmed(self, browser: Browser, type: str = DELETE) -> None:
        """Let the browser have a grant."""
        assert verify(browser, self.code(browser, type), type).status == 200

    def promised(self) -> list[tuple[str, str]]:
        """Identifier and value of all verification rows but the notes beside them."""
        return [(identifier, value) for identifier, value, _ in self.rows()]


MakeActionServer = Callable[..., ActionServer]


def action_server(make_auth: MakeAuth, folder: Path, kind: str) -> MakeActionServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(*, auth: dict[str, Any] | None = None, **options: Any) -> ActionServer:
        sent: list[ActionTokenMail] = []
        options.setdefault("send_token", lambda mail, request: sent.append(mail))
        options.setdefault("require_verified_email", False)
        given = dict(auth or {})
        plugins = [*given.pop("plugins", ()), ActionToken(**options)]
        return ActionServer(make_auth(plugins=plugins, **given), folder / "test.db", kind, sent)

    return make


def verify(browser: Browser, token: Any, type: Any = DELETE) -> Answer:
    return browser.post(VERIFY, {"token": token, "type": type})


def wrong(code: str) -> str:
    """A code of the same form that is wrong."""
    return ("1" if code[0] != "1" else "2") + code[1:]


def cookies(browser: Browser) -> dict[str, str]:
    """Headers of a server-side call on behalf of a browser."""
    return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
