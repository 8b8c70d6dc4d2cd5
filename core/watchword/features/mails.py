"""What goes out by mail: the data that mail callbacks get, and their running.

A callback is the application's, and sends the mail in its own way; or it stands for the server's
own mailer (`Post`). Either runs in the background, so that it neither delays an answer nor tells by
its time whether an address is known (spec: security, M8, M9, E3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from watchword.call import Call
from watchword.http.request import Request
from watchword.observability.logs import callback_failed
from watchword.records import User

from .letters import Letter, Post, proven_name

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A link to mail to `user.email`. Whoever holds `url` or `token` may use it: never log them."""

    user: User
    url: str = field(repr=False)
    """The link, ready to be clicked."""
    token: str = field(repr=False)
    """What the link carries, for applications that make links of their own."""
    expires_at: datetime | None = field(default=None, compare=False)
    """Until when the link is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEmailMail(Mail):
    """The question to the old address whether the new one is wanted."""

    new_email: str


MailCallback: TypeAlias = "Callable[[Mail, Request | None], object]"
"""Sends a mail; `def` or `async def`. The request is None for server-side calls."""
UserCallback: TypeAlias = "Callable[[User, Request | None], object]"
"""Told about a user; `def` or `async def`. The request is None for server-side calls."""


async def send_mail(
    call: Call, callback: Callable[[T, Request | None], object] | None, data: T | None
) -> None:
    """Have `callback` mail something once the answer is on its way, and what the surrounding
    transaction does is stored. A failure is logged, without the data.

    None for the data: nobody is mailed, and the work that an answer waits for is the same. The
    server's own mailer may store mails first, in that transaction. Endpoints that do so are
    declared with `promises_mail=True`.
    """
    if isinstance(callback, Post):
        await callback.send(call, data)
    elif callback is not None and data is not None:
        await call.db.after_commit(partial(_begin, call, callback, data))


def in_background(call: Call, callback: Callable[[T, Request | None], object], data: T) -> None:
    """`send_mail` for code that cannot wait: what the server's own mailer stores is stored once the
    answer is on its way, too."""
    call.background(_guarded(call, callback, data), promised=True)


def link_letter(kind: str, *, greets: bool = True) -> Callable[[Mail], Letter]:
    """Makes letters of a link; `greets` the addressee by name, if the address is proven."""

    def letter(mail: Mail) -> Letter:
        user = mail.user
        return Letter(
            kind=kind,
            to=user.email,
            name=proven_name(user) if greets else "",
            url=mail.url,
            expires_at=mail.expires_at,
            user_id=user.id,
        )

    return letter


def mailed_link(call: Call, path: str, callback_url: str, **params: str) -> str:
    """A link to the server, with `callbackURL` as its last parameter."""
    query = "&".join(f"{name}={_component(text)}" for name, text in params.items())
    query = f"{query}&" if query else ""
    return f"{call.site.base_url}{path}?{query}callbackURL={_component(callback_url)}"


def _component(text: str) -> str:
    return quote(text, safe="!'()*", errors="replace")


async def _begin(call: Call, callback: Callable[[T, Request | None], object], data: T) -> None:
    in_background(call, callback, data)


async def _guarded(call: Call, callback: Callable[[T, Request | None], object], data: T) -> None:
    try:
        if isinstance(callback, Post):
            await callback.send(call, data)
        else:
            await call.run(callback, data, call.request)
    except Exception as error:
        callback_failed(callback, error)
