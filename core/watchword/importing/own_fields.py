"""Fields that an application's users have beyond the core's, read from what a source has.

Only plain files can have them: other systems know nothing of the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from watchword.database.records import Attribute
from watchword.database.schema import FieldType
from watchword.errors import APIError
from watchword.pipeline.additional_fields import checked_value

from .imported import ImportedUser, ImportFailure, Read
from .reading import fields, moment, plain, text, yes_or_no

_TEXTS = (FieldType.STRING,)
_NUMBERS = (FieldType.NUMBER, FieldType.BIGINT)
_MOST_NAMES = 100
"""Names of fields that nobody declared, which are told: a file may have any number."""
_LONGEST_NAME = 100


class Refused(Exception):
    """A user lacks a field that he must have, or has a value for it that is none."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a user has of the application's own fields."""

    values: Mapping[str, object]
    problems: tuple[str, ...]
    """What was left out, and why."""


class OwnFields:
    """The declared fields of one application, and the names that its sources had for nothing."""

    def __init__(self, attributes: Iterable[Attribute]) -> None:
        self._attributes = tuple(attributes)
        self._declared = {plain(name) for one in self._attributes for name in (one.name, one.wire)}
        self._undeclared: dict[str, None] = {}
        self._checked = False

    @property
    def undeclared(self) -> list[str]:
        """Names in the source that neither the import nor the application knows."""
        return list(self._undeclared)

    def check(self, batch: Sequence[Read]) -> None:
        """Look at the first users: raise `ImportFailure` if none has a field that all must have."""
        users = [one for one in batch if isinstance(one, ImportedUser)]
        if self._checked or not users:
            return
        self._checked = True
        there = {plain(name) for one in users for name in one.raw}
        missing = [
            one.name
            for one in self._attributes
            if one.required and not {plain(one.name), plain(one.wire)} & there
        ]
        if missing:
            raise ImportFailure(
                f"users need a value for {', '.join(missing)}, which the source does not have",
                "Give the field a default",
            )

    def read(self, user: ImportedUser) -> Own:
        """The values of a user, by attribute name. Raises `Refused`."""
        for name in user.unread:
            if plain(name) not in self._declared and len(self._undeclared) < _MOST_NAMES:
                self._undeclared[name[:_LONGEST_NAME]] = None
        given = fields(user.raw)
        values: dict[str, object] = {}
        problems: list[str] = []
        for one in self._attributes:
            found = given.get(plain(one.wire), given.get(plain(one.name)))
            if found is None or found == "":
                if one.required:
                    raise Refused(f"no value for the field {one.name}, which users must have")
                continue
            try:
                values[one.name] = checked_value(one, _typed(one, found))
            except (APIError, ValueError):
                problem = f"the field {one.name}: its value is not of its type"
                if one.required:
                    raise Refused(problem) from None
                problems.append(problem)
        return Own(values, tuple(problems))


def _typed(attribute: Attribute, value: object) -> object:
    """A value as JSON has it: in CSV all are text. What is none of the type stays as it is."""
    kind = attribute.field.type
    if kind is FieldType.DATE:
        return moment(value) or value
    if kind in _TEXTS:
        return text(value) or value
    if not isinstance(value, str):
        return value
    if kind is FieldType.BOOLEAN:
        found = yes_or_no(value)
        return value if found is None else found
    if kind in _NUMBERS:
        return msgspec.convert(value.strip(), attribute.annotation, strict=False)
    return msgspec.json.decode(value)
