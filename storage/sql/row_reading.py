"""Reading any table of a database row by row: what an import reads from.

The tables are those of another system, so nothing is known about them but their names.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any


class RowReader(ABC):
    """A database that is only read. Tables may be named with their schema: `auth.users`."""

    placeholder = "%s"
    mark = '"'

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if there is no such table."""
        return self._described(f"SELECT * FROM {self._quoted(table)} LIMIT 0")

    def count(self, table: str) -> int:
        """How many rows a table has."""
        rows = self._fetched(f"SELECT COUNT(*) AS n FROM {self._quoted(table)}", ())
        return int(rows[0]["n"])

    def stream(self, table: str, order: str) -> Iterator[dict[str, Any]]:
        """All rows in the order of a column, never all at once."""
        return self._streamed(f"SELECT * FROM {self._quoted(table)} ORDER BY {self._name(order)}")

    def fetch(self, table: str, column: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows that have one of some values in a column, also while a stream is read."""
        marks = ", ".join([self.placeholder] * len(values))
        table, column = self._quoted(table), self._name(column)
        if self.placeholder == "%s":
            table, column = table.replace("%", "%%"), column.replace("%", "%%")
        return self._fetched(f"SELECT * FROM {table} WHERE {column} IN ({marks})", values)

    @abstractmethod
    def close(self) -> None:
        """Give back all connections."""

    @abstractmethod
    def _described(self, sql: str) -> list[str]:
        """The columns of a query; none if its table is not there."""

    @abstractmethod
    def _streamed(self, sql: str) -> Iterator[dict[str, Any]]:
        """The rows of a query, some at a time."""

    @abstractmethod
    def _fetched(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows of a query."""

    def _quoted(self, table: str) -> str:
        return ".".join(map(self._name, table.split(".")))

    def _name(self, name: str) -> str:
        return f"{self.mark}{name.replace(self.mark, self.mark * 2)}{self.mark}"
