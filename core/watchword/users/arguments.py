"""Arguments of the server's own hand: each of its type and length, named where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec

from watchword.call import Call
from watchword.configuration.durations import Duration, seconds
from watchword.errors import APIError, ConfigurationError
from watchword.features.managed_fields import ROLE, read_data
from watchword.pipeline.additional_fields import additional
from watchword.pipeline.validation import Identifier, ValidationCodes, invalid, sentence_for
from watchword.plugins.admin import Admin
from watchword.records import User

T = TypeVar("T")

_ELSEWHERE = {ROLE: "set_role", "password": "set_password"}
"""What is no field like others, and the function that sets it."""
_BANS = dict.fromkeys(("banned", "ban_reason", "ban_expires"), "disable")
"""The same, where these are not the application's own."""


def checked(name: str, value: T, kind: Any) -> T:
    """An argument, if it is of its type. Raises VALIDATION_ERROR, which names it, not its value."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise invalid([(name, sentence_for(error)[1])]) from None
    return value


def user_id_of(value: str | int) -> str:
    """An id as databases are asked for it; numbers where the database counts them."""
    return str(checked("user_id", value, Identifier | int))


def life_of(name: str, value: Duration, most: int) -> int:
    """Whole seconds from 1 to `most`. Raises VALIDATION_ERROR."""
    try:
        return seconds(name, value, least=1, most=most)
    except ConfigurationError as error:
        raise invalid([(name, f"{error.problem}. {error.remedy}")]) from None


def fields_of(call: Call, given: Mapping[str, object], *, creating: bool) -> dict[str, object]:
    """Additional fields of a user, given by their names in Python, by the same names, checked.

    Raises VALIDATION_ERROR, MISSING_FIELD (when creating), FIELD_NOT_ALLOWED.
    """
    known = {one.name: one for one in additional(call, User)}
    elsewhere = _ELSEWHERE | (_BANS if Admin.id in call.config.plugins else {})
    for name in given:
        if name in elsewhere:
            raise ValidationCodes.FIELD_NOT_ALLOWED(f"{name} is set by {elsewhere[name]}(...)")
        if name not in known:
            raise _no_field(name, known)
    try:
        values = read_data(call, {known[name].wire: value for name, value in given.items()})
    except APIError as error:
        if error.message is not None:
            error.message = error.message.replace("body.data", "fields").replace("body.", "fields.")
        raise
    missing = [name for name, one in known.items() if one.required and name not in values]
    missing = [name for name in missing if name not in elsewhere]
    if creating and missing:
        raise ValidationCodes.MISSING_FIELD(f"{missing[0]} is missing; give {missing[0]}=...")
    return values


def _no_field(name: str, known: Mapping[str, object]) -> APIError:
    shown = repr(name[:100])
    near = get_close_matches(name[:100], known, n=1)
    hint = f"; the nearest is {near[0]!r}" if near else ""
    return ValidationCodes.FIELD_NOT_ALLOWED(f"users have no field {shown}{hint}")
