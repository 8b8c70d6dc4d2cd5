"""Phone numbers: their fields, their normal form, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from watchword.call import Call
from watchword.database.records import Column
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.pipeline.validation import Identifier
from watchword.records import User

_LONGEST = 60
"""Characters of a number as people type it, with spaces and brackets; E.164 has 15 digits."""


class WithPhoneNumber(Discreet, msgspec.Struct):
    """What is added to users."""

    phone_number: Annotated[Identifier | None, Column(unique=True, sortable=True)] = None
    phone_number_verified: Annotated[bool | None, Column(input=False)] = None


@dataclass(frozen=True, slots=True)
class E164:
    """The international form of ITU-T E.164: `+4930123456`, however a number is typed.

    Needs the extra `phone`. Numbers that cannot be are none: too long or too short for their
    country, with an extension, or without a country where no `region` is given.
    """

    region: str | None = None
    """Two letters (ISO 3166) of the country of numbers that are typed without one."""

    def __post_init__(self) -> None:
        try:
            import phonenumbers
        except ImportError:
            raise ConfigurationError(
                "E164", "phonenumbers is not installed", "pip install 'watchword[phone]'"
            ) from None
        if self.region is not None and self.region not in phonenumbers.SUPPORTED_REGIONS:
            raise ConfigurationError(
                "E164.region", f"{self.region!r} is no region", "Give two letters, as 'DE'"
            )

    def __call__(self, text: str) -> str | None:
        """The normal form of a number; None if it is none."""
        import phonenumbers

        if len(text) > _LONGEST:
            return None
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return None
        if number.extension or not phonenumbers.is_possible_number(number):
            return None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def number_of(user: User) -> str | None:
    """The phone number of a user."""
    return getattr(user, "phone_number", None)


def is_verified(user: User) -> bool:
    """Whether the user's number was proven."""
    return getattr(user, "phone_number_verified", None) is True


async def user_of_number(call: Call, number: str) -> User | None:
    """The user with a number, in its normal form; None if nobody has it.

    What the database found is compared again: collations call texts equal that are not.
    """
    alike = await call.db.find_many(User, phone_number=number)
    return next((user for user in alike if number_of(user) == number), None)
