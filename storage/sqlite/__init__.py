"""SQLite: the embedded default. Its dialect, its connections and its one writer."""

from .storage import SQLiteStorage

__all__ = ["SQLiteStorage"]
