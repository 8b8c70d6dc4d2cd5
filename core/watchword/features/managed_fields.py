"""Which fields of a user are written from outside, each by its type (security X2).

Written are the application's own fields, those that clients may not write as well. What a plugin
keeps closed stays its own: a second factor, for example, is more than the mark of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from watchword.call import Call
from watchword.database.records import Attribute, attributes_of
from watchword.discreet import Discreet
from watchword.pipeline.additional_fields import additional, checked_value
from watchword.pipeline.validation import PersonName, Picture, ValidationCodes, read_input
from watchword.records import User

ROLE = "role"
_PHONE = frozenset(("phone_number", "phone_number_verified"))


class _CoreFields(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    image: Picture | msgspec.UnsetType | None = msgspec.UNSET
    email_verified: bool | msgspec.UnsetType = msgspec.UNSET


def read_data(
    call: Call, data: Mapping[str, object], *, opened: type[msgspec.Struct] | None = None
) -> dict[str, object]:
    """The fields of `data` by attribute name, but address, role and id; unknown ones are left out.

    `data` has the names of the wire. `opened` are fields of a plugin that who is asking may write
    all the same. Raises VALIDATION_ERROR and, for what a plugin keeps closed, FIELD_NOT_ALLOWED.
    """
    core = read_input(_CoreFields, dict(data), "body.data")
    values = {
        name: value
        for name, value in msgspec.structs.asdict(core).items()
        if value is not msgspec.UNSET
    }
    closed = _closed(call, opened)
    for attribute in additional(call, User):
        if attribute.wire not in data or attribute.wire == ROLE:
            continue
        if attribute.name in closed:
            raise ValidationCodes.FIELD_NOT_ALLOWED(f"{attribute.wire} is not allowed to be set")
        values[attribute.name] = checked_value(attribute, data[attribute.wire])
    return values


def own_role(call: Call) -> Attribute | None:
    """The field `role` that the application declared for its users itself, if it did."""
    closed = _closed(call, None)
    fields = (one for one in additional(call, User) if one.wire == ROLE)
    return next((one for one in fields if one.name not in closed), None)


def _closed(call: Call, opened: type[msgspec.Struct] | None) -> set[str]:
    added = (plugin.added_fields().get(User) for plugin in call.config.plugins.values())
    others = (fields for fields in added if fields is not None and fields is not opened)
    return {
        attribute.name
        for fields in others
        for attribute in attributes_of(fields)
        if not attribute.column.input and attribute.name not in _PHONE
    }
