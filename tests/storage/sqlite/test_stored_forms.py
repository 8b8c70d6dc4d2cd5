"""What is in a SQLite file, for others who read it (spec: data model, stored forms)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.storage.conftest import migrate
from tests.storage.models import NOW, SCHEMA
from watchword.database.contract import (
    Engine,
    StorageError,
)
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


class TestStoredForms:
    """What is in the file, for others who read it (spec: data model, stored forms)."""

    def test_values_are_stored_as_the_reference_stores_them(
        self, engine: Engine, path: Path
    ) -> None:
        row: Any = {
            "id": "1",
            "flag": True,
            "number": 5,
            "big": 2**40,
            "moment": NOW,
            "json": {"a": [1, "é"]},
            "texts": ["a", "b"],
            "numbers": [1, 2],
        }
        finish(engine.create("thing", row))
        finish(engine.create("thing", {"id": "2", "flag": False}))
        columns = "flag, number, big, moment, json, texts, numbers"
        with closing(sqlite3.connect(path)) as other:
            stored = other.execute(f'SELECT {columns} FROM "the things" ORDER BY id').fetchall()
        assert stored == [
            (
                1,
                5,
                2**40,
                "2026-03-04T05:06:07.089Z",
                '{"a":[1,"é"]}',
                '["a","b"]',
                "[1,2]",
            ),
            (0, *[None] * 6),
        ]

    def test_columns_have_the_types_of_the_reference(self, engine: Engine, path: Path) -> None:
        with closing(sqlite3.connect(path)) as other:
            columns = other.execute('PRAGMA table_info("the things")').fetchall()
            users = other.execute('PRAGMA table_info("user")').fetchall()
        assert [(column[1], column[2].lower()) for column in columns] == [
            ("id", "text"),
            ("text", "text"),
            ("order", "text"),
            ("flag", "integer"),
            ("number", "integer"),
            ("big", "bigint"),
            ("moment", "date"),
            ("json", "text"),
            ("texts", "text"),
            ("numbers", "text"),
            ("key", "text"),
        ]
        assert [column[1] for column in users if column[3]] == [
            "id",
            "name",
            "email",
            "emailVerified",
            "createdAt",
        ]
        assert [column[1] for column in users if column[5]] == ["id"]

    @pytest.mark.parametrize(
        ("stored", "read"),
        [
            ("2026-03-04T05:06:07.089Z", NOW),
            ("2026-03-04T05:06:07.089456Z", NOW),
            ("2026-03-04T05:06:07Z", NOW.replace(microsecond=0)),
            ("2026-03-04T07:06:07.089+02:00", NOW),
            ("2026-03-04 05:06:07", NOW.replace(microsecond=0)),
            (int(NOW.timestamp() * 1000), NOW),
        ],
    )
    def test_dates_of_others_are_read(
        self, engine: Engine, path: Path, stored: object, read: object
    ) -> None:
        self.put(path, "moment", stored)
        found = finish(engine.find_one("thing", ()))
        assert found is not None
        assert found["moment"] == read

    def test_a_year_that_only_javascript_knows_is_the_last_moment(
        self, engine: Engine, path: Path
    ) -> None:
        self.put(path, "moment", "+010000-01-01T00:00:00.000Z")
        found: Any = finish(engine.find_one("thing", ()))
        assert found["moment"].year == 9999

    def test_broken_json_is_nothing(self, engine: Engine, path: Path) -> None:
        self.put(path, "json", '{"a":')
        found = finish(engine.find_one("thing", ()))
        assert found is not None
        assert found["json"] is None

    def test_an_unreadable_date_names_the_column_and_not_the_value(
        self, engine: Engine, path: Path
    ) -> None:
        self.put(path, "moment", "hunter2")
        with pytest.raises(StorageError, match=r"thing\.moment") as refused:
            finish(engine.find_one("thing", ()))
        assert "hunter2" not in str(refused.value)

    def put(self, path: Path, column: str, value: object) -> None:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute(f'INSERT INTO "the things" ("id", "{column}") VALUES (1, ?)', (value,))
