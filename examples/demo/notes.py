"""What the demonstration is for: notes, which belong to whoever is signed in, guest or not.

This is the application's own part. It knows users by their id and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from flask import Blueprint

from watchword.adapters.flask import current_user, login_required

from .body import sent_text

LONGEST = 200
"""Characters of a note."""
MOST = 100
"""Notes of a user."""
_TABLE = "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, user_id TEXT, text TEXT)"
_ADD = "INSERT INTO note (user_id, text) SELECT :user, :text"
_ROOM = "WHERE (SELECT count(*) FROM note WHERE user_id = :user) < :most"


class Notes:
    """All notes, in an SQLite file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._open() as database:
            database.execute(_TABLE)

    def of(self, user_id: str) -> list[dict[str, Any]]:
        """A user's notes, in the order of writing."""
        query = "SELECT id, text FROM note WHERE user_id = ? ORDER BY id"
        with self._open() as database:
            return [{"id": id, "text": text} for id, text in database.execute(query, [user_id])]

    def add(self, user_id: str, text: str) -> bool:
        """Write a note; False if there are too many already."""
        given = {"user": user_id, "text": text, "most": MOST}
        with self._open() as database:
            return database.execute(f"{_ADD} {_ROOM}", given).rowcount == 1

    def remove(self, user_id: str, id: int) -> None:
        """Throw one of a user's notes away."""
        with self._open() as database:
            database.execute("DELETE FROM note WHERE user_id = ? AND id = ?", [user_id, id])

    def move(self, old: str, new: str) -> None:
        """Give all notes of a user to another one."""
        with self._open() as database:
            database.execute("UPDATE note SET user_id = ? WHERE user_id = ?", [new, old])

    def forget(self, user_id: str) -> None:
        """Throw all notes of a user away."""
        with self._open() as database:
            database.execute("DELETE FROM note WHERE user_id = ?", [user_id])

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        with closing(sqlite3.connect(self._file)) as database, database:
            yield database


def notes_pages(notes: Notes) -> Blueprint:
    """`/notes` for who is signed in."""
    pages = Blueprint("notes", __name__, url_prefix="/notes")

    @pages.get("")
    @login_required
    def read() -> list[dict[str, Any]]:
        return notes.of(current_user.id)

    @pages.post("")
    @login_required
    def write() -> tuple[dict[str, str], int]:
        if not notes.add(current_user.id, sent_text(LONGEST)):
            return {"message": f"{MOST} notes are enough"}, 409
        return {}, 201

    @pages.delete("/<int:id>")
    @login_required
    def remove(id: int) -> dict[str, str]:
        notes.remove(current_user.id, id)
        return {}

    return pages
