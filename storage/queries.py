"""SQL text, compiled once per shape of a query and cached; only the parameters vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from watchword.database.contract import (
    Condition,
    InvalidValue,
    Join,
    JoinedRow,
    Row,
    Sort,
    Value,
    Where,
)
from watchword.database.schema import FieldType, Model, Schema

from .dialect import Dialect

_COMPARE = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LIKE = {"contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}

Shape = tuple[Any, ...]


class ModelQueries:
    """Everything about one model that can be prepared: columns, conversions, statement texts."""

    def __init__(self, model: Model, dialect: Dialect) -> None:
        self.dialect = dialect
        self.model = model
        self.table = dialect.quoted(model.table_name)
        self.columns = {"id": dialect.quoted("id")}
        types = {"id": FieldType.STRING}
        for field in model.fields:
            self.columns[field.name] = dialect.quoted(field.column_name)
            types[field.name] = field.type
        self._store = {name: dialect.store[kind] for name, kind in types.items()}
        self._load = [
            (name, dialect.load[kind]) for name, kind in types.items() if kind in dialect.load
        ]
        self._names = tuple(self.columns)
        self._cache: dict[Shape, str] = {}

    def bind(self, field: str, value: Any) -> Any:
        """A value as the driver wants it. Raises `InvalidValue` naming the field."""
        if value is None:
            return None
        try:
            return self._store[field](value)
        except InvalidValue as error:
            raise InvalidValue(f"{self.model.name}.{field}: {error}") from None

    def row(self, values: Sequence[Any]) -> Row:
        """A row of the select list, as the contract wants it."""
        made = dict(zip(self._names, values, strict=False))
        for name, load in self._load:
            found = made[name]
            if found is not None:
                made[name] = load(found)
        return cast("Row", made)

    @property
    def width(self) -> int:
        return len(self._names)

    def select_list(self, alias: str = "") -> str:
        prefix = f"{alias}." if alias else ""
        return ", ".join(prefix + column for column in self.columns.values())

    def cached(self, shape: Shape, make: Callable[[], str]) -> str:
        text = self._cache.get(shape)
        if text is None:
            text = self._cache[shape] = make()
        return text

    def filters(self, where: Where) -> tuple[Shape, list[Any]]:
        """The shape of conditions, and their parameters in order (AND first, then OR)."""
        if len(where) == 1 and where[0].operator == "eq" and where[0].connector == "AND":
            only = where[0]
            if only.value is not None and not only.insensitive:
                return ((only.field, "eq", "AND", False, 1),), [self.bind(only.field, only.value)]
        shape: list[Any] = []
        params: list[Any] = []
        for connector in ("AND", "OR"):
            for condition in where:
                if condition.connector == connector:
                    size = self._bind_condition(condition, params)
                    shape.append(
                        (
                            condition.field,
                            condition.operator,
                            connector,
                            condition.insensitive,
                            size,
                        )
                    )
        return tuple(shape), params

    def where_text(self, shape: Shape, alias: str = "") -> str:
        """The WHERE clause of a shape, empty for none."""
        texts: dict[str, list[str]] = {"AND": [], "OR": []}
        for field, operator, connector, insensitive, size in shape:
            texts[connector].append(self._condition(field, operator, insensitive, size, alias))
        parts = list(texts["AND"])
        if texts["OR"]:
            parts.append("(" + " OR ".join(texts["OR"]) + ")")
        return " WHERE " + " AND ".join(parts) if parts else ""

    def order_text(self, sort: Sort | None, alias: str = "") -> str:
        if sort is None:
            return ""
        prefix = f"{alias}." if alias else ""
        direction = " DESC" if sort.descending else ""
        return f" ORDER BY {prefix}{self.columns[sort.field]}{direction}"

    def _bind_condition(self, condition: Condition, params: list[Any]) -> int:
        field, operator, value = condition.field, condition.operator, condition.value
        self.columns[field]  # an unknown field is a KeyError before anything is built
        if operator in ("in", "not_in"):
            items = list(cast("Sequence[Value]", value))
            params.extend(self._fold(condition, self.bind(field, item)) for item in items)
            return len(items)
        if value is None:
            return 0
        if operator in _LIKE:
            text = str(self.bind(field, value))
            escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            params.append(self._fold(condition, _LIKE[operator].format(escaped)))
            return 1
        params.append(self._fold(condition, self.bind(field, value)))
        return 1

    def _fold(self, condition: Condition, value: Any) -> Any:
        return value.lower() if condition.insensitive and isinstance(value, str) else value

    def _condition(
        self, field: str, operator: str, insensitive: bool, size: int, alias: str
    ) -> str:
        column = (f"{alias}." if alias else "") + self.columns[field]
        if insensitive:
            column = f"LOWER({column})"
        mark = self.dialect.placeholder
        if operator in ("in", "not_in"):
            if size == 0:
                return "1 = 0" if operator == "in" else "1 = 1"
            negation = "NOT " if operator == "not_in" else ""
            return f"{column} {negation}IN ({', '.join([mark] * size)})"
        if size == 0:
            return f"{column} IS {'NOT ' if operator == 'ne' else ''}NULL"
        if operator in _LIKE:
            return f"{column} {self.dialect.like} {mark}{self.dialect.like_escape}"
        return f"{column} {_COMPARE[operator]} {mark}"


class Queries:
    """The statements of a schema in one dialect."""

    def __init__(self, schema: Schema, dialect: Dialect) -> None:
        self.schema = schema
        self.dialect = dialect
        self._models = {model.name: ModelQueries(model, dialect) for model in schema}

    def of(self, model: str) -> ModelQueries:
        return self._models[model]

    def insert(self, model: str, row: Mapping[str, Any], *, or_ignore: bool = False) -> Any:
        """INSERT of a row, returning it as stored."""
        it = self._models[model]
        fields = tuple(row)
        params = [it.bind(field, row[field]) for field in fields]

        def make() -> str:
            names = ", ".join(it.columns[field] for field in fields)
            marks = ", ".join([self.dialect.placeholder] * len(fields))
            ignore = " ON CONFLICT DO NOTHING" if or_ignore else ""
            return (
                f"INSERT INTO {it.table} ({names}) VALUES ({marks}){ignore} "
                f"RETURNING {it.select_list()}"
            )

        return it.cached(("insert", or_ignore, fields), make), params

    def select(
        self,
        model: str,
        where: Where,
        *,
        sort: Sort | None = None,
        limit: int | None = None,
        offset: int = 0,
        join: Sequence[Join] = (),
    ) -> tuple[str, list[Any]]:
        """SELECT with to-one joins in the same statement."""
        it = self._models[model]
        shape, params = it.filters(where)
        single = [one for one in join if not one.many]

        def make() -> str:
            if not single:
                text = f"SELECT {it.select_list()} FROM {it.table}"
                text += it.where_text(shape) + it.order_text(sort)
            else:
                text = self._joined(it, single) + it.where_text(shape, "t")
                text += it.order_text(sort, "t")
            if limit is not None:
                text += f" LIMIT {self.dialect.placeholder}"
            if offset:
                limitless = "" if limit is not None else self.dialect.no_limit
                text += f"{limitless} OFFSET {self.dialect.placeholder}"
            return text

        key = ("select", shape, sort, limit is None, offset == 0, tuple(single))
        if limit is not None:
            params.append(limit)
        if offset:
            params.append(offset)
        return it.cached(key, make), params

    def joined_row(self, model: str, join: Sequence[Join], values: Sequence[Any]) -> JoinedRow:
        """A result row of `select` with the joined rows nested in it."""
        it = self._models[model]
        row = cast("JoinedRow", it.row(values))
        start = it.width
        for one in join:
            if not one.many:
                other = self._models[one.model]
                part = values[start : start + other.width]
                start += other.width
                row[one.name] = None if part[0] is None else other.row(part)
        return row

    def count(self, model: str, where: Where) -> tuple[str, list[Any]]:
        it = self._models[model]
        shape, params = it.filters(where)
        text = f"SELECT COUNT(*) FROM {it.table}"
        return it.cached(("count", shape), lambda: text + it.where_text(shape)), params

    def update(self, model: str, where: Where, changes: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """UPDATE of all rows that match."""
        it = self._models[model]
        shape, params = it.filters(where)
        assignments, bound = self._assignments(it, changes, {})
        text = it.cached(
            ("update", shape, tuple(changes)),
            lambda: f"UPDATE {it.table} SET {assignments}{it.where_text(shape)}",
        )
        return text, bound + params

    def update_one(
        self,
        model: str,
        where: Where,
        changes: Mapping[str, Any],
        amounts: Mapping[str, int],
    ) -> tuple[str, list[Any]]:
        """UPDATE of the first row that matches, returning it; the guard stands in it twice."""
        it = self._models[model]
        shape, params = it.filters(where)
        assignments, bound = self._assignments(it, changes, amounts)

        def make() -> str:
            return (
                f"UPDATE {it.table} SET {assignments} WHERE {it.columns['id']} = "
                f"({self._first(it, shape, None)}){self._again(it, shape)} "
                f"RETURNING {it.select_list()}"
            )

        key = ("update_one", shape, tuple(changes), tuple(amounts))
        return it.cached(key, make), bound + params + params

    def delete(self, model: str, where: Where) -> tuple[str, list[Any]]:
        it = self._models[model]
        shape, params = it.filters(where)
        text = f"DELETE FROM {it.table}"
        return it.cached(("delete", shape), lambda: text + it.where_text(shape)), params

    def take(self, model: str, where: Where, sort: Sort | None) -> tuple[str, list[Any]]:
        """DELETE of the first row that matches, returning it; the guard stands in it twice."""
        it = self._models[model]
        shape, params = it.filters(where)

        def make() -> str:
            return (
                f"DELETE FROM {it.table} WHERE {it.columns['id']} = "
                f"({self._first(it, shape, sort)}){self._again(it, shape)} "
                f"RETURNING {it.select_list()}"
            )

        return it.cached(("take", shape, sort), make), params + params

    def _joined(self, it: ModelQueries, join: Sequence[Join]) -> str:
        lists, tables = [it.select_list("t")], f"{it.table} t"
        for index, one in enumerate(join):
            other, alias = self._models[one.model], f"j{index}"
            lists.append(other.select_list(alias))
            tables += (
                f" LEFT JOIN {other.table} {alias}"
                f" ON {alias}.{other.columns[one.foreign]} = t.{it.columns[one.local]}"
            )
        return f"SELECT {', '.join(lists)} FROM {tables}"

    def _first(self, it: ModelQueries, shape: Shape, sort: Sort | None) -> str:
        where = it.where_text(shape)
        return f"SELECT {it.columns['id']} FROM {it.table}{where}{it.order_text(sort)} LIMIT 1"

    def _again(self, it: ModelQueries, shape: Shape) -> str:
        return it.where_text(shape).replace(" WHERE ", " AND ", 1)

    def _assignments(
        self, it: ModelQueries, changes: Mapping[str, Any], amounts: Mapping[str, int]
    ) -> tuple[str, list[Any]]:
        mark = self.dialect.placeholder
        texts = [f"{it.columns[field]} = {mark}" for field in changes]
        texts += [f"{it.columns[f]} = {it.columns[f]} + {mark}" for f in amounts]
        bound = [it.bind(field, value) for field, value in changes.items()]
        return ", ".join(texts), bound + list(amounts.values())
