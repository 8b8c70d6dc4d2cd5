"""`plan` and `apply` bring an empty or an older database to the schema and spare the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.storage.conftest import DATABASES, Open, Run, migrate
from tests.storage.models import ACCOUNT, NOW, SCHEMA, SESSION, USER, session, user
from tests.support.vectors import vectors
from watchword.database.contract import Condition, Storage, StorageError, UniqueViolation
from watchword.database.schema import Field, FieldType, Model, Reference, Schema
from watchword.storage.sql.index_names import index_name

STRING = FieldType.STRING
OWN_NAMES = [name for name in DATABASES if "renamed" not in name]
ALL_OR_NONE = [name for name in OWN_NAMES if "mysql" not in name]
"""MySQL stores each statement of the schema on its own; test_mysql.py has what holds there."""


@pytest.fixture(params=OWN_NAMES)
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty database. Statements are compared here, so tables have their own names."""
    return DATABASES[request.param](request)


def schema_of(*models: Model) -> Schema:
    return Schema({model.name: model for model in models})


def with_fields(model: Model, *fields: Field) -> Model:
    return replace(model, fields=(*model.fields, *fields))


@pytest.mark.parametrize("case", vectors("index_names"), ids=lambda case: case["name"])
def test_index_names(case: dict[str, Any]) -> None:
    assert index_name(case["table"], case["column"], unique=case["unique"]) == case["name"]


def test_an_empty_database_gets_everything_once(open_engine: Open, run: Run[Any]) -> None:
    async def body() -> None:
        engine = open_engine(SCHEMA)
        statements = await migrate(engine)
        assert any("session_userId_idx" in statement for statement in statements)
        assert await engine.plan() == []
        await engine.create("user", user("ann"))
        await engine.apply(statements)
        assert await engine.count("user") == 1
        assert await open_engine(SCHEMA).plan() == []

    run(body())


def test_a_plan_changes_nothing(open_engine: Open, run: Run[Any]) -> None:
    async def body() -> None:
        engine = open_engine(SCHEMA)
        assert await engine.plan() == await engine.plan() != []
        with pytest.raises(StorageError, match="migrate"):
            await engine.count("user")

    run(body())


def test_missing_tables_come_to_those_that_are_there(open_engine: Open, run: Run[Any]) -> None:
    async def body() -> None:
        old = open_engine(schema_of(USER))
        await migrate(old)
        await old.create("user", user("ann"))
        new = open_engine(schema_of(USER, SESSION))
        statements = await migrate(new)
        assert [one for one in statements if '"user" (' in one.partition("REFERENCES")[0]] == []
        await new.create("session", session("one", "ann"))
        assert await new.plan() == []

    run(body())


def test_missing_columns_come_with_their_defaults(open_engine: Open, run: Run[Any]) -> None:
    later = (
        Field(name="nick", type=STRING, required=False),
        Field(name="lang", type=STRING, default="it's"),
        Field(name="age", type=FieldType.NUMBER, default=18),
        Field(name="banned", type=FieldType.BOOLEAN, default=False),
        Field(name="trusted", type=FieldType.BOOLEAN, default=True),
        Field(name="phone", type=STRING, required=False, unique=True),
        Field(name="team", type=STRING, required=False, index=True),
        Field(name="boss", type=STRING, required=False, references=Reference("user")),
    )

    async def body() -> None:
        old = open_engine(schema_of(USER))
        await migrate(old)
        await old.create("user", user("ann"))
        new = open_engine(schema_of(with_fields(USER, *later)))
        statements = await migrate(new)
        assert await new.plan() == []
        assert await new.find_one("user", ()) == {
            **user("ann"),
            "nick": None,
            "lang": "it's",
            "age": 18,
            "banned": False,
            "trusted": True,
            "phone": None,
            "team": None,
            "boss": None,
        }
        await new.update("user", (), {"phone": "1"}, everything=True)
        bob = {**user("bob"), "lang": "de", "age": 1, "banned": False, "trusted": False}
        with pytest.raises(UniqueViolation):
            await new.create("user", {**bob, "phone": "1"})
        await new.create("user", {**bob, "phone": "2", "boss": "u-ann"})
        await new.apply(statements)
        assert await new.count("user") == 2
        assert await new.delete("user", [Condition("id", "u-ann")]) == 1
        assert await new.count("user") == 0

    run(body())


