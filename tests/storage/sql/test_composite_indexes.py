"""Indexes over several fields: declared by models, extensions and `Names`; made once, and found.

That SQLAlchemy's tables have the same is tested in `test_sqlalchemy_metadata.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec.structs import replace

from tests.storage.conftest import Open, Run, migrate
from tests.storage.models import THING, USER, user
from tests.support.browser import ORIGIN, SECRET
from watchword import Auth, ConfigurationError, Index, Names, Plugin, User
from watchword.cli.statements import in_words
from watchword.database.contract import Condition, UniqueViolation
from watchword.database.records import Record, model_of
from watchword.database.schema import Field, FieldType, Model, Schema
from watchword.storage.sql.ddl import TableShape, plan
from watchword.storage.sql.index_names import index_name
from watchword.storage.sqlite.storage import DIALECT

TEXT = partial(Field, type=FieldType.STRING)
PAIR, ORDER = Index(("text", "number"), unique=True), Index(("moment", "other"))
PLAIN = Schema({model.name: model for model in (USER, THING)})
INDEXED = Schema({"user": USER, "thing": replace(THING, indexes=(PAIR, ORDER))})


@pytest.mark.parametrize("later", [False, True], ids=["with the table", "later"])
def test_they_are_made_once_and_a_unique_one_holds(
    open_engine: Open, run: Run[Any], later: bool
) -> None:
    async def body() -> None:
        if later:
            await migrate(open_engine(PLAIN))
        engine = open_engine(INDEXED)
        statements = [one for one in await migrate(engine) if " INDEX " in one]
        assert [one.split(" INDEX ")[0] for one in statements] == ["CREATE UNIQUE", "CREATE"]
        assert await migrate(engine) == []
        await engine.create("thing", {"id": "1", "text": "a", "number": 1})
        await engine.create("thing", {"id": "2", "text": "a", "number": 2})
        with pytest.raises(UniqueViolation):
            await engine.create("thing", {"id": "3", "text": "a", "number": 1})
        assert not await engine.reserve("thing", {"id": "4", "text": "a", "number": 2})
        assert await engine.count("thing", [Condition("text", "a")]) == 2

    run(body())


def test_text_columns_of_every_kind_can_be_indexed_together(
    open_engine: Open, run: Run[Any]
) -> None:
    """On MySQL a key has 3,072 bytes: longer text takes part with its beginning."""

    async def body() -> None:
        wide = Index(("email", "name", "image", "id"))
        engine = open_engine(Schema({"user": replace(USER, indexes=(wide,))}))
        await migrate(engine)
        assert await migrate(engine) == []
        await engine.create("user", user("ann"))

    run(body())


@pytest.mark.parametrize(
    ("live", "missing"),
    [
        ([(("text", "number"), True), (("moment", "other"), False)], []),
        ([(("number", "text"), True), (("moment", "other", "flag"), True)], []),
        ([(("text", "number"), False), (("other", "moment"), False)], ["UNIQUE", "INDEX"]),
        ([(("text", "number", "flag"), True), (("moment",), False)], ["UNIQUE", "INDEX"]),
        ([(("text",), True), (("moment", "", "other"), False)], ["UNIQUE", "INDEX"]),
    ],
)
def test_an_index_that_does_the_same_is_not_made_again(
    live: list[tuple[tuple[str, ...], bool]], missing: list[str]
) -> None:
    fields = tuple(replace(one, column=None, unique=False) for one in THING.fields)
    model = replace(THING, fields=fields, indexes=(PAIR, ORDER))
    columns = frozenset({"id", *(one.name for one in fields)})
    shape = TableShape(columns, frozenset(), frozenset(live), has_rows=True)
    made = plan(Schema({"thing": model}), DIALECT, {"the things": shape})
    assert [one.split()[1] for one in made] == missing


class Seat(Record, kw_only=True):
    __model__ = "seat"
    __indexes__ = (Index(("row", "placeNumber"), unique=True),)
    row: str
    place_number: int


class Member(msgspec.Struct, kw_only=True, rename="camel"):
    __indexes__: ClassVar[Any] = (Index(("name", "clubName")),)
    club_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Club(Plugin):
    id: ClassVar[str] = "club"
    records = (Seat,)
    extends: ClassVar[Any] = {User: Member}


def server(**options: Any) -> Auth[Any]:
    return Auth(database="sqlite://", secret=SECRET, base_url=ORIGIN, environ={}, **options)


def test_records_extensions_and_names_declare_them() -> None:
    auth = server(
        plugins=[Club()],
        names=Names(snake_case=True, indexes={"user": [Index(("email", "createdAt"))]}),
    )
    schema = auth.config.tables.schema
    made = [in_words(one, schema) for one in auth.blocking.migrate() if " INDEX " in one]
    assert "unique index on row, place_number of table seat" in made
    assert "index on name, club_name of table user" in made
    assert "index on email, created_at of table user" in made
    assert auth.blocking.migrate() == []
    auth.blocking.close()
    assert User.__indexes__ == ()  # another server's users have none
    assert model_of(Seat).indexes == Seat.__indexes__


@pytest.mark.parametrize(
    ("indexes", "problem"),
    [
        ({"users": [Index(("email",))]}, "no model 'users'"),
        ({"user": [Index(("mail",))]}, "no field 'mail'"),
        ({"user": [Index(())]}, "no fields to index"),
        ({"user": [Index(("email", "email"))]}, "no fields to index"),
    ],
)
def test_indexes_of_nothing_are_refused(indexes: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        server(names=Names(indexes=indexes))


def test_json_is_not_indexed() -> None:
    with pytest.raises(ConfigurationError, match="'json' is JSON"):
        Names(indexes={"thing": [Index(("text", "json"))]}).applied([THING])


def test_their_names_are_made_like_those_of_others() -> None:
    assert index_name("seat", "row", "place", unique=True) == "seat_row_place_uidx"
    assert len(index_name("seat", *("column" * 3,) * 5, unique=False)) == 63


ALIKE = {
    "of tables": {
        "user": Model(name="user", table="a", fields=(TEXT(name="b_c", index=True),)),
        "thing": Model(name="thing", table="a_b", fields=(TEXT(name="c", index=True),)),
    },
    "of columns": {
        "thing": Model(
            name="thing",
            table="a",
            fields=(TEXT(name="b_c"), TEXT(name="d"), TEXT(name="b"), TEXT(name="c_d")),
            indexes=(Index(("b_c", "d"), unique=True), Index(("b", "c_d"), unique=True)),
        )
    },
    "of a table and an index": {
        "user": Model(name="user", table="a_b_idx", fields=(TEXT(name="c"),)),
        "thing": Model(name="thing", table="a", fields=(TEXT(name="b", index=True),)),
    },
    "in case alone": {
        "user": Model(name="user", table="a", fields=(TEXT(name="B_c", index=True),)),
        "thing": Model(name="thing", table="A_b", fields=(TEXT(name="c", index=True),)),
    },
    "beyond 63 bytes": {
        "thing": Model(
            name="thing",
            table="\u00e9" * 31,
            fields=(TEXT(name="b"), TEXT(name="c")),
            indexes=(Index(("b",), unique=True), Index(("c",), unique=True)),
        )
    },
}
"""Models of which two indexes, or an index and a table, would have one name."""


@pytest.mark.parametrize("models", ALIKE.values(), ids=ALIKE)
def test_what_would_have_one_name_gets_two(
    open_engine: Open, run: Run[Any], models: dict[str, Model]
) -> None:
    """A database that is asked for an index of a name that is taken makes none, and says nothing.

    The tables of one engine are all in the same place here.
    """

    async def body() -> None:
        engine = open_engine(Schema(models))
        await migrate(engine)
        assert await migrate(engine) == []

    run(body())


def test_names_are_measured_in_bytes() -> None:
    one, other = (index_name("\u00e9" * 31, column, unique=True) for column in "bc")
    assert len(one.encode()) <= 63
    assert one != other
