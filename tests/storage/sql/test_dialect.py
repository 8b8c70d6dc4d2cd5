"""The table of differences is enough to make another database's text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.storage.models import SCHEMA, THING
from watchword.database.contract import Condition, Engine, Join, Sort
from watchword.database.schema import Field, FieldType, Schema
from watchword.runtime.blocking import finish
from watchword.storage.sql.ddl import TableShape, plan
from watchword.storage.sql.queries import Queries
from watchword.storage.sqlite import SQLiteStorage
from watchword.storage.sqlite.storage import DIALECT

OTHER = replace(
    DIALECT,
    constraints_last=False,
    placeholder="%s",
    quote="`",
    key_text_type="varchar(255)",
    id_columns={"text": "varchar(36) NOT NULL PRIMARY KEY"},
    id_references={"text": "varchar(36)"},
    now_default="CURRENT_TIMESTAMP(3)",
    true="TRUE",
    false="FALSE",
    adds_not_null=True,
    like_escape=" ESCAPE '|'",
    insert_unless_known="INSERT IGNORE INTO",
    unless_known="",
    no_limit=" LIMIT 18446744073709551615",
    insertion_order=None,
)


def test_statements_follow_the_dialect() -> None:
    queries = Queries(SCHEMA, OTHER)
    text, params = queries.insert("session", {"id": "1", "token": "t"}, unless_known=True)
    assert text.startswith("INSERT IGNORE INTO `session` (`id`, `token`) VALUES (%s, %s) RETURNING")
    assert params == ["1", "t"]
    where = [Condition("other", "A", "contains", insensitive=True)]
    text, _ = queries.select("thing", where, sort=Sort("text"), offset=3)
    assert text.endswith(
        " FROM `the things` WHERE LOWER(`order`) LIKE LOWER(%s) ESCAPE '|' ORDER BY `text`"
        " LIMIT 18446744073709551615 OFFSET %s"
    )


def test_a_percent_sign_in_a_name_is_no_placeholder() -> None:
    model = replace(THING, table='100% "pure"')
    text, _ = Queries(Schema({"thing": model}), OTHER).count("thing", ())
    assert text == 'SELECT COUNT(*) FROM `100%% "pure"`'


def test_a_name_in_the_schema_stands_as_it_is() -> None:
    model = replace(THING, table="100%", fields=())
    assert plan(Schema({"thing": model}), OTHER, {})[0].startswith(
        "CREATE TABLE IF NOT EXISTS `100%` ("
    )


def test_a_select_locks_rows_where_the_dialect_knows_how() -> None:
    locking = replace(OTHER, lock_row=" FOR UPDATE", lock_joined_row=" FOR UPDATE OF t")
    queries, join = Queries(SCHEMA, locking), [Join("user", "user", "userId")]
    where = [Condition("token", "a")]
    endings = [
        queries.select("session", where, limit=1, lock=True)[0],
        queries.select("session", where, limit=1, join=join, lock=True)[0],
        queries.select("session", where, limit=1)[0],
        Queries(SCHEMA, DIALECT).select("session", where, limit=1, lock=True)[0],
    ]
    assert [text.partition(" LIMIT 1")[2] for text in endings] == [
        " FOR UPDATE",
        " FOR UPDATE OF t",
        "",
        "",
    ]


def test_tables_follow_the_dialect() -> None:
    statements = plan(SCHEMA, OTHER, {})
    assert statements[0] == (
        "CREATE TABLE IF NOT EXISTS `user` (`id` varchar(36) NOT NULL PRIMARY KEY,"
        " `name` varchar(255) NOT NULL, `email` varchar(255) NOT NULL UNIQUE,"
        " `emailVerified` integer NOT NULL, `image` text,"
        " `createdAt` date DEFAULT CURRENT_TIMESTAMP(3) NOT NULL)"
    )
    assert (
        "`userId` varchar(36) NOT NULL REFERENCES `user` (`id`) ON DELETE CASCADE"
        in (statements[1])
    )


@pytest.mark.parametrize(
    ("field", "column"),
    [
        (Field(name="f", type=FieldType.BOOLEAN, default=True), "integer DEFAULT TRUE NOT NULL"),
        (
            Field(name="f", type=FieldType.DATE, default_now=True),
            "date DEFAULT CURRENT_TIMESTAMP(3) NOT NULL",
        ),
        (Field(name="f", type=FieldType.NUMBER), "integer NOT NULL"),
    ],
)
def test_added_columns_follow_the_dialect(field: Field, column: str) -> None:
    model = replace(THING, table=None, fields=(field,))
    names = frozenset({"id"})
    shape = TableShape(names, names, frozenset(), has_rows=field.type is not FieldType.NUMBER)
    statements = plan(Schema({"thing": model}), OTHER, {"thing": shape})
    assert statements == [f"ALTER TABLE `thing` ADD COLUMN `f` {column}"]


def test_a_text_is_compiled_once_per_shape() -> None:
    queries = Queries(SCHEMA, DIALECT)
    join = [Join("user", "user", "userId")]
    first = queries.select("session", [Condition("token", "a")], limit=1, join=join)
    second = queries.select("session", [Condition("token", "b")], limit=1, join=join)
    assert first[0] is second[0]
    assert (first[1], second[1]) == (["a"], ["b"])
    assert first[0].count("SELECT") == 1


def test_an_engine_is_what_the_contract_asks_for() -> None:
    engine: Engine = SQLiteStorage(":memory:").blocking(SCHEMA)
    assert finish(engine.plan()) == plan(SCHEMA, DIALECT, {})
