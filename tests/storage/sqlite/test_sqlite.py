"""What is particular to SQLite: addresses, files, memory, failures."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import SCHEMA, USER, user
from watchword.database.contract import (
    Engine,
    StorageError,
    StorageUnavailable,
)
from watchword.database.schema import Field, FieldType, Schema
from watchword.errors import ConfigurationError
from watchword.runtime.blocking import finish
from watchword.storage.sqlite import SQLiteStorage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = SQLiteStorage(path).blocking(SCHEMA)
    finish(migrate(engine))
    yield engine
    finish(engine.close())


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("sqlite:///relative.db", "relative.db"),
            ("sqlite:///sub/relative.db", "sub/relative.db"),
            ("sqlite:////tmp/absolute.db", "/tmp/absolute.db"),
            ("sqlite:///with%20percent.db", "with%20percent.db"),
        ],
    )
    def test_urls_of_files(self, url: str, expected: str) -> None:
        assert SQLiteStorage.from_url(url).path == os.path.abspath(expected)
        assert SQLiteStorage(url).path == os.path.abspath(expected)

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
    def test_urls_of_memory(self, url: str) -> None:
        assert SQLiteStorage.from_url(url).path == ":memory:"

    def test_the_busy_timeout_can_stand_in_the_url(self) -> None:
        assert SQLiteStorage.from_url("sqlite:///a.db").busy_timeout == 5
        assert SQLiteStorage.from_url("sqlite:///a.db?busy_timeout=0.5").busy_timeout == 0.5

    @pytest.mark.parametrize(
        ("url", "option"),
        [
            ("sqlite:relative.db", "database"),
            ("sqlite://relative.db", "database"),
            ("sqlite:///a.db?cache=shared", "database"),
            ("sqlite:///a.db?busy_timeout=soon", "busy_timeout"),
            ("sqlite:///a.db?busy_timeout=0", "busy_timeout"),
            ("sqlite:///a.db?busy_timeout=nan", "busy_timeout"),
            ("sqlite:///a.db?busy_timeout=1e9", "busy_timeout"),
            ("sqlite:///a.db?journal_mode=off", "journal_mode"),
            ("sqlite:///a.db?journal_mode=memory", "journal_mode"),
        ],
    )
    def test_wrong_urls_are_refused_with_the_option(self, url: str, option: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            SQLiteStorage.from_url(url)
        assert refused.value.option == option

    def test_an_empty_path_is_refused(self) -> None:
        with pytest.raises(ConfigurationError):
            SQLiteStorage("")

    def test_nothing_is_opened_before_the_first_use(self, path: Path) -> None:
        SQLiteStorage(path).blocking(SCHEMA)
        assert not path.exists()

    def test_a_file_stays_the_same_when_the_working_folder_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path)
        engine = SQLiteStorage("test.db").blocking(SCHEMA)
        monkeypatch.chdir(tmp_path / "elsewhere")
        finish(migrate(engine))
        finish(engine.close())
        assert (tmp_path / "test.db").exists()


class TestFailures:
    def test_a_file_that_cannot_be_opened_is_named(self, tmp_path: Path) -> None:
        missing = tmp_path / "no such folder" / "test.db"
        with pytest.raises(StorageUnavailable, match="no such folder"):
            finish(SQLiteStorage(missing).blocking(SCHEMA).plan())

    def test_a_file_that_is_no_database_is_refused(self, path: Path) -> None:
        path.write_bytes(b"This is a letter to somebody, not a database. " * 100)
        with pytest.raises(StorageError, match="NOTADB"):
            finish(SQLiteStorage(path).blocking(SCHEMA).plan())

    def test_a_writer_that_waits_too_long_is_told_so(self, engine: Engine, path: Path) -> None:
        impatient = SQLiteStorage(path, busy_timeout=0.01).blocking(SCHEMA)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageUnavailable):
                finish(impatient.create("user", user("ann")))
            assert finish(impatient.count("user")) == 0
        finish(impatient.create("user", user("ann")))
        finish(impatient.close())

    def test_a_thread_that_waits_too_long_for_memory_is_told_so(self) -> None:
        engine = SQLiteStorage(":memory:", busy_timeout=0.01).blocking(SCHEMA)
        finish(migrate(engine))
        seen: list[BaseException] = []

        def other() -> None:
            try:
                finish(engine.count("user"))
            except StorageUnavailable as error:
                seen.append(error)

        async def body() -> None:
            async with engine.transaction():
                thread = threading.Thread(target=other)
                thread.start()
                thread.join()

        finish(body())
        assert len(seen) == 1

    def test_a_transaction_that_the_database_ends_by_itself_is_over(
        self, engine: Engine, path: Path
    ) -> None:
        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                await inside.create("user", user("stop"))

        with closing(sqlite3.connect(path)) as other:
            other.execute(
                'CREATE TRIGGER stop BEFORE INSERT ON "user" WHEN NEW."name" = \'stop\' '
                "BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
            )
        with pytest.raises(StorageError):
            finish(body())
        assert finish(engine.count("user")) == 0
        finish(engine.create("user", user("bob")))

    def test_what_cannot_be_committed_is_rolled_back(self, engine: Engine, path: Path) -> None:
        with closing(sqlite3.connect(path)) as other:
            other.execute(
                'CREATE TABLE "late" ("id" text PRIMARY KEY, "to" text REFERENCES "user" ("id") '
                "DEFERRABLE INITIALLY DEFERRED)"
            )
            other.execute(
                'CREATE TRIGGER late AFTER INSERT ON "user" '
                'BEGIN INSERT INTO "late" VALUES (NEW."id", \'nobody\'); END'
            )

        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))

        with pytest.raises(StorageError):
            finish(body())
        assert finish(engine.count("user")) == 0

    def test_an_abandoned_coroutine_rolls_back(self, engine: Engine) -> None:
        class Never:
            def __await__(self) -> Iterator[None]:
                yield

        async def body() -> None:
            async with engine.transaction() as inside:
                await inside.create("user", user("ann"))
                await Never()

        coroutine = body()
        coroutine.send(None)
        coroutine.close()
        assert finish(engine.count("user")) == 0
        finish(engine.create("user", user("ann")))


def test_files_are_opened_as_the_contract_needs_it(engine: Engine, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist"])
async def test_a_file_on_a_network_disk_has_no_write_ahead_log(path: Path, mode: str) -> None:
    storage = SQLiteStorage.from_url(f"sqlite:///{path}?journal_mode={mode.upper()}")
    loop = storage.asynchronous(SCHEMA)
    await migrate(loop)
    await loop.create("user", user("ann"))
    async with loop.transaction() as inside:
        await inside.create("user", user("bob"))
        waiting = asyncio.ensure_future(loop.count("user"))
        assert await inside.count("user") == 2
        # A loop that waited for the writer here would wait for itself.
        assert not waiting.done()
    assert await waiting == 2
    assert not path.with_name("test.db-wal").exists()
    await loop.close()
    engine = storage.blocking(SCHEMA)
    assert finish(engine.count("user")) == 2
    assert finish(engine._connection.read("PRAGMA synchronous", ())) == [(2,)]
    finish(engine.close())
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_an_index_of_somebody_else_on_the_same_column_is_enough(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute('CREATE TABLE "user" ("id" text PRIMARY KEY, "team" text, "mail" text)')
        other.execute('CREATE INDEX "mine" ON "user" ("team", "mail")')
        other.execute('CREATE UNIQUE INDEX "partly" ON "user" ("mail") WHERE "mail" <> \'\'')
    model = USER.__class__(
        name="user",
        fields=(
            Field(name="team", type=FieldType.STRING, required=False, index=True),
            Field(name="mail", type=FieldType.STRING, required=False, unique=True),
        ),
    )
    engine = SQLiteStorage(path).blocking(Schema({"user": model}))
    statements = finish(migrate(engine))
    finish(engine.close())
    assert statements == ['CREATE UNIQUE INDEX IF NOT EXISTS "user_mail_uidx" ON "user" ("mail")']


def test_a_date_of_insertion_cannot_be_added_to_rows(engine: Engine, path: Path) -> None:
    born = Field(name="born", type=FieldType.DATE, default_now=True)
    later = USER.__class__(name="user", fields=(*USER.fields, born))
    finish(engine.create("user", user("ann")))
    new = SQLiteStorage(path).blocking(Schema({"user": later}))
    with pytest.raises(StorageError, match=r"table user .* born"):
        finish(new.plan())
    finish(new.close())


async def test_both_engines_of_a_storage_in_memory_see_the_same_rows() -> None:
    storage = SQLiteStorage(":memory:")
    blocking, loop = storage.blocking(SCHEMA), storage.asynchronous(SCHEMA)
    finish(migrate(blocking))

    assert await loop.plan() == []
    await loop.create("user", user("ann"))
    await loop.close()
    assert await asyncio.to_thread(finish, blocking.count("user")) == 1
    async with loop.transaction() as inside:
        # Another thread waits for the end of the transaction, and the loop goes on meanwhile.
        other = asyncio.ensure_future(
            asyncio.to_thread(finish, blocking.create("user", user("cid")))
        )
        await inside.create("user", user("bob"))
    await other
    assert await loop.count("user") == 3
    finish(blocking.close())
    assert finish(blocking.count("user")) == 3


def test_memory_is_given_back_with_its_storage() -> None:
    storage = SQLiteStorage(":memory:")
    finish(migrate(storage.blocking(SCHEMA)))
    gone = weakref.ref(storage)
    del storage
    assert gone() is None
