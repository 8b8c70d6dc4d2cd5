"""SQLite: the embedded default. WAL, foreign keys on, writers wait for each other."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from watchword.database.schema import FieldType, Schema
from watchword.errors import ConfigurationError
from watchword.runtime.process import PerProcess
from watchword.storage.sql.ddl import LiveIndex, Read, TableShape
from watchword.storage.sql.dialect import Dialect
from watchword.storage.sql.engine import SQLDatabase, SQLEngine
from watchword.storage.sql.stored_forms import (
    boolean_number,
    checked_number,
    checked_text,
    from_iso_date,
    from_json_text,
    iso_date,
    json_text,
)

from .blocking import BlockingConnections
from .driver import JOURNAL_MODES, MEMORY, Database, JournalMode
from .in_memory import BlockingTurns, MemoryConnections, MemoryDatabase

if TYPE_CHECKING:
    from .asynchronous import LoopConnections
    from .in_memory_async import LoopTurns

PATIENCE = 5.0

DIALECT = Dialect(
    name="sqlite",
    placeholder="?",
    quote='"',
    id_columns={
        "text": "text NOT NULL PRIMARY KEY",
        "uuid": "text NOT NULL PRIMARY KEY",
        "serial": "integer NOT NULL PRIMARY KEY AUTOINCREMENT",
    },
    id_references={"text": "text", "uuid": "text", "serial": "integer"},
    types={
        FieldType.STRING: "text",
        FieldType.BOOLEAN: "integer",
        FieldType.NUMBER: "integer",
        FieldType.BIGINT: "bigint",
        FieldType.DATE: "date",
        FieldType.JSON: "text",
        FieldType.STRING_LIST: "text",
        FieldType.NUMBER_LIST: "text",
    },
    store={
        FieldType.STRING: checked_text,
        FieldType.BOOLEAN: boolean_number,
        FieldType.NUMBER: checked_number,
        FieldType.BIGINT: checked_number,
        FieldType.DATE: iso_date,
        FieldType.JSON: json_text,
        FieldType.STRING_LIST: json_text,
        FieldType.NUMBER_LIST: json_text,
    },
    load={
        FieldType.BOOLEAN: bool,
        FieldType.DATE: from_iso_date,
        FieldType.JSON: from_json_text,
        FieldType.STRING_LIST: from_json_text,
        FieldType.NUMBER_LIST: from_json_text,
    },
    constraints_last=True,
    loose_types=True,
    longest_pattern=50_000,
    no_limit=" LIMIT -1",
    insertion_order="rowid",
)


class SQLiteStorage:
    """A database file, or `:memory:`; opened on first use.

    `path` is a path or a URL as `from_url` takes it. `busy_timeout` is how long a writer waits for
    another one, in seconds. `journal_mode` is "wal", or for a file on a network disk, where a
    write-ahead log must not be, "delete", "truncate" or "persist". Both engines of one storage in
    memory see the same data, which lives as long as the storage. Raises `ConfigurationError`.
    """

    system = "sqlite"
    """Its name in traces (`db.system.name`)."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        busy_timeout: float = PATIENCE,
        journal_mode: JournalMode = "wal",
    ) -> None:
        given = os.fspath(path)
        if given.startswith(("sqlite:", "sqlite+")):
            given, busy_timeout, journal_mode = _parsed(given, busy_timeout, journal_mode)
        if not given or "\0" in given:
            raise ConfigurationError("database", "the path is empty or holds U+0000", _REMEDY)
        if not 0 < busy_timeout <= 3600:
            raise ConfigurationError(
                "busy_timeout", f"{busy_timeout!r} is out of range", "Use seconds, up to 3600"
            )
        if journal_mode not in JOURNAL_MODES:
            raise ConfigurationError(
                "journal_mode", f"{journal_mode!r} is not supported", _JOURNAL_REMEDY
            )
        # Absolute from the start: connections are opened later, perhaps from another folder.
        self.path = given if given == MEMORY else os.path.abspath(given)
        self.busy_timeout = busy_timeout
        self._database = Database(self.path, busy_timeout, journal_mode)
        self._memory: MemoryDatabase | None = None
        self._making = PerProcess(threading.Lock)

    @classmethod
    def from_url(cls, url: str) -> SQLiteStorage:
        """`sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://` for memory.

        `?busy_timeout=10&journal_mode=delete` sets those options. Raises `ConfigurationError`.
        """
        path, busy_timeout, journal_mode = _parsed(url, PATIENCE, "wal")
        return cls(path, busy_timeout=busy_timeout, journal_mode=journal_mode)

    def check(self, schema: Schema) -> None:
        """Refuse a schema that it cannot keep. Raises `ConfigurationError`."""
        DIALECT.check(schema)

    def blocking(self, schema: Schema) -> SQLEngine:
        """An engine for synchronous code; safe under threads and after fork."""
        shared = SQLDatabase.of(schema, DIALECT, inspect, declared_types)
        if self.path == MEMORY:
            memory = self._in_memory()
            return SQLEngine(shared, MemoryConnections(memory, BlockingTurns(memory)))
        return SQLEngine(shared, BlockingConnections(self._database))

    def asynchronous(self, schema: Schema) -> SQLEngine:
        """An engine for event loops, one after the other or several at once."""
        shared = SQLDatabase.of(schema, DIALECT, inspect, declared_types)
        # asyncio and aiosqlite are loaded for an application that has an event loop.
        if self.path == MEMORY:
            memory = self._in_memory()
            turns: type[LoopTurns]
            turns = import_module(".in_memory_async", __package__).LoopTurns
            return SQLEngine(shared, MemoryConnections(memory, turns(memory)))
        connections: type[LoopConnections]
        connections = import_module(".asynchronous", __package__).LoopConnections
        return SQLEngine(shared, connections(self._database))

    def __repr__(self) -> str:
        return f"SQLiteStorage({self.path!r})"

    def _in_memory(self) -> MemoryDatabase:
        with self._making.here():
            if self._memory is None:
                self._memory = MemoryDatabase(self._database)
            return self._memory


