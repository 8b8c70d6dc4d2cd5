"""watchword's tables as the source of declarative models, for an application to keep."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from watchword.database.schema import Field, FieldType, Model, Schema, schema_and_table
from watchword.storage.sql.index_names import IndexNames

from .types import id_type, index_lengths, type_of

_HEAD = '''"""Tables of watchword. Write it anew when the configuration changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import {names}
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from watchword.storage.sqlalchemy.metadata import Insertion, NewId
from watchword.storage.sqlalchemy.types import Flag, Id, Moment, Structure, UuidId, Words


class Base(DeclarativeBase):
    pass
'''
_PYTHON = {
    FieldType.STRING: "str",
    FieldType.BOOLEAN: "bool",
    FieldType.NUMBER: "int",
    FieldType.BIGINT: "int",
    FieldType.DATE: "datetime",
    FieldType.JSON: "Any",
    FieldType.STRING_LIST: "list[str]",
    FieldType.NUMBER_LIST: "list[int]",
}
_TAKEN = {"metadata", "registry"}
"""Names that declarative classes have already."""


def models_source(schema: Schema) -> str:
    """Python source of declarative models: a class for each table, an attribute for each column.

    Attributes are in snake_case; tables, columns, types, indexes and foreign keys are those of
    `watchword_metadata`.
    """
    names = IndexNames(schema)
    body = "".join("\n\n" + "\n".join(_model(schema, model, names)) + "\n" for model in schema)
    used = ("BigInteger", "ForeignKey", "Identity", "Index", "Integer")
    names = [name for name in used if f"{name}(" in body]
    head = _HEAD.format(names=", ".join(names))
    if not names:
        head = head.replace("from sqlalchemy import \n", "")
    for name in ("Insertion", "NewId"):
        if f"{name}()" not in body:
            head = _without(head, name)
    for name in ("Flag", "Id", "Moment", "Structure", "UuidId", "Words"):
        if not re.search(rf"\b{name}\(", body):
            head = _without(head, name)
    if "Any" not in body:
        head = head.replace("from typing import Any\n", "")
    if "datetime]" not in body and "datetime |" not in body:
        head = head.replace("from datetime import datetime\n", "")
    return head + body


def _model(schema: Schema, model: Model, names: IndexNames) -> Iterator[str]:
    yield f"class {_class_name(model.name)}(Base):"
    yield f"    __tablename__ = {schema_and_table(model.table_name)[1]!r}"
    yield from _table_arguments(schema, model, names)
    yield ""
    yield f"    id: Mapped[{_id_python(schema)}] = mapped_column({_id(schema)})"
    for field in model.fields:
        python = _id_python(schema) if _is_id(field) else _PYTHON[field.type]
        optional = "" if field.required else " | None"
        name = _attribute(field.name)
        yield f"    {name}: Mapped[{python}{optional}] = mapped_column({_column(schema, field)})"


def _table_arguments(schema: Schema, model: Model, names: IndexNames) -> Iterator[str]:
    yield "    __table_args__ = ("
    for field in model.fields:
        if field.index and not field.unique:
            name = names.of(model, field.column_name, unique=False)
            yield f"        Index({name!r}, {field.column_name!r}),"
    for index in model.indexes:
        columns, cut = model.columns_of(index), index_lengths(model, index, schema.ids)
        name = names.of(model, *columns, unique=index.unique)
        parts = [*map(repr, (name, *columns)), f"unique={index.unique}"]
        parts += [f"{database}_length={cut!r}" for database in ("mysql", "mariadb") if cut]
        yield f"        Index({', '.join(parts)}),"
    place = schema_and_table(model.table_name)[0]
    options: dict[str, object] = {} if place is None else {"schema": place}
    for database in ("mysql", "mariadb"):
        options |= {f"{database}_engine": "InnoDB", f"{database}_charset": "utf8mb4"}
    if schema.ids == "serial":
        options["sqlite_autoincrement"] = True
    yield f"        {options!r},"
    yield "    )"


def _id(schema: Schema) -> str:
    parts = ["'id'", repr(id_type(schema.ids)), "primary_key=True"]
    if schema.ids == "serial":
        parts.insert(2, "Identity(always=False)")
    if schema.ids == "uuid":
        parts.append("server_default=NewId()")
    return ", ".join(parts)


def _column(schema: Schema, field: Field) -> str:
    parts = [repr(field.column_name), repr(type_of(field, schema.ids))]
    if field.references is not None:
        target = schema[field.references.model]
        wanted = field.references.field
        column = "id" if wanted == "id" else target.field(wanted).column_name
        rule = field.references.on_delete.upper()
        parts.append(f"ForeignKey({f'{target.table_name}.{column}'!r}, ondelete={rule!r})")
    parts.append(f"nullable={not field.required}")
    if field.unique:
        parts.append("unique=True")
    if field.default_now:
        parts.append("server_default=Insertion()")
    return ", ".join(parts)


def _is_id(field: Field) -> bool:
    return field.references is not None and field.references.field == "id"


def _id_python(schema: Schema) -> str:
    return "int" if schema.ids == "serial" else "str"


def _class_name(model: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", model) if part)


def _attribute(field: str) -> str:
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", field).lower()
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def _without(head: str, name: str) -> str:
    """The imports without one name."""
    return re.sub(
        rf"(?<=import ){name}, |, {name}\b|^from \S+ import {name}\n", "", head, flags=re.M
    )
