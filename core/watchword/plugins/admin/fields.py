"""What administrators may write of a user: free-form fields, each of its type (security X2).

The application's own fields, those that clients may not write as well. What another plugin keeps
closed stays its own: a second factor, for example, is more than the mark of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from watchword.call import Call
from watchword.database.records import attributes_of
from watchword.discreet import Discreet
from watchword.pipeline.additional_fields import additional, checked_value
from watchword.pipeline.validation import PersonName, Picture, ValidationCodes, read_input
from watchword.records import User

from .records import Administered

EMAIL, VERIFIED, ROLE = "email", "emailVerified", "role"
BAN_FIELDS = frozenset(("banned", "banReason", "banExpires"))
PHONE_FIELDS = frozenset(("phoneNumber", "phoneNumberVerified"))
_PHONE = frozenset(("phone_number", "phone_number_verified"))


class _CoreFields(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    image: Picture | msgspec.UnsetType | None = msgspec.UNSET
    email_verified: bool | msgspec.UnsetType = msgspec.UNSET


def read_data(call: Call, data: Mapping[str, object]) -> dict[str, object]:
    """The fields of `data` by attribute name, but address, role and id; unknown ones are left out.

    Raises VALIDATION_ERROR and, for what another plugin keeps closed, FIELD_NOT_ALLOWED.
    """
    core = read_input(_CoreFields, dict(data), "body.data")
    values = {
        name: value
        for name, value in msgspec.structs.asdict(core).items()
        if value is not msgspec.UNSET
    }
    closed = _closed(call)
    for attribute in additional(call, User):
        if attribute.wire not in data or attribute.wire == ROLE:
            continue
        if attribute.name in closed:
            raise ValidationCodes.FIELD_NOT_ALLOWED(f"{attribute.wire} is not allowed to be set")
        values[attribute.name] = checked_value(attribute, data[attribute.wire])
    return values


def unproven(user: User, changes: Mapping[str, object]) -> dict[str, object]:
    """The mark that a user loses with another address, which nobody has proven. Numbers are known
    by their normal form: their plugin sees to them."""
    email = changes.get("email", user.email)
    return {} if email == user.email else {"email_verified": False}


def _closed(call: Call) -> set[str]:
    added = (plugin.added_fields().get(User) for plugin in call.config.plugins.values())
    others = (fields for fields in added if fields is not None and fields is not Administered)
    return {
        attribute.name
        for fields in others
        for attribute in attributes_of(fields)
        if not attribute.column.input and attribute.name not in _PHONE
    }