_REMEDY = "Use sqlite:///relative.db, sqlite:////absolute.db, or sqlite:// for memory"


_JOURNAL_REMEDY = f"Use one of: {', '.join(JOURNAL_MODES)}"


def _parsed(
    url: str, busy_timeout: float, journal_mode: JournalMode
) -> tuple[str, float, JournalMode]:
    """Path and options of a URL. Nothing in the path is percent-decoded."""
    _, found, rest = url.partition("://")
    path, _, query = rest.partition("?")
    if not found or (path and not path.startswith("/")):
        raise ConfigurationError("database", f"{url!r} has no path after three slashes", _REMEDY)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "journal_mode":
            journal_mode = cast("JournalMode", value.lower())
        elif name == "busy_timeout":
            busy_timeout = _seconds(value)
        else:
            raise ConfigurationError(
                "database",
                f"{name!r} is no option of SQLite URLs",
                "Use busy_timeout=SECONDS or journal_mode=MODE",
            )
    return path[1:] or MEMORY, busy_timeout, journal_mode


def _seconds(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigurationError("busy_timeout", f"{value!r} is no number", "Use seconds") from None


async def inspect(read: Read, names: Collection[str]) -> Mapping[str, TableShape]:
    """What the named tables have."""
    tables: dict[str, TableShape] = {}
    for name in names:
        quoted = DIALECT.quoted(name)
        columns = await read(f"PRAGMA table_info({quoted})", ())
        if not columns:
            continue
        key = sorted((column for column in columns if column[5]), key=lambda one: one[5])
        indexes: set[LiveIndex] = {(tuple(one[1] for one in key), True)} if key else set()
        for _, index, is_unique, _, partial in await read(f"PRAGMA index_list({quoted})", ()):
            inside = await read(f"PRAGMA index_info({DIALECT.quoted(index)})", ())
            if not partial:
                indexes.add((tuple(one[2] or "" for one in inside), bool(is_unique)))
        tables[name] = TableShape(
            columns=frozenset(column[1] for column in columns),
            not_null=frozenset(column[1] for column in columns if column[3]),
            indexes=frozenset(indexes),
            has_rows=bool(await read(f"SELECT 1 FROM {quoted} LIMIT 1", ())),
            needed=frozenset(one[1] for one in columns if one[3] and one[4] is None and not one[5]),
        )
    return tables


async def declared_types(
    read: Read, names: Collection[str]
) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Type and default of each column of the named tables (`DeclaredTypes`)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name in names:
        for column in await read(f"PRAGMA table_info({DIALECT.quoted(name)})", ()):
            kind, default = str(column[2]).lower(), str(column[4] or "").lower()
            found.setdefault(name, {})[column[1]] = (kind, default)
    return found
