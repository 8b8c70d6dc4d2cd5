"""What the plugin adds to users and sessions (spec: plugin admin, (c))."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec

from watchword.database.records import Column
from watchword.discreet import Discreet
from watchword.records import Session, User


class Administered(Discreet, msgspec.Struct):
    """What is added to users."""

    role: Annotated[str | None, Column(input=False)] = None
    """Roles, joined with commas."""
    banned: Annotated[bool | None, Column(input=False)] = False
    ban_reason: Annotated[str | None, Column(input=False)] = None
    ban_expires: Annotated[datetime | None, Column(input=False)] = None
    """None: the ban has no end."""


class Impersonation(Discreet, msgspec.Struct):
    """What is added to sessions."""

    impersonated_by: Annotated[str | None, Column(input=False)] = None
    """The id of the administrator who has the session."""


@dataclass(frozen=True, slots=True)
class Ban:
    """That somebody is locked out."""

    expires: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return self.expires is not None and self.expires < now


NO_BAN: dict[str, object] = {"banned": False, "ban_reason": None, "ban_expires": None}
"""The fields of a user who is not banned."""


def role_of(user: User) -> str | None:
    """The roles of a user as they are stored."""
    return getattr(user, "role", None)


def ban_of(user: User) -> Ban | None:
    """The ban of a user, if there is one; it may be over."""
    banned = getattr(user, "banned", None) is True
    return Ban(getattr(user, "ban_expires", None)) if banned else None


def is_banned(user: User, now: datetime) -> bool:
    """Whether a user is locked out now."""
    ban = ban_of(user)
    return ban is not None and not ban.is_over(now)


def impersonator_of(session: Session) -> str | None:
    """The id of the administrator who has the session of somebody else."""
    return getattr(session, "impersonated_by", None)
