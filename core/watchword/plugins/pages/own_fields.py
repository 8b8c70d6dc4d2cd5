"""Fields that an application's users have of their own, as fields of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec

from watchword.configuration.configuration import Configuration
from watchword.database.records import Attribute, attributes_of
from watchword.discreet import Discreet
from watchword.records import User

from .texts import Words

Kind = Literal["text", "number", "date", "checkbox", "select"]
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_ASKED_ELSEWHERE = {"username", "displayUsername", "phoneNumber"}
"""Of plugins: with rules of their own."""
_LONGEST = 10_000


class OwnField(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One of them."""

    __secrets__ = frozenset[str]()

    name: str
    """On the wire."""
    kind: Kind
    required: bool
    value: str = ""
    """What it is unless somebody says otherwise."""
    choices: tuple[tuple[str, str], ...] = ()
    longest: int = _LONGEST
    inputmode: str = ""
    label: str = ""

    def told(self, words: Words) -> OwnField:
        """The same with its label, a text `field.<name>` or the name as words."""
        return msgspec.structs.replace(self, label=words.of_field(self.name, _as_words(self.name)))

    def is_given(self, form: Mapping[str, str]) -> bool:
        """Whether a form says something about it: a box that is not ticked is not there at all,
        and a field that was left empty has its default."""
        return self.kind == "checkbox" or bool(form.get(self.name)) or self.required


def own_fields(config: Configuration) -> Iterator[OwnField]:
    """Those of users that a form can ask for: texts, numbers, days, choices, yes or no."""
    core = {one.name for one in attributes_of(User)}
    of_plugins = {
        info.name
        for plugin in config.plugins.values()
        for record, added in plugin.added_fields().items()
        if record.__model__ == User.__model__
        for info in msgspec.structs.fields(added)
    }
    for name, attribute in config.tables.of(User).attributes.items():
        if name in core or name in of_plugins or not attribute.column.input:
            continue
        if attribute.wire in _ASKED_ELSEWHERE or attribute.wire in ("do", "next"):
            continue
        made = _made(attribute)
        if made is not None:
            yield made


def _made(attribute: Attribute) -> OwnField | None:
    hint, meta = _bare(attribute.annotation)
    default = attribute.default() if attribute.default is not None else None
    required = attribute.required
    if get_origin(hint) is Literal:
        values = get_args(hint)
        if not all(isinstance(one, str) for one in values):
            return None
        choices = tuple((one, _as_words(one)) for one in values)
        # Where there is no default something has to be chosen, if only nothing.
        chosen = required or isinstance(default, str)
        return OwnField(
            name=attribute.wire,
            kind="select",
            required=chosen,
            value=default if isinstance(default, str) else "",
            choices=choices if isinstance(default, str) else (("", ""), *choices),
        )
    if hint is bool:
        value = "on" if default is True else ""
        return OwnField(name=attribute.wire, kind="checkbox", required=False, value=value)
    if hint is str:
        longest = meta.max_length if meta is not None and meta.max_length else _LONGEST
        value = default if isinstance(default, str) else ""
        return OwnField(
            name=attribute.wire, kind="text", required=required, value=value, longest=longest
        )
    if hint is int or hint is float:
        value = "" if default is None else str(default)
        mode = "numeric" if hint is int else "decimal"
        return OwnField(
            name=attribute.wire,
            kind="text",
            required=required,
            value=value,
            longest=40,
            inputmode=mode,
        )
    if attribute.field.type.value == "date":
        return OwnField(name=attribute.wire, kind="date", required=required, longest=10)
    return None


def _bare(hint: object) -> tuple[object, msgspec.Meta | None]:
    """A type without annotations and None."""
    meta: msgspec.Meta | None = None
    while True:
        if get_origin(hint) is Annotated:
            hint, *said = get_args(hint)
            meta = next((one for one in said if isinstance(one, msgspec.Meta)), meta)
        elif isinstance(hint, UnionType) or get_origin(hint) is Union:
            arms = [one for one in get_args(hint) if one is not NoneType]
            if len(arms) != 1:
                return object, None
            hint = arms[0]
        else:
            return hint, meta


def _as_words(name: str) -> str:
    found = " ".join(_WORD.findall(name)).lower()
    return found[:1].upper() + found[1:] if found else name
