"""Names of tables and columns in the database, where they differ from the logical ones.

Spec: data model, section 5 (modelName, fields) and plural tables of its adapters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from watchword.errors import ConfigurationError

from .schema import FieldType, Index, Model, schema_and_table

_LONGEST = 63
"""Bytes; PostgreSQL cuts longer names."""
_UNORDERED = (FieldType.JSON, FieldType.STRING_LIST, FieldType.NUMBER_LIST)


@dataclass(frozen=True, kw_only=True)
class Names:
    """How tables and columns are called. Logical names, on the wire and in hooks, stay."""

    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Model to table: `{"user": "members"}`. On PostgreSQL `internal.members` is a table in
    the schema `internal`."""
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Model to field to column: `{"user": {"emailVerified": "email_confirmed"}}`."""
    indexes: Mapping[str, Sequence[Index]] = field(default_factory=dict[str, Sequence[Index]])
    """Model to further indexes of its table: `{"user": [Index(("name", "createdAt"))]}`."""
    snake_case: bool = False
    """All other names in snake_case: `email_verified`, `rate_limit`."""
    plural: bool = False
    """All other tables with an `s`: `users`, `rateLimits`."""

    def applied(self, models: Iterable[Model]) -> dict[str, Model]:
        """The models under these names, by logical name. Raises `ConfigurationError`."""
        made = {model.name: self._named(model) for model in models}
        given = {"tables": self.tables, "columns": self.columns, "indexes": self.indexes}
        for option, named in given.items():
            for model in named:
                if model not in made:
                    remedy = f"Use one of {', '.join(made)}"
                    _refuse(f"names.{option}", f"there is no model {model!r}", remedy)
        _check_tables([model.table_name for model in made.values()])
        return made

    def _named(self, model: Model) -> Model:
        given = self.columns.get(model.name, {})
        known = {one.name for one in model.fields}
        for name in given:
            if name not in known:
                remedy = f"Use one of {', '.join(sorted(known))}"
                _refuse("names.columns", f"{model.name} has no field {name!r}", remedy)
        fields = tuple(
            replace(one, column=given.get(one.name) or one.column or self._cased(one.name))
            for one in model.fields
        )
        _check(f"names.columns[{model.name!r}]", ["id", *(one.column_name for one in fields)])
        table = self.tables.get(model.name) or model.table
        if table is None:
            table = self._cased(model.name) + ("s" if self.plural else "")
        indexes = dict.fromkeys((*model.indexes, *self.indexes.get(model.name, ())))
        for index in indexes:
            _check_index(model, index)
        # One that is unique does what another one over the same fields would do.
        made = tuple(i for i in indexes if i.unique or Index(i.fields, unique=True) not in indexes)
        return replace(model, fields=fields, table=table, indexes=made)

    def _cased(self, name: str) -> str:
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower() if self.snake_case else name


def _check_tables(names: list[str]) -> None:
    for name in names:
        schema, table = schema_and_table(name)
        if "." in table:
            _refuse("names.tables", f"{name!r} has more than one dot", "Use table, or schema.table")
        for part in (table,) if schema is None else (schema, table):
            _check_name("names.tables", part)
    _check_twice("names.tables", names)


def _check_index(model: Model, index: Index) -> None:
    option, known = f"indexes of {model.name}", {one.name: one for one in model.fields}
    if not index.fields or len(set(index.fields)) < len(index.fields):
        _refuse(option, f"{index.fields!r} are no fields to index", "Name each field once")
    for name in index.fields:
        if name not in known and name != "id":
            remedy = f"Use one of {', '.join(sorted(known))}"
            _refuse(option, f"{model.name} has no field {name!r}", remedy)
        if name in known and known[name].type in _UNORDERED:
            _refuse(option, f"{name!r} is JSON, which has no order", "Index other fields")


def _check(option: str, names: list[str]) -> None:
    for name in names:
        _check_name(option, name)
    _check_twice(option, names)


def _check_name(option: str, name: str) -> None:
    text = name.encode(errors="ignore")
    # A lone surrogate is no text, and was left out.
    if not 0 < len(text) <= _LONGEST or "\0" in name or text.decode() != name:
        _refuse(option, f"{name!r} is no name", f"Give one of 1 to {_LONGEST} bytes")


def _check_twice(option: str, names: list[str]) -> None:
    # Databases differ in whether names that differ in case are two: here they are one.
    twice = [name for name, times in Counter(map(str.lower, names)).items() if times > 1]
    if twice:
        _refuse(option, f"{twice[0]!r} is used twice", "Give each a name of its own")


def _refuse(option: str, problem: str, remedy: str) -> None:
    raise ConfigurationError(option, problem, remedy)
