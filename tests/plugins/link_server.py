"""A server that mails links, and the mailbox that they arrive in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.core.conftest import MakeAuth
from tests.plugins.mailing_server import MailingServer
from tests.support.browser import Answer, Browser
from watchword.plugins import MagicLink
from watchword.plugins.magic_link import MagicLinkMail

SEND, OPEN = "/sign-in/magic-link", "/magic-link/verify"
ADA = "ada@example.com"


@dataclass
class LinkServer(MailingServer[MagicLinkMail]):
    """With what is done there."""

    def mail(self, email: str = ADA, **extra: Any) -> MagicLinkMail:
        """Ask for a link, as it was mailed."""
        before = len(self.mails())
        answer = self.browser().post(SEND, {"email": email, **extra})
        assert (answer.status, answer.json) == (200, {"status": True})
        return self.mails()[before]

    def click(self, mail: MagicLinkMail, browser: Browser | None = None) -> Answer:
        """Open a mailed link."""
        where = urlsplit(mail.url)
        assert where.path == f"/api/auth{OPEN}"
        return (browser or self.browser()).get(OPEN, dict(parse_qsl(where.query)))

    def open(self, token: str, **query: str) -> Answer:
        """Open a link that somebody wrote, in a new browser."""
        return self.browser().get(OPEN, {"token": token, **query})


MakeLinkServer = Callable[..., LinkServer]


def link_server(make_auth: MakeAuth, folder: Path, kind: str) -> MakeLinkServer:
    """Builds servers; options of the plugin are keywords, those of `Auth` stand in `auth`."""

    def make(auth: dict[str, Any] | None = None, **options: Any) -> LinkServer:
        sent: list[MagicLinkMail] = []
        options.setdefault("send_magic_link", lambda mail, request: sent.append(mail))
        made = make_auth(plugins=[MagicLink(**options)], **(auth or {}))
        return LinkServer(made, folder / "test.db", kind, sent)

    return make
