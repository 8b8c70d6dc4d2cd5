"""The statements of the storage contract as SQL text, compiled once per shape and cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from watchword.database.contract import Join, Sort, Where
from watchword.database.schema import Schema

from .dialect import Dialect
from .model_sql import ModelSQL, Shape, padded
from .stored_forms import DateForm

Statement: TypeAlias = tuple[str, list[Any]]
"""SQL text and its parameters."""

MOST_TEXTS = 2_000
"""Texts that are kept. What an application and its plugins ask for is some hundred shapes; lists,
joins and changes that follow from what a caller sends could make any number of them."""

_ROW_NUMBER = "watchword_row"


class Queries:
    """The statements of a schema in one dialect. Safe to share between threads."""

    model_sql: type[ModelSQL] = ModelSQL

    def __init__(self, schema: Schema, dialect: Dialect) -> None:
        self.dialect = dialect
        self._models = {model.name: self.model_sql(schema, model, dialect) for model in schema}
        self._texts: dict[tuple[Any, ...], str] = {}

    def of(self, model: str) -> ModelSQL:
        """What is prepared about one model. Raises `KeyError`."""
        return self._models[model]

    def hold_dates(self, model: str, forms: Mapping[str, DateForm]) -> None:
        """Say how the date columns of a model are held, where it is not the dialect's way."""
        if self._models[model].hold_dates(forms):
            self._texts.clear()

    def insert(
        self,
        model: str,
        row: Mapping[str, Any],
        *,
        unless_known: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> Statement:
        """INSERT of a row, returning it as stored. `extra` are columns the schema does not know."""
        it = self._models[model]
        fields, others = tuple(row), tuple(extra or ())
        params = [it.bind(field, row[field]) for field in fields]
        if extra:
            params.extend(extra.values())

        def make() -> str:
            dialect = self.dialect
            names = [it.column(field) for field in fields] + [dialect.quoted(x) for x in others]
            begin, end = dialect.insert, ""
            if unless_known:
                begin, end = dialect.insert_unless_known, dialect.unless_known
            marks = ", ".join([dialect.placeholder] * len(names))
            return (
                f"{begin} {it.table} ({', '.join(names)}) VALUES ({marks}){end}"
                f"{dialect.returning.format(it.select_list)}"
            )

        return self._text(("insert", model, unless_known, fields, others), make), params

    def bound_rows(
        self,
        model: str,
        rows: Sequence[Mapping[str, Any]],
        extra: Sequence[Mapping[str, str] | None],
    ) -> tuple[list[str], list[list[Any]]]:
        """The columns and the values of rows that have the same fields. `extra` as in `insert`."""
        it = self._models[model]
        fields, others = tuple(rows[0]), tuple(extra[0] or ())
        values: list[list[Any]] = []
        for row, more in zip(rows, extra, strict=True):
            if row.keys() != rows[0].keys():
                raise ValueError("rows that are created together must have the same fields")
            made = [it.bind(field, row[field]) for field in fields]
            values.append([*made, *(more[name] for name in others)] if more else made)
        quoted = [it.column(field) for field in fields]
        return [*quoted, *map(self.dialect.quoted, others)], values

    def insert_many(self, model: str, names: Sequence[str], values: list[list[Any]]) -> Statement:
        """INSERT of bound rows, returning nothing."""
        it, dialect = self._models[model], self.dialect
        marks = f"({', '.join([dialect.placeholder] * len(names))})"
        text = ", ".join([marks] * len(values))
        params = [value for row in values for value in row]
        return f"{dialect.insert} {it.table} ({', '.join(names)}) VALUES {text}", params

    def first(
        self, model: str, where: Where, sort: Sort | None, join: tuple[Join, ...], *, lock: bool
    ) -> Statement:
        """`select` of one row, the most frequent of all statements."""
        shape, params = self._models[model].filters(where)
        key = ("first", model, shape, sort, join, lock)
        text = self._texts.get(key)
        if text is None:
            made, _ = self.select(model, where, sort=sort, limit=1, join=join, lock=lock)
            text = self._text(key, lambda: made)
        return text, params

    def select(
        self,
        model: str,
        where: Where,
        *,
        sort: Sort | None = None,
        limit: int | None = None,
        offset: int = 0,
        join: Sequence[Join] = (),
        lock: bool = False,
    ) -> Statement:
        """SELECT with to-one joins in the same statement. `lock` keeps the rows as they are found
        until the transaction ends."""
        it = self._models[model]
        shape, params = it.filters(where)
        single = tuple([one for one in join if not one.many]) if join else ()
        only_one = limit == 1

        def make() -> str:
            alias = "t." if single else ""
            text = self._joined(it, single) if single else self._plain(it)
            text += it.where_text(shape, alias) + it.order_text(sort, alias)
            text += self._page(limit, offset)
            if lock:
                text += self.dialect.lock_joined_row if single else self.dialect.lock_row
            return text

        if limit is not None and not only_one:
            params.append(limit)
        if offset:
            params.append(offset)
        key = ("select", model, shape, sort, limit is None, only_one, offset == 0, single, lock)
        return self._text(key, make), params

    def select_related(self, one: Join, keys: Sequence[Any]) -> Statement:
        """The rows of a to-many join for many keys at once, at most `limit` for each."""
        it = self._models[one.model]
        params = padded([it.bind(one.foreign, key) for key in keys])
        size = len(params)

        def make() -> str:
            foreign, mark = it.column(one.foreign), self.dialect.placeholder
            order = self.dialect.insertion_order or it.column("id")
            number = self.dialect.quoted(_ROW_NUMBER)
            columns = ", ".join(it.columns.values())
            return (
                f"SELECT {it.select_list} FROM (SELECT {columns}, ROW_NUMBER() OVER "
                f"(PARTITION BY {foreign} ORDER BY {order}) AS {number} FROM {it.table} "
                f"WHERE {foreign} IN ({', '.join([mark] * size)})) r "
                f"WHERE {number} <= {mark} ORDER BY {number}"
            )

        return self._text(("related", one.model, one.foreign, size), make), [*params, one.limit]

    def count(self, model: str, where: Where) -> Statement:
        """SELECT COUNT(*)."""
        it = self._models[model]
        shape, params = it.filters(where)

        def make() -> str:
            return f"SELECT COUNT(*) FROM {it.table}{it.where_text(shape)}"

        return self._text(("count", model, shape), make), params

    def update(self, model: str, where: Where, changes: Mapping[str, Any]) -> Statement:
        """UPDATE of all rows that match."""
        it = self._models[model]
        shape, params = it.filters(where)
        bound = [it.bind(field, value) for field, value in changes.items()]

        def make() -> str:
            assignments = self._assignments(it, changes, ())
            return f"UPDATE {it.table} SET {assignments}{it.where_text(shape)}"

        return self._text(("update", model, shape, tuple(changes)), make), bound + params

    def update_one(
        self, model: str, where: Where, changes: Mapping[str, Any], amounts: Mapping[str, int]
    ) -> Statement:
        """UPDATE of the first row that matches, returning it as it is now."""
        it = self._models[model]
        shape, params = it.filters(where)
        bound = [it.bind(field, value) for field, value in changes.items()]
        bound += [it.bind(field, amount) for field, amount in amounts.items()]
        guard, repeated = self._first(it, shape, None, params)

        def make() -> str:
            assignments = self._assignments(it, changes, amounts)
            returning = self.dialect.returning.format(it.select_list)
            return f"UPDATE {it.table} SET {assignments} WHERE {guard()}{returning}"

        key = ("update_one", model, shape, tuple(changes), tuple(amounts))
        return self._text(key, make), bound + repeated

    def delete(self, model: str, where: Where) -> Statement:
        """DELETE of all rows that match."""
        it = self._models[model]
        shape, params = it.filters(where)

        def make() -> str:
            return f"DELETE FROM {it.table}{it.where_text(shape)}"

        return self._text(("delete", model, shape), make), params

    def take(self, model: str, where: Where, sort: Sort | None) -> Statement:
        """DELETE of the first row that matches, returning it."""
        it = self._models[model]
        shape, params = it.filters(where)
        guard, repeated = self._first(it, shape, sort, params)

        def make() -> str:
            return f"DELETE FROM {it.table} WHERE {guard()} RETURNING {it.select_list}"

        return self._text(("take", model, shape, sort), make), repeated

    def _text(self, key: tuple[Any, ...], make: Callable[[], str]) -> str:
        text = self._texts.get(key)
        if text is None:
            text = make()
            if len(self._texts) >= MOST_TEXTS:
                self._texts = {}  # one step between threads; what is in use is soon there again
            self._texts[key] = text
        return text

    def _plain(self, it: ModelSQL) -> str:
        return f"SELECT {it.select_list} FROM {it.table}"

    def _joined(self, it: ModelSQL, join: Sequence[Join]) -> str:
        lists, tables = [it.aliased_list("t.")], f"{it.table} t"
        for index, one in enumerate(join):
            other, alias = self._models[one.model], f"j{index}"
            lists.append(other.aliased_list(f"{alias}."))
            foreign, local = other.column(one.foreign, f"{alias}."), it.column(one.local, "t.")
            tables += f" LEFT JOIN {other.table} {alias} ON {foreign} = {local}"
        return f"SELECT {', '.join(lists)} FROM {tables}"

    def _page(self, limit: int | None, offset: int) -> str:
        mark = self.dialect.placeholder
        if limit is None:
            return f"{self.dialect.no_limit} OFFSET {mark}" if offset else ""
        text = " LIMIT 1" if limit == 1 else f" LIMIT {mark}"
        return f"{text} OFFSET {mark}" if offset else text

    def _first(
        self, it: ModelSQL, shape: Shape, sort: Sort | None, params: list[Any]
    ) -> tuple[Callable[[], str], list[Any]]:
        """Conditions that hold for one row only, and their parameters.

        The guard stands beside the sub-select once more: a caller that had to wait for the row
        looks again at what it has become.
        """
        if any(field == "id" and op == "eq" and way == "AND" for way, field, op, *_ in shape):
            return (lambda: it.guard_text(shape)), params

        def make() -> str:
            first = f"SELECT {it.column('id')} FROM {it.table}{it.where_text(shape)}"
            text = f"{it.column('id')} = ({first}{it.order_text(sort)} LIMIT 1)"
            return f"{text} AND {it.guard_text(shape)}" if shape else text

        return make, params + params

    def _assignments(
        self, it: ModelSQL, changes: Mapping[str, Any], amounts: Mapping[str, Any] | tuple[()]
    ) -> str:
        mark = self.dialect.placeholder
        texts = [f"{it.column(field)} = {mark}" for field in changes]
        texts += [f"{it.column(field)} = {it.column(field)} + {mark}" for field in amounts]
        return ", ".join(texts)
