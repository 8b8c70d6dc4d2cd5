"""Word to people that something of their account was changed, so that no theft stays unseen.

It goes where a thief does not read: to the address before a change, to the mailbox beside a changed
password (security requirements, account recovery).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from watchword.call import Call
from watchword.http.request import Request
from watchword.plugin_base import Letters, Plugin
from watchword.records import User

from .letters import Letter, proven_name
from .mails import send_mail

Change: TypeAlias = Literal["email", "password", "phone-number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Word to mail to `email`: the address, the password or the phone number is another one."""

    email: str
    """Where to mail it: the address before the change."""
    changed: Change
    user: User
    """As it is now."""


NoticeCallback: TypeAlias = "Callable[[Notice, Request | None], object]"
"""Mails a notice; `def` or `async def`. The request is None for server-side calls."""


def _letter(notice: Notice) -> Letter:
    return Letter(
        kind=f"{notice.changed}-changed",
        to=notice.email,
        name=proven_name(notice.user),
        user_id=notice.user.id,
    )


@dataclass(frozen=True, kw_only=True)
class Notices(Plugin):
    """Options of notices. Without `send` none goes out."""

    id: ClassVar[str] = "notices"
    letters: ClassVar[Letters] = {"send": _letter}

    send: NoticeCallback | None = None
    """Mails a notice after each change of address, password or phone number; gets a `Notice` and
    the request."""


async def notify(call: Call, user: User, changed: Change, *, email: str | None = None) -> None:
    """Mail a notice once the change is stored, to `email` or to the user's address."""
    send = call.config.plugin(Notices).send
    notice = Notice(email=email or user.email, changed=changed, user=user)
    await send_mail(call, send, notice)
