"""What goes out by mail: the data that an application's mail callbacks get, and their running.

A callback sends the mail in its own way. It runs in the background, so that it neither delays an
answer nor tells by its time whether an address is known (spec: security, M8, M9, E3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from watchword.call import Call
from watchword.http.request import Request
from watchword.observability.logs import callback_failed
from watchword.records import User

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A link to mail to `user.email`. Whoever holds `url` or `token` may use it: never log them."""

    user: User
    url: str = field(repr=False)
    """The link, ready to be clicked."""
    token: str = field(repr=False)
    """What the link carries, for applications that make links of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEmailMail(Mail):
    """The question to the old address whether the new one is wanted."""

    new_email: str


MailCallback: TypeAlias = "Callable[[Mail, Request | None], object]"
"""Sends a mail; `def` or `async def`. The request is None for server-side calls."""
UserCallback: TypeAlias = "Callable[[User, Request | None], object]"
"""Told about a user; `def` or `async def`. The request is None for server-side calls."""


def in_background(call: Call, callback: Callable[[T, Request | None], object], data: T) -> None:
    """Run a callback once the answer is on its way; a failure is logged, without its data.

    Endpoints that do so are declared with `promises_mail=True`.
    """
    call.background(_guarded(call, callback, data), promised=True)


def mailed_link(call: Call, path: str, callback_url: str, **params: str) -> str:
    """A link to the server, with `callbackURL` as its last parameter."""
    query = "&".join(f"{name}={_component(text)}" for name, text in params.items())
    query = f"{query}&" if query else ""
    return f"{call.site.base_url}{path}?{query}callbackURL={_component(callback_url)}"


def _component(text: str) -> str:
    return quote(text, safe="!'()*", errors="replace")


async def _guarded(call: Call, callback: Callable[[T, Request | None], object], data: T) -> None:
    try:
        await call.run(callback, data, call.request)
    except Exception as error:
        callback_failed(callback, error)
