"""Sources that are databases: tables found by their usual names, rows streamed with what belongs
to them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any, Protocol, cast

from .imported import ImportFailure
from .reading import Fields, fields, plain, text

_DRIVERS = {
    "sqlite": ("watchword.storage.sqlite.rows", "SQLiteRows", ""),
    "postgresql": ("watchword.storage.postgres.rows", "PostgresRows", "postgres"),
    "postgres": ("watchword.storage.postgres.rows", "PostgresRows", "postgres"),
    "mysql": ("watchword.storage.mysql.rows", "MySQLRows", "mysql"),
    "mariadb": ("watchword.storage.mysql.rows", "MySQLRows", "mysql"),
}
"""By scheme: module, class, and the extra that it needs."""
_AT_ONCE = 500
"""Users whose related rows are fetched in one query."""


class Rows(Protocol):
    """A database that is read from. Tables may be named with their schema."""

    def columns(self, table: str) -> list[str]: ...

    def count(self, table: str) -> int: ...

    def stream(self, table: str, order: str) -> Iterator[dict[str, Any]]: ...

    def fetch(self, table: str, column: str, values: Sequence[Any]) -> list[dict[str, Any]]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Related:
    """A table whose rows belong to users, found by one of these columns."""

    tables: Sequence[str]
    owner: Sequence[str]


@dataclass(frozen=True, slots=True)
class Family:
    """A user's row, and the related rows by the name of the relation."""

    user: Fields
    related: Mapping[str, list[Fields]]


def open_rows(url: str) -> Rows:
    """A database by its URL. Raises `ImportFailure`, or what the storage raises."""
    scheme = url.partition(":")[0].partition("+")[0].lower()
    if scheme not in _DRIVERS or "://" not in url:
        raise ImportFailure(
            "this source is read from a database, and what was given is no URL of one",
            "Give postgresql://..., mysql://... or sqlite:///...",
        )
    module, name, extra = _DRIVERS[scheme]
    try:
        made: Callable[[str], Rows] = getattr(import_module(module), name)
    except ImportError:
        remedy = f'Run: pip install "watchword[{extra}]"'
        raise ImportFailure(f"there is no driver for {scheme}", remedy) from None
    return made(url)


class TableSource:
    """The rows of a table of users, each with its related rows."""

    def __init__(
        self,
        url: str,
        *,
        users: Sequence[str],
        related: Mapping[str, Related],
        needed: Sequence[str] = ("id", "email"),
    ) -> None:
        self._rows = open_rows(url)
        try:
            self._table, self._columns = self._found(users)
            missing = [name for name in needed if plain(name) not in self._columns]
            if missing:
                problem = f"table {self._table} has no column {', '.join(missing)}"
                raise ImportFailure(problem, "Name another table with --users-table")
            self._related = {name: self._owned(one) for name, one in related.items()}
        except BaseException:
            self._rows.close()
            raise

    @property
    def total(self) -> int:
        """How many users there are now."""
        return self._rows.count(self._table)

    def families(self) -> Iterator[Family]:
        """All users in the order of their keys, so that two runs meet them in the same order."""
        stream = self._rows.stream(self._table, self._columns["id"])
        while rows := list(islice(stream, _AT_ONCE)):
            users = [fields(row) for row in rows]
            found = {name: self._rows_of(name, users) for name in self._related}
            for user in users:
                own = text(user["id"])
                yield Family(user, {name: found[name].get(own, []) for name in found})

    def close(self) -> None:
        """Close the database."""
        self._rows.close()

    def _found(self, names: Sequence[str]) -> tuple[str, dict[str, str]]:
        for name in names:
            columns = self._rows.columns(name)
            if columns:
                return name, {plain(column): column for column in columns}
        problem = f"the database has no table {' or '.join(names)}"
        raise ImportFailure(problem, "Name the table with --users-table")

    def _owned(self, one: Related) -> tuple[str, str] | None:
        """Table and column of a relation; None where the database has none."""
        for name in one.tables:
            columns = {plain(column): column for column in self._rows.columns(name)}
            for owner in one.owner:
                if plain(owner) in columns:
                    return name, columns[plain(owner)]
        return None

    def _rows_of(self, name: str, users: Iterable[Fields]) -> dict[str | None, list[Fields]]:
        made: dict[str | None, list[Fields]] = defaultdict(list)
        where = self._related[name]
        if where is None:
            return made
        table, owner = where
        for row in self._rows.fetch(table, owner, [user["id"] for user in users]):
            made[text(row[owner])].append(fields(cast("object", row)))
        return made
