"""How the date columns of a live database hold their moments.

Tables that watchword or the reference made hold them as the dialect says. Those that other tools
made for the reference (Drizzle, Prisma) may hold Unix seconds, Unix milliseconds, or text in
another spelling. What is compared must have the form of what is stored, or else sessions end too
early and sweeps delete what is alive: so the tables are looked at once, before their first use.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from watchword.database.contract import StorageError
from watchword.database.schema import FieldType, Schema

from .ddl import Read
from .dialect import Dialect
from .queries import Queries
from .stored_forms import ISO, MILLISECONDS, MIXED, SECONDS, SPACED, SPACED_MILLIS, DateForm

DeclaredTypes = Callable[
    [Read, Collection[str]], Awaitable[Mapping[str, Mapping[str, tuple[str, str]]]]
]
"""Table to column to its type and default, in lower case, of those of the named tables that exist.
"""

_TEXT = r"char|text|clob|string"
_WHOLE = r"int|serial|numeric|decimal|double|real|float|number"
_SAMPLE = 100
"""Rows of a table that are looked at; the newest, where the database knows them."""
_YOUNGEST_SECONDS = 100_000_000_000
"""Numbers below are seconds (until the year 5138), others milliseconds (since 1973)."""


class DateColumns:
    """The forms of one database's date columns; the queries are told of them."""

    def __init__(
        self, schema: Schema, dialect: Dialect, queries: Queries, declared: DeclaredTypes
    ) -> None:
        self._dialect = dialect
        self._queries = queries
        self._declared = declared
        self._tables = {
            model.name: (
                model.table_name,
                {f.name: f.column_name for f in model.fields if f.type is FieldType.DATE},
            )
            for model in schema
        }
        self.known = not any(dates for _, dates in self._tables.values())
        """Whether the tables have been looked at."""

    async def look(self, read: Read) -> None:
        """Find out. Raises `StorageError` for a column that holds numbers and text."""
        declared = await self._declared(read, [table for table, _ in self._tables.values()])
        for model, (table, dates) in self._tables.items():
            columns = declared.get(table, {})
            foreign = {
                field: columns[column]
                for field, column in dates.items()
                if column in columns and self._is_foreign(columns[column][0])
            }
            found = await self._sampled(read, model, foreign) if foreign else {}
            self._queries.hold_dates(model, found)
        self.known = bool(declared)

    def forget(self) -> None:
        """Look again before the next use: the tables have changed."""
        self.known = not any(dates for _, dates in self._tables.values())

    def _is_foreign(self, declared: str) -> bool:
        if re.search(_TEXT, declared) or re.search(_WHOLE, declared):
            return True
        # SQLite keeps in a column whatever it is given, whatever its type is called.
        return self._dialect.loose_types and declared != self._dialect.types[FieldType.DATE]

    async def _sampled(
        self, read: Read, model: str, foreign: Mapping[str, tuple[str, str]]
    ) -> dict[str, DateForm]:
        it = self._queries.of(model)
        columns = [it.untyped(field) for field in foreign]
        order = self._dialect.insertion_order
        newest = f" ORDER BY {order} DESC" if order else ""
        rows = await read(
            f"SELECT {', '.join(columns)} FROM {it.table}{newest} LIMIT {_SAMPLE}", ()
        )
        held = {
            field: [row[index] for row in rows if row[index] is not None]
            for index, field in enumerate(foreign)
        }
        unit = _unit(_numbers(value for values in held.values() for value in values), foreign)
        made: dict[str, DateForm] = {}
        for field, (declared, _) in foreign.items():
            numbers, texts = _numbers(held[field]), _texts(held[field])
            if numbers and texts:
                raise StorageError(
                    f"table {self._tables[model][0]} holds both numbers and text in the column of "
                    f"{model}.{field}, a date; bring all its rows into one form"
                )
            if numbers or (not texts and re.search(_WHOLE, declared)):
                made[field] = unit
            elif texts or re.search(_TEXT, declared):
                made[field] = self._spelling(texts)
        return made

    def _spelling(self, texts: Sequence[str]) -> DateForm:
        spaced = [text for text in texts if text[10:11] == " "]
        if spaced and len(spaced) < len(texts):
            return MIXED
        if spaced:
            return SPACED_MILLIS if any("." in text for text in spaced) else SPACED
        return self._dialect.empty_text_dates if not texts else ISO


def _unit(numbers: Iterable[float], foreign: Mapping[str, tuple[str, str]]) -> DateForm:
    """Seconds or milliseconds: as the numbers say, else as the defaults of the columns do."""
    for number in numbers:
        return SECONDS if abs(number) < _YOUNGEST_SECONDS else MILLISECONDS
    defaults = [default for _, default in foreign.values() if "epoch" in default or "%s" in default]
    if defaults and not any("1000" in default for default in defaults):
        return SECONDS
    return MILLISECONDS


def _numbers(values: Iterable[Any]) -> list[float]:
    # Zero is both.
    return [float(value) for value in values if not isinstance(value, str | bytes) and value]


def _texts(values: Iterable[Any]) -> list[str]:
    return [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for value in values
        if isinstance(value, str | bytes)
    ]
