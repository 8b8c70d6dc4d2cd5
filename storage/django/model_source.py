"""watchword's tables as the source of Django's models, for a project to keep."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from django.db import models

from watchword.database.schema import (
    Field,
    FieldType,
    Model,
    Reference,
    Schema,
    schema_and_table,
)
from watchword.database.tables import Tables
from watchword.discreet import secret_fields
from watchword.storage.sql.index_names import IndexNames

_HEAD = '''"""Tables of watchword. Write it anew when the configuration changes.

Write through watchword, whose hooks and checks hold then, and read through these.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

{imports}'''
_OURS = {
    "constraints": ("CutIndex", "DeletedWith"),
    "fields": ("Flag", "Id", "Moment", "Structure", "UuidId", "Words"),
}
_KINDS = {
    FieldType.BOOLEAN: "Flag",
    FieldType.NUMBER: "models.IntegerField",
    FieldType.BIGINT: "models.BigIntegerField",
    FieldType.DATE: "Moment",
    FieldType.JSON: "Structure",
    FieldType.STRING_LIST: "Structure",
    FieldType.NUMBER_LIST: "Structure",
}
_TAKEN = {*dir(models.Model), "objects", "pk", "secrets"}
"""Names that models have already."""


def models_source(tables: Tables, *, managed: bool = False) -> str:
    """Python source of models: a class for each table, a field for each column.

    Fields are in snake_case, without `_id` where they are foreign keys. `managed`: for migrations
    of the project's own, which make the tables as `migrate` does.
    """
    schema = tables.schema
    names = IndexNames(schema)
    body = "".join(
        "\n\n" + "\n".join(_Source(tables, model, names, managed=managed).lines()) + "\n"
        for model in schema
    )
    imports = [
        f"from watchword.storage.django.{module} import {', '.join(used)}\n"
        for module, ours in _OURS.items()
        if (used := [name for name in ours if re.search(rf"\b{name}\(", body)])
    ]
    return _HEAD.format(imports="".join(imports)) + body


class _Source:
    """One class."""

    def __init__(self, tables: Tables, model: Model, names: IndexNames, *, managed: bool) -> None:
        self._schema: Schema = tables.schema
        self._model = model
        self._names = names
        self._managed = managed
        table = tables.of_model(model.name)
        attributes = {one.field.name: name for name, one in table.attributes.items()}
        hidden = secret_fields(table.record)
        self._secrets = [one for one in model.fields if attributes.get(one.name) in hidden]

    def lines(self) -> Iterator[str]:
        """The class, line by line."""
        yield f"class {_class_name(self._model.name)}(models.Model):"
        yield f"    id = {self._id()}"
        for field in self._model.fields:
            yield f"    {self._attribute(field)} = {self._field(field)}"
        yield ""
        secrets = tuple(map(self._attribute, self._secrets))
        yield f"    secrets: ClassVar[tuple[str, ...]] = {secrets!r}"
        yield '    """What `WatchwordAdmin` does not show."""'
        yield ""
        yield "    class Meta:"
        yield f"        managed = {self._managed}"
        yield f"        db_table = {_table(self._model.table_name)!r}"
        if self._managed:
            yield from self._listed("indexes", self._indexes())
            yield from self._listed("constraints", self._constraints())

    def _id(self) -> str:
        kinds = {"text": "Id", "uuid": "UuidId", "serial": "models.AutoField"}
        return f"{kinds[self._schema.ids]}(primary_key=True)"

    def _field(self, field: Field) -> str:
        parts = [] if field.required else ["null=True", "blank=True"]
        if field.unique:
            parts.append("unique=True")
        if field.default is not None:
            parts.append(f"default={field.default!r}")
        if field.column_name != self._attribute(field):
            parts.append(f"db_column={field.column_name!r}")
        if field.references is not None:
            return self._reference(field, field.references, parts)
        if field.type is FieldType.STRING and (field.unique or field.index or field.sortable):
            parts.insert(0, "key=True")
        return f"{_KINDS.get(field.type, 'Words')}({', '.join(parts)})"

    def _reference(self, field: Field, reference: Reference, parts: list[str]) -> str:
        rule = "SET_NULL" if reference.on_delete == "set null" else "CASCADE"
        given = [repr(_class_name(reference.model)), f"models.{rule}", *parts]
        if reference.field != "id":
            given.append(f"to_field={_plain(reference.field)!r}")
        referring = [one.references for one in self._model.fields if one.references]
        if [one.model for one in referring].count(reference.model) > 1:
            name = f"{_plain(self._model.name)}_by_{self._attribute(field)}"
            given.append(f"related_name={name!r}")
        if self._managed:
            given += ["db_constraint=False", "db_index=False"]
        return f"models.ForeignKey({', '.join(given)})"

    def _attribute(self, field: Field) -> str:
        return _plain(field.name, is_key=field.references is not None)

    def _indexes(self) -> Iterator[str]:
        for field in self._model.fields:
            if field.index and not field.unique:
                yield f"models.Index(fields=[{self._attribute(field)!r}])"
        for index in self._model.indexes:
            if not index.unique:
                yield f"CutIndex(fields={self._attributes(index.fields)!r})"

    def _constraints(self) -> Iterator[str]:
        for index in self._model.indexes:
            if index.unique:
                columns = self._model.columns_of(index)
                name = self._names.of(self._model, *columns, unique=True)
                fields = self._attributes(index.fields)
                yield f"models.UniqueConstraint(fields={fields!r}, name={name!r})"
        for field in self._model.fields:
            if field.references is not None:
                table = schema_and_table(self._model.table_name)[1]
                name, rule = f"{table}_{field.column_name}_fkey", field.references.on_delete
                parts = f"field={self._attribute(field)!r}, name={name!r}, on_delete={rule!r}"
                yield f"DeletedWith({parts})"

    def _attributes(self, fields: tuple[str, ...]) -> list[str]:
        return ["id" if one == "id" else self._attribute(self._model.field(one)) for one in fields]

    def _listed(self, option: str, lines: Iterator[str]) -> Iterator[str]:
        found = list(lines)
        if found:
            yield f"        {option} = ["
            yield from (f"            {line}," for line in found)
            yield "        ]"


def _class_name(model: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", model) if part)


def _plain(field: str, *, is_key: bool = False) -> str:
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", field).lower()
    name = re.sub(r"\W+|__+", "_", name).strip("_")
    if is_key:
        name = name.removesuffix("_id") or name
    return f"{name}_value" if keyword.iskeyword(name) or name in _TAKEN else name


def _table(name: str) -> str:
    schema, table = schema_and_table(name)
    # As Django leaves it alone.
    return table if schema is None else f'"{schema}"."{table}"'
