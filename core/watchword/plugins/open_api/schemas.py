"""Types as JSON Schema: inputs as they are read, results as they are written.

Tables and structs become components, each under one name. Fields that no client sees are left out
everywhere (`Column(returned=False)`), and so are defaults of results.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias, cast

import msgspec
from msgspec import inspect as kinds

from watchword.database.records import Attribute, Record, attributes_of
from watchword.database.tables import Tables

Schema: TypeAlias = "dict[str, Any]"
Mode = Literal["input", "result"]

REFERENCE = "#/components/schemas/"
_ANCHORS = ((r"\A", "^"), (r"\Z", "$"))
"""Of Python, and in JSON Schema (ECMA 262)."""


class Schemas:
    """The components of one document. What is asked for is added to them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.components: dict[str, Schema] = {}
        self._names: dict[tuple[object, Mode], str] = {}
        self._known: dict[tuple[object, Mode], Schema] = {}

    def of(self, hint: object, mode: Mode) -> Schema:
        """The schema of a type."""
        found = self._known.get((hint, mode))
        if found is None:
            found = self._known[hint, mode] = self._of(kinds.type_info(hint), mode)
        return found

    def any_of(self, hints: Iterable[object], mode: Mode) -> Schema:
        """The schema of several types, one of which it is."""
        return _any_of([self.of(hint, mode) for hint in hints])

    def add_table(self, record: type[Record]) -> None:
        """The component of a table: its first letter is a capital one."""
        self._component(_struct(record), "result")

    def fields(self, kind: type[msgspec.Struct]) -> list[tuple[str, bool, Schema]]:
        """Wire name, whether it must be there, and schema of each field of an input."""
        return [
            (field.encode_name, field.required, self._field(field, "input"))
            for field in _struct(kind).fields
        ]

    def extend(
        self, kind: type[msgspec.Struct], more: Iterable[Attribute], *, creating: bool
    ) -> None:
        """Let an input have columns beside its own fields; in `creating`, some must be there."""
        component = self.components[self.of(kind, "input")["$ref"].removeprefix(REFERENCE)]
        for attribute in more:
            if attribute.wire in component["properties"] or not attribute.column.input:
                continue
            component["properties"][attribute.wire] = self.of(attribute.annotation, "input")
            if creating and attribute.required:
                component.setdefault("required", []).append(attribute.wire)

    def _of(self, kind: kinds.Type, mode: Mode) -> Schema:
        match kind:
            case kinds.Metadata():
                return {**self._of(kind.type, mode), **_said(kind)}
            case kinds.StructType():
                return {"$ref": REFERENCE + self._component(kind, mode)}
            case kinds.UnionType():
                return _any_of([self._of(one, mode) for one in kind.types])
            case kinds.DictType():
                return {
                    "type": "object",
                    "additionalProperties": self._of(kind.value_type, mode),
                    **_bounds(kind, min_length="minProperties", max_length="maxProperties"),
                }
            case kinds.CollectionType():
                return {
                    "type": "array",
                    "items": self._of(kind.item_type, mode),
                    **_bounds(kind, min_length="minItems", max_length="maxItems"),
                }
            case kinds.LiteralType() | kinds.EnumType():
                return _choices(kind)
            case _:
                return _scalar(kind)

    def _component(self, kind: kinds.StructType, mode: Mode) -> str:
        struct: type[msgspec.Struct] = getattr(kind.cls, "__origin__", kind.cls)
        name = struct.__name__
        table = self._table_of(struct)
        if table is not None and issubclass(table, struct):
            # The class that stands for the table: with the fields of plugins and applications.
            struct = table
            name = struct.__model__[:1].upper() + struct.__model__[1:]
            kind = _struct(struct)
        key = (kind.cls, mode)
        if (known := self._names.get(key)) is not None:
            return known
        if name in self.components:
            name = self._free(_home(struct) + name)
        self._names[key] = name
        self.components[name] = {}  # found by what it holds that is of its own kind
        self.components[name].update(self._object(kind, struct, mode))
        return name

    def _object(self, kind: kinds.StructType, struct: type[Any], mode: Mode) -> Schema:
        shown = _shown(kind, struct)
        table = self._table_of(struct)
        if table is not None and table is not struct:
            # A row with more around it: it has the fields of plugins and applications as well.
            own = {field.name for field in kind.fields}
            shown += [one for one in _shown(_struct(table), table) if one.name not in own]
        made: Schema = {"type": "object"}
        if said := described(struct.__doc__):
            made["description"] = said
        made["properties"] = {field.encode_name: self._field(field, mode) for field in shown}
        if mode == "result" and issubclass(struct, Record):
            _mark_read_only(made["properties"], struct)
        always = _required if mode == "input" else partial(_written, struct)
        if required := [field.encode_name for field in shown if always(field)]:
            made["required"] = required
        return made

    def _table_of(self, struct: type[msgspec.Struct]) -> type[Record] | None:
        if not issubclass(struct, Record) or struct not in self._tables:
            return None
        return self._tables.of(struct).record

    def _field(self, field: kinds.Field, mode: Mode) -> Schema:
        schema = self._of(field.type, mode)
        plain = field.default is not msgspec.NODEFAULT and isinstance(
            field.default, str | int | float | bool
        )
        if mode == "input" and plain and "$ref" not in schema:
            return {**schema, "default": field.default}
        return schema

    def _free(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.components:
            number += 1
            name = f"{wanted}{number}"
        return name


def _said(kind: kinds.Metadata) -> Schema:
    """What `msgspec.Meta(extra_json_schema=...)` adds."""
    return cast("Schema", cast("Any", kind).extra_json_schema or {})


def described(docstring: str | None) -> str:
    """A docstring as one text, without what it says about errors and code."""
    text = " ".join((docstring or "").split())
    return re.split(r"\s*\bRaises\b", text, maxsplit=1)[0].replace("`", "")


def _shown(kind: kinds.StructType, struct: type[msgspec.Struct]) -> list[kinds.Field]:
    hidden: frozenset[str] = getattr(struct, "__hidden__", frozenset())
    return [field for field in kind.fields if field.encode_name not in hidden]


def _required(field: kinds.Field) -> bool:
    return field.required


def _written(struct: type[msgspec.Struct], field: kinds.Field) -> bool:
    """Whether a field is in every JSON that a struct is written as."""
    has_default = field.default is not msgspec.NODEFAULT
    if not field.required and not has_default:
        return field.default_factory is not msgspec.NODEFAULT  # else it is unset
    return not (struct.__struct_config__.omit_defaults and has_default)


def _mark_read_only(properties: dict[str, Schema], record: type[Record]) -> None:
    closed = {one.wire for one in attributes_of(record) if not one.column.input}
    for name in closed | {"id"}:
        if name in properties and "$ref" not in properties[name]:
            properties[name] = {**properties[name], "readOnly": True}


def _home(struct: type[Any]) -> str:
    """The folder that a class is declared in, as a part of a name: `Passkey`."""
    words = struct.__module__.split(".")[-2:][0].split("_")
    return "".join(word.capitalize() for word in words)


def _struct(kind: type[msgspec.Struct]) -> kinds.StructType:
    return cast("kinds.StructType", kinds.type_info(kind))


def _any_of(schemas: list[Schema]) -> Schema:
    schemas = [one for place, one in enumerate(schemas) if one not in schemas[:place]]
    if {} in schemas:
        return {}
    if len(schemas) == 1:
        return schemas[0]
    plain = [one for one in schemas if one != {"type": "null"}]
    if len(plain) == 1 and len(schemas) == 2 and isinstance(plain[0].get("type"), str):
        one = {**plain[0], "type": [plain[0]["type"], "null"]}
        return {**one, "enum": [*one["enum"], None]} if "enum" in one else one
    return {"anyOf": schemas}


def _choices(kind: kinds.LiteralType | kinds.EnumType) -> Schema:
    if isinstance(kind, kinds.LiteralType):
        values = list(kind.values)
    else:
        values = [one.value for one in kind.cls]
    if all(isinstance(value, str) for value in values):
        return {"type": "string", "enum": values}
    truths = all(isinstance(value, bool) for value in values)
    return {"type": "boolean" if truths else "integer", "enum": values}


def _scalar(kind: kinds.Type) -> Schema:
    match kind:
        case kinds.NoneType():
            return {"type": "null"}
        case kinds.BoolType():
            return {"type": "boolean"}
        case kinds.IntType() | kinds.FloatType():
            limits = _bounds(
                kind,
                ge="minimum",
                gt="exclusiveMinimum",
                le="maximum",
                lt="exclusiveMaximum",
                multiple_of="multipleOf",
            )
            return {"type": "integer" if isinstance(kind, kinds.IntType) else "number", **limits}
        case kinds.StrType():
            limits = _bounds(kind, min_length="minLength", max_length="maxLength")
            if kind.pattern is not None:
                limits["pattern"] = _pattern(kind.pattern)
            return {"type": "string", **limits}
        case kinds.DateTimeType():
            return {"type": "string", "format": "date-time"}
        case _:
            return {}


def _bounds(kind: kinds.Type, **names: str) -> Schema:
    found: Mapping[str, object] = {wire: getattr(kind, name) for name, wire in names.items()}
    return {wire: value for wire, value in found.items() if value is not None}


def _pattern(pattern: str) -> str:
    for ours, theirs in _ANCHORS:
        pattern = pattern.replace(ours, theirs)
    return pattern
