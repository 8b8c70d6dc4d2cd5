"""Texts by key, on disk and for one process only: more of them than should be in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


class SQLiteLookup:
    """Kept in a file without a name, which is gone with the process that opened it."""

    def __init__(self) -> None:
        self._link = sqlite3.connect("", isolation_level=None)
        self._link.execute("PRAGMA journal_mode = OFF")
        self._link.execute("PRAGMA synchronous = OFF")
        self._link.execute("CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")

    def fill(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Keep these; the last one of a key stays."""
        self._link.execute("BEGIN")
        self._link.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", pairs)
        self._link.execute("COMMIT")

    def get(self, key: str) -> str | None:
        """The text of a key, or None."""
        found = self._link.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        return None if found is None else found[0]

    def close(self) -> None:
        """Forget all of them."""
        self._link.close()
