"""Conditions on text that compare bytes, whatever the collation of a column is.

Tables that others made compare without regard to case, to accents and (mostly) to spaces at the
end. Equality is therefore said twice: once so that an index finds the row, and once in bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from watchword.database.contract import Condition, Where
from watchword.database.schema import FieldType, Model, Schema
from watchword.storage.sql.dialect import Dialect
from watchword.storage.sql.model_sql import Comparison, ModelSQL, Shape
from watchword.storage.sql.queries import Queries

BYTES = "CAST(CONVERT({} USING utf8mb4) AS BINARY)"
_SAID_TWICE = ("eq", "in")
_IN_BYTES = ("ne", "not_in", "contains", "starts_with", "ends_with")


class MySQLModelSQL(ModelSQL):
    """One model, with its text compared in bytes."""

    def __init__(self, schema: Schema, model: Model, dialect: Dialect) -> None:
        super().__init__(schema, model, dialect)
        texts = {name for name, kind in self.types.items() if kind is FieldType.STRING}
        self._texts = frozenset(texts - self._strict)

    def filters(self, where: Where) -> tuple[Shape, list[Any]]:
        shape, params = super().filters(where)
        if len(params) == 1 == len(shape) and self._twice(shape[0]):
            params = params * 2  # the base class has not asked `_comparison`
        return shape, params

    def _comparison(self, condition: Condition, params: list[Any]) -> Comparison:
        start = len(params)
        found = super()._comparison(condition, params)
        if self._twice(found):
            params.extend(params[start:])
        return found

    def _text(self, comparison: Comparison, alias: str) -> str:
        _, field, operator, insensitive, size, _ = comparison
        if field not in self._texts or insensitive or not size:
            return super()._text(comparison, alias)
        column, mark = self.column(field, alias), self.dialect.placeholder
        if operator == "eq":
            return f"({column} = {mark} AND {BYTES.format(column)} = {mark})"
        if operator == "ne":
            return f"{BYTES.format(column)} <> {mark}"
        if operator in _IN_BYTES and operator != "not_in":
            return f"{BYTES.format(column)} {self.dialect.like} {mark}"
        return super()._text(comparison, alias)

    def _list_text(self, comparison: Comparison, column: str) -> str:
        _, field, operator, insensitive, size, has_none = comparison
        if field not in self._texts or insensitive or not size:
            return super()._list_text(comparison, column)
        marks = ", ".join([self.dialect.placeholder] * size)
        if operator == "in":
            found = f"({column} IN ({marks}) AND {BYTES.format(column)} IN ({marks}))"
            return f"({found} OR {column} IS NULL)" if has_none else found
        found = f"{BYTES.format(column)} NOT IN ({marks})"
        return f"({found} AND {column} IS NOT NULL)" if has_none else found

    def _twice(self, comparison: Comparison) -> bool:
        _, field, operator, insensitive, size, _ = comparison
        return operator in _SAID_TWICE and field in self._texts and not insensitive and size > 0


class MySQLQueries(Queries):
    """The statements of a schema for MySQL and MariaDB."""

    model_sql = MySQLModelSQL


def given_id(where: Sequence[Condition]) -> object:
    """The id that conditions give, so that they hold for one row at most; None for none."""
    for one in where:
        if one.field == "id" and one.operator == "eq" and one.connector == "AND":
            return one.value
    return None