def test_a_required_column_without_default_needs_an_empty_table(
    open_engine: Open, run: Run[Any]
) -> None:
    later = schema_of(with_fields(USER, Field(name="legalName", type=STRING, column="legal")))

    async def body() -> None:
        old, new = open_engine(schema_of(USER)), open_engine(later)
        await migrate(old)
        await old.create("user", user("ann"))
        with pytest.raises(StorageError, match=r"table user .* column legal: give the field"):
            await new.plan()
        await old.delete("user", (), everything=True)
        await migrate(new)
        assert await new.plan() == []
        await new.create("user", {**user("ann"), "legalName": "Ann"})

    run(body())


def test_missing_indexes_are_made(open_engine: Open, run: Run[Any]) -> None:
    # Without references too: MySQL makes an index for each.
    plain = (replace(f, unique=False, index=False, references=None) for f in SESSION.fields)
    bare = replace(SESSION, fields=tuple(plain))

    async def body() -> None:
        await migrate(open_engine(schema_of(USER, bare)))
        new = open_engine(schema_of(USER, SESSION))
        statements = await migrate(new)
        names = [re.split('["`]', one)[1] for one in statements]
        assert sorted(names) == ["session_token_uidx", "session_userId_idx"]
        assert await new.plan() == []
        await new.create("user", user("ann"))
        await new.create("session", session("one", "ann"))
        with pytest.raises(UniqueViolation):
            await new.create("session", {**session("two", "ann"), "token": "one"})

    run(body())


@pytest.mark.parametrize("storage", ALL_OR_NONE, indirect=True)
def test_a_unique_index_that_rows_stand_against_is_refused_whole(
    open_engine: Open, run: Run[Any]
) -> None:
    loose = replace(SESSION, fields=tuple(replace(f, unique=False) for f in SESSION.fields))

    async def body() -> None:
        old = open_engine(schema_of(USER, loose))
        await migrate(old)
        await old.create("user", user("ann"))
        await old.create("session", session("same", "ann"))
        await old.create("session", {**session("same", "ann"), "id": "other"})
        more = with_fields(SESSION, Field(name="extra", type=STRING, required=False))
        new = open_engine(schema_of(USER, more))
        with pytest.raises(StorageError, match="session_token_uidx") as refused:
            await new.apply(list(reversed(await new.plan())))
        assert not isinstance(refused.value, UniqueViolation)
        # All or nothing: the column is still missing.
        assert any("ADD COLUMN" in one for one in await new.plan())

    run(body())


def test_names_may_differ_from_the_logical_ones(open_engine: Open, run: Run[Any]) -> None:
    table = 'odd "quoted" table'
    person = Model(
        name="user",
        table=table,
        fields=(Field(name="email", type=STRING, unique=True, column="select"),),
    )
    ticket = Model(
        name="ticket",
        fields=(
            Field(
                name="owner",
                type=STRING,
                column="group by",
                index=True,
                references=Reference("user", "email"),
            ),
        ),
    )

    async def body() -> None:
        engine = open_engine(schema_of(person, ticket))
        await migrate(engine)
        assert await engine.plan() == []
        await engine.create("user", {"id": "1", "email": "a"})
        made = await engine.create("ticket", {"id": "2", "owner": "a"})
        assert made == {"id": "2", "owner": "a"}
        with pytest.raises(StorageError):
            await engine.create("ticket", {"id": "3", "owner": "nobody"})

    run(body())


def test_columns_and_tables_that_nobody_declared_are_left_alone(
    open_engine: Open, run: Run[Any]
) -> None:
    async def body() -> None:
        wide = open_engine(
            schema_of(with_fields(USER, Field(name="legacy", type=STRING, required=False)), SESSION)
        )
        await migrate(wide)
        await wide.create("user", {**user("ann"), "legacy": "kept"})
        narrow = open_engine(schema_of(USER))
        assert await narrow.plan() == []
        assert await narrow.find_one("user", ()) == user("ann")
        assert await narrow.create("user", user("bob")) == user("bob")
        assert await narrow.update_if("user", [Condition("id", "u-ann")], {"name": "Ann"})
        kept = await wide.find_one("user", [Condition("id", "u-ann")])
        assert kept is not None
        assert kept["legacy"] == "kept"

    run(body())


@pytest.mark.parametrize("storage", ALL_OR_NONE, indirect=True)
def test_statements_are_run_all_or_none(open_engine: Open, run: Run[Any]) -> None:
    async def body() -> None:
        engine = open_engine(SCHEMA)
        statements: Sequence[str] = await engine.plan()
        with pytest.raises(StorageError, match="NONSENSE"):
            await engine.apply([*statements, "NONSENSE"])
        assert await engine.plan() == statements

    run(body())


