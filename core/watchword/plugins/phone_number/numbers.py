"""Phone numbers: their fields, their normal form, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from watchword.call import Call
from watchword.database.hooks import Values
from watchword.database.records import Column
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.pipeline.validation import Identifier
from watchword.records import User

from .wire import PhoneNumberCodes

NormalForm = Callable[[str], str | None]

_ADMIN = frozenset(("/admin/create-user", "/admin/update-user"))
"""Where administrators give somebody a number, which is not verified by that."""
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


def normal_number(form: NormalForm | None, text: str) -> str:
    """The normal form of a number. Raises INVALID_PHONE_NUMBER.

    Whatever else an own function makes is none: a blank one would be everybody's.
    """
    number = text if form is None else form(text)
    if not isinstance(number, str) or not number.strip() or not number.isprintable():
        raise PhoneNumberCodes.INVALID_PHONE_NUMBER()
    return number


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


async def of_new_user(form: NormalForm | None, values: Values, call: object) -> Values | None:
    """Nobody is made with a number that was not proven."""
    number = values.get("phone_number")
    if isinstance(number, str) and values.get("phone_number_verified") is True:
        return {"phone_number": normal_number(form, number)} if _by_admin(call) else None
    if number is None:
        return None
    if isinstance(call, Call) and call.fields.get("phoneNumber"):
        raise PhoneNumberCodes.PHONE_NUMBER_CANNOT_BE_SET()
    return {"phone_number": None, "phone_number_verified": False}


async def of_changes(form: NormalForm | None, values: Values, call: object) -> Values | None:
    """Nobody gets one either, but from an administrator, and then it has to be proven yet."""
    if "phone_number" not in values:
        return None
    number, proven = values["phone_number"], values.get("phone_number_verified") is True
    if not isinstance(number, str):
        return {"phone_number_verified": False}
    if _by_admin(call):
        number = normal_number(form, number)
    elif proven:
        return None
    elif isinstance(call, Call) and call.endpoint is not None:
        return {"phone_number": msgspec.UNSET}
    # Who has it already keeps it as proven as it was. To anybody else it is refused.
    if proven or (isinstance(call, Call) and await call.db.count(User, phone_number=number)):
        return {"phone_number": number}
    return {"phone_number": number, "phone_number_verified": False}


def _by_admin(call: object) -> bool:
    endpoint = call.endpoint if isinstance(call, Call) else None
    return endpoint is not None and endpoint.path in _ADMIN
