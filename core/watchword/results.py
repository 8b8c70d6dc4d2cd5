"""What several endpoints give back. Typed with the application's own user class."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from watchword.database.hidden import Shown

from .discreet import Discreet
from .records import Session, User

U = TypeVar("U", bound=User)


class SessionAndUser(
    Shown, Discreet, msgspec.Struct, Generic[U], frozen=True, rename="camel", omit_defaults=True
):
    """Who is signed in: the session and its user."""

    session: Session
    user: U
    needs_refresh: bool | None = None
    """Only with deferred refresh: whether the client should POST /get-session."""


class Status(Discreet, msgspec.Struct, frozen=True):
    """Done."""

    status: bool = True


class Success(Discreet, msgspec.Struct, frozen=True):
    """Done."""

    success: bool = True
