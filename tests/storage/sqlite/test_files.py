"""Database files hold password hashes and sessions: those we make are for their user alone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, user
from watchword.database.contract import StorageUnavailable
from watchword.runtime.blocking import finish
from watchword.storage.sqlite import SQLiteStorage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")


@pytest.fixture(autouse=True)
def generous_umask() -> Iterator[None]:
    """What is not decided here would be open to everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(path: Path) -> dict[str, str]:
    return {one.name: f"{one.stat().st_mode & 0o777:o}" for one in path.parent.iterdir()}


@pytest.mark.parametrize("world", ["blocking", "asynchronous"])
def test_new_files_are_for_their_user_alone(tmp_path: Path, world: str) -> None:
    path = tmp_path / "app.db"
    engine = getattr(SQLiteStorage(path), world)(SCHEMA)

    async def use() -> dict[str, str]:
        await migrate(engine)
        await engine.create("user", user("ann"))
        found = modes(path)
        await engine.close()
        return found

    found = finish(use()) if world == "blocking" else asyncio.run(use())
    assert found == {"app.db": "600", "app.db-wal": "600", "app.db-shm": "600"}


def test_files_that_are_there_keep_their_mode(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    path.touch(0o660)
    engine = SQLiteStorage(path).blocking(SCHEMA)
    finish(migrate(engine))
    assert modes(path) == {"app.db": "660", "app.db-wal": "660", "app.db-shm": "660"}
    finish(engine.close())


def test_so_are_those_that_a_link_names(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "app.db").symlink_to(folder / "real.db")
    engine = SQLiteStorage(tmp_path / "app.db").blocking(SCHEMA)
    finish(migrate(engine))
    assert modes(folder / "real.db")["real.db"] == "600"
    finish(engine.close())


def test_where_a_file_cannot_be_made_nothing_is_hidden(tmp_path: Path) -> None:
    engine = SQLiteStorage(tmp_path / "nowhere" / "app.db").blocking(SCHEMA)
    with pytest.raises(StorageUnavailable, match="its folder must exist"):
        finish(engine.plan())
    assert not (tmp_path / "nowhere").exists()