def test_ids_can_be_made_by_the_database(open_engine: Open, run: Run[Any]) -> None:
    serial = Schema({"user": USER, "session": SESSION}, ids="serial")

    async def body() -> None:
        engine = open_engine(serial)
        await migrate(engine)
        assert await engine.plan() == []
        made = await engine.create("user", {**without_id(user("ann"))})
        assert made == {**user("ann"), "id": "1"}
        owned = {**without_id(session("t", "x")), "userId": "1"}
        assert await engine.create("session", owned) == {**owned, "id": "1"}
        found = await engine.find_one("session", [Condition("userId", "1")])
        assert found is not None
        assert found["userId"] == "1"
        for odd in ("01", "+1", "1.0", " 1", "one", "१", str(2**63), "-1"):
            assert await engine.count("user", [Condition("id", odd)]) == 0
            assert await engine.count("user", [Condition("id", [odd, "1"], "in")]) == 1
        assert await engine.count("user", [Condition("id", "x", "ne")]) == 1

    run(body())


def without_id(row: Any) -> Any:
    return {name: value for name, value in row.items() if name != "id"}


class TestIssuerColumn:
    """Accounts tables of 1.7.0 to 1.7.2 have a required issuer that later versions do not know."""

    old = schema_of(USER, with_fields(ACCOUNT, Field(name="issuer", type=STRING)))
    new = schema_of(USER, ACCOUNT)

    @pytest.mark.parametrize(
        ("provider", "issuer"),
        [
            ("credential", "local:credential"),
            ("siwe", "local:siwe"),
            ("github", "local:oauth:github"),
            ("my idp/é:1!*'()~", "local:oauth:my%20idp%2F%C3%A9%3A1!*'()~"),
        ],
    )
    def test_it_is_filled_on_insert(
        self, open_engine: Open, run: Run[Any], provider: str, issuer: str
    ) -> None:
        async def body() -> None:
            old, new = open_engine(self.old), open_engine(self.new)
            await migrate(old)
            assert await new.plan() == []
            await new.create("user", user("ann"))
            for name in ("1", "2"):
                row = account(name, provider)
                assert await new.create("account", row) == row
            assert await new.reserve("account", account("3", provider))
            rows = await old.find_many("account")
            assert [row["issuer"] for row in rows] == [issuer] * 3

        run(body())

    def test_it_is_filled_inside_a_transaction(self, open_engine: Open, run: Run[Any]) -> None:
        async def body() -> None:
            old, new = open_engine(self.old), open_engine(self.new)
            await migrate(old)
            async with new.transaction() as inside:
                await inside.create("user", user("ann"))
                await inside.create("account", account("1", "credential"))
            assert await old.count("account", [Condition("issuer", "local:credential")]) == 1

        run(body())

    def test_a_schema_that_knows_it_decides_itself(self, open_engine: Open, run: Run[Any]) -> None:
        async def body() -> None:
            engine = open_engine(self.old)
            await migrate(engine)
            await engine.create("user", user("ann"))
            row = {**account("1", "github"), "issuer": "https://issuer.example"}
            assert await engine.create("account", row) == row

        run(body())

    def test_it_is_missed_by_nobody_once_it_is_dropped(
        self, open_engine: Open, run: Run[Any]
    ) -> None:
        async def body() -> None:
            old, new = open_engine(self.old), open_engine(self.new)
            await migrate(old)
            await new.create("user", user("ann"))
            await new.create("account", account("1", "credential"))
            await old.apply(['ALTER TABLE "account" DROP COLUMN "issuer"'])
            with pytest.raises(StorageError):
                await new.create("account", account("2", "credential"))
            await new.create("account", account("2", "credential"))
            assert await new.count("account") == 2

        run(body())

    def test_a_nullable_one_is_left_empty(self, open_engine: Open, run: Run[Any]) -> None:
        field = Field(name="issuer", type=STRING, required=False)

        async def body() -> None:
            old = open_engine(schema_of(USER, with_fields(ACCOUNT, field)))
            await migrate(old)
            new = open_engine(self.new)
            await new.create("user", user("ann"))
            await new.create("account", account("1", "github"))
            assert await old.count("account", [Condition("issuer", None)]) == 1

        run(body())


def account(name: str, provider: str) -> Any:
    return {"id": name, "accountId": f"subject {name}", "providerId": provider, "userId": "u-ann"}


def test_a_date_of_insertion_is_added_to_an_empty_table(open_engine: Open, run: Run[Any]) -> None:
    born = Field(name="born", type=FieldType.DATE, default_now=True)

    async def body() -> None:
        old, new = open_engine(schema_of(USER)), open_engine(schema_of(with_fields(USER, born)))
        await migrate(old)
        await migrate(new)
        assert await new.plan() == []
        created = await new.create("user", {**user("ann"), "born": NOW})
        assert created["born"] == NOW

    run(body())
