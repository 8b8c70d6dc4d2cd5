"""The types of answers, as one client reads them.

Endpoints name the core's records. A server answers with what its application and its plugins made
of them, so each type that mentions a record is read as a subclass that has these fields too: what
comes back is still a `SessionAndUser`, and its user is one of `user_type`.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast

import msgspec
from msgspec import NODEFAULT, UNSET

from watchword.database.records import Column, Record, prepared
from watchword.plugin_base import Plugin


class Shapes:
    """The types with the application's records, and the fields that some plugins add."""

    def __init__(self, records: Iterable[type[Record]], plugins: Sequence[type[Plugin]]) -> None:
        self._records = {record.__model__: record for record in records}
        self._plugins = tuple(dict.fromkeys(plugins))
        self._made: dict[object, Any] = {}

    def of(self, hint: Any) -> Any:
        """A type as it is read here."""
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        kind = origin or hint
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(kind, hint)
        if isinstance(hint, TypeVar):
            return self.of(hint.__bound__ or Any)
        if not args or origin is Literal:
            return hint
        if origin is Annotated:
            return Annotated[(self.of(args[0]), *args[1:])]  # pyright: ignore
        alias: Any = Union if origin is UnionType else origin
        return alias[tuple(map(self.of, args))]

    def _struct(self, kind: type[msgspec.Struct], hint: Any) -> Any:
        known = self._made.get(hint)
        if known is not None:
            return known
        if issubclass(kind, Record):
            kind = hint = self._record(kind)
        # A type that holds itself is found as it is.
        self._made[hint] = hint
        declared = {info.name: info.type for info in msgspec.structs.fields(kind)}
        changed: list[Any] = []
        differs = False
        for info in msgspec.structs.fields(hint):
            shaped, default = self.of(info.type), _default(info)
            if default is NODEFAULT and info.encode_name in getattr(kind, "__hidden__", ()):
                # No server shows it, and code that reads it is told so.
                shaped = Annotated[shaped | msgspec.UnsetType, Column(returned=False)]
                default = UNSET
            differs = differs or shaped != info.type
            if shaped != declared[info.name]:
                changed.append((info.name, shaped, _field(info, default)))
        made: Any = hint
        if differs:
            made = msgspec.defstruct(
                kind.__name__, changed, bases=(kind,), module=kind.__module__, kw_only=True
            )
        self._made[hint] = made
        return made

    def _record(self, kind: type[Record]) -> type[Record]:
        own = self._records.get(kind.__model__, kind)
        extensions = [
            fields
            for plugin in self._plugins
            for record, fields in plugin.extends.items()
            if record.__model__ == kind.__model__
        ]
        return prepared(own if issubclass(own, kind) else kind, extensions)


def _default(info: msgspec.structs.FieldInfo) -> object:
    return info.default if info.default_factory is NODEFAULT else info.default_factory


def _field(info: msgspec.structs.FieldInfo, default: object) -> Any:
    if info.default_factory is not NODEFAULT:
        return msgspec.field(default_factory=info.default_factory, name=info.encode_name)
    return msgspec.field(default=cast("Any", default), name=info.encode_name)
