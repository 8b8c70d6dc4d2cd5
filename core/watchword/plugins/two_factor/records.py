"""What is stored about second factors (spec: plugin two-factor, (c))."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from watchword.database.records import Column, Record
from watchword.discreet import Discreet
from watchword.records import User


class SecondFactor(Record, kw_only=True):
    """The authenticator app and the backup codes of a user; one row each."""

    __model__: ClassVar[str] = "twoFactor"
    secret: Annotated[str, Column(index=True, returned=False)]
    """Encrypted, see `totp`."""
    backup_codes: Annotated[str, Column(returned=False)]
    user_id: Annotated[str, Column(references="user.id", index=True, returned=False)]
    verified: Annotated[bool | None, Column(input=False)] = True
    """False until the first code: then the app is not asked for yet. None counts as true."""
    failed_verification_count: Annotated[int | None, Column(input=False, returned=False)] = 0
    locked_until: Annotated[datetime | None, Column(input=False, returned=False)] = None

    @property
    def is_set_up(self) -> bool:
        """Whether a code of the app was given once."""
        return self.verified is not False


class WithSecondFactor(Discreet, msgspec.Struct):
    """What is added to users."""

    two_factor_enabled: Annotated[bool | None, Column(input=False)] = False


class NotesSecondFactor(Discreet, msgspec.Struct):
    """What is added to sessions, where the options say so."""

    second_factor_at: Annotated[datetime | None, Column(input=False, inherited=True)] = None
    """When the second factor was last given in it; None: never."""


def is_enabled(user: User) -> bool:
    """Whether a second factor is asked of the user."""
    return getattr(user, "two_factor_enabled", None) is True
