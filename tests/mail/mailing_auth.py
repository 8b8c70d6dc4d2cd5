"""A server that mails by a real mail server, and what arrived there."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.mail_server import MailServer, Post
from watchword import Auth
from watchword.mail import SMTP, Mailer

ADA = "ada@example.com"
SENDER = "App <no-reply@app.example>"
_URL = re.compile(r"https?://\S+")


def mailer(server: MailServer, **options: Any) -> Mailer:
    """By a mail server."""
    given: dict[str, Any] = {"sender": SENDER, "site_name": "App", **options}
    return Mailer(SMTP(server.url), **given)


@dataclass
class MailingAuth:
    """With what is done there."""

    auth: Auth[Any]
    server: MailServer
    kind: str = "blocking"

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def posts(self, to: str = "ada@example.com") -> list[Post]:
        """What arrived for an address, once all background work is done."""
        self.auth.blocking.runtime.drain()
        return self.server.to(to)

    def last(self, to: str = "ada@example.com") -> Post:
        posts = self.posts(to)
        assert posts, f"nothing arrived for {to}"
        return posts[-1]


def mailing_auth(make_auth: MakeAuth, server: MailServer, kind: str, **options: Any) -> MailingAuth:
    """Built with `mail=`, unless that is given."""
    options.setdefault("mail", mailer(server))
    return MailingAuth(make_auth(**options), server, kind)


def link(post: Post) -> str:
    """The one link of a mail, the same in both forms."""
    (found,) = _URL.findall(post.text)
    assert found.replace("&", "&amp;") in post.html
    return found


def code(post: Post) -> str:
    """The one code of a mail, the same in both forms."""
    (found,) = re.findall(r"^(\d{4,10})$", post.text, re.MULTILINE)
    assert f">{found}</p>" in post.html
    return found


def click(browser: Browser, post: Post) -> Answer:
    """Follow the link of a mail."""
    where = urlsplit(link(post))
    assert where.path.startswith("/api/auth/")
    return browser.get(where.path.removeprefix("/api/auth"), dict(parse_qsl(where.query)))


def rows(folder: Path) -> list[dict[str, Any]]:
    """What stands in the outbox of the server whose database is in a folder."""
    with closing(sqlite3.connect(folder / "test.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("select * from mailOutbox order by rowid")]


def ask(server: MailingAuth, email: str = ADA) -> None:
    """Have a link mailed, and wait for what is done behind the answer."""
    assert server.browser().post("/sign-in/magic-link", {"email": email}).status == 200
    server.auth.blocking.runtime.drain()
