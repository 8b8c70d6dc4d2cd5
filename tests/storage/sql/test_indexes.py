"""What is asked at every request finds its rows by an index, on every database."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest
from pymysql.cursors import DictCursor

from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from tests.support.databases import mysql_database, postgres_database
from tests.support.social import World, providers, sign_in
from watchword import (
    Account,
    Advanced,
    Auth,
    EmailAndPassword,
    Index,
    Names,
    Outgoing,
    PasswordReset,
    RateLimit,
)
from watchword.crypto.passwords import Argon2Cost
from watchword.database.records import model_of
from watchword.plugins import OneTimeToken
from watchword.runtime.blocking import finish
from watchword.storage.sql.engine import Connection, SQLEngine

CHEAP = Argon2Cost(memory=64, passes=1, lanes=1)
Statement = tuple[str, Sequence[Any]]
Explain = Callable[[Statement], str | None]
"""The part of a plan that reads a whole table, or None."""


class Recording:
    """A connection that notes every statement."""

    def __init__(self, connection: Connection, seen: list[Statement]) -> None:
        self._connection = connection
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def read(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        self._seen.append((sql, params))
        return await self._connection.read(sql, params)

    async def write(self, sql: str, params: Sequence[Any]) -> tuple[list[tuple[Any, ...]], int]:
        self._seen.append((sql, params))
        return await self._connection.write(sql, params)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Recording, None]:
        async with self._connection.transaction() as inner:
            yield Recording(inner, self._seen)


def visit(url: str) -> list[Statement]:
    """The statements of everything that visitors do often."""
    seen: list[Statement] = []
    mails: list[Any] = []
    clock, world = Clock(), World()
    world.claims["email"] = "grace@example.com"
    auth = Auth(
        database=url,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=CHEAP),
        password_reset=PasswordReset(send_reset_password=lambda mail, request: mails.append(mail)),
        rate_limit=RateLimit(enabled=True, storage="database"),
        plugins=[OneTimeToken()],
        social_providers=providers(),
        advanced=Advanced(outgoing=Outgoing(transport=world.transport)),
        clock=clock,
        environ={},
    )
    auth.blocking.migrate()
    engine = auth.blocking.runtime.engine
    assert isinstance(engine, SQLEngine)
    recording: Any = Recording(engine._connection, seen)  # pyright: ignore[reportPrivateUsage]
    engine._connection = recording  # pyright: ignore[reportPrivateUsage]
    Browser(auth).sign_up("first@example.com")
    seen.clear()  # what is asked once in the life of a process
    laptop, phone = Browser(auth), Browser(auth)
    laptop.sign_up()
    laptop.get("/get-session")
    token = laptop.get("/one-time-token/generate").json["token"]
    assert phone.post("/one-time-token/verify", {"token": token}).status == 200
    laptop.post("/update-user", {"name": "Countess"})
    laptop.get("/list-sessions")
    laptop.get("/list-accounts")
    laptop.post("/revoke-other-sessions", {})
    laptop.post("/sign-out", {})
    laptop.sign_in()
    laptop.post("/request-password-reset", {"email": "ada@example.com", "redirectTo": "/"})
    for _ in range(2):
        assert sign_in(Browser(auth)).header("location") == ORIGIN
    auth.blocking.runtime.drain()
    reset = {"token": mails[0].token, "newPassword": "another password"}
    assert laptop.post("/reset-password", reset).status == 200
    clock.forward(2 * 86_400)
    laptop.get("/get-session")
    auth.blocking.close()
    return seen


WHOLE = (
    'SELECT "id", "identifier", "value", "expiresAt", "createdAt", "updatedAt" '
    'FROM "verification" WHERE "expiresAt" <',
    'DELETE FROM "verification" WHERE "value" =',
    'SELECT "id", "key", "count", "lastRequest" FROM "rateLimit" WHERE "lastRequest" <',
)
"""Statements that read a whole table: the sweep of what has expired, which keeps that table small,
and the withdrawal of a user's other reset links. The reference's tables have no index for them."""


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[tuple[str, Explain]]:
    path = tmp_path / "test.db"
    with closing(sqlite3.connect(path)) as database:

        def explain(statement: Statement) -> str | None:
            plan = database.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]).fetchall()
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and "USING" not in row[3]]
            return next(iter(scans), None)

        yield f"sqlite:///{path}", explain


@pytest.fixture
def postgresql() -> Iterator[tuple[str, Explain]]:
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as database:
        # With few rows the planner would rather read them all: it is asked what it could do.
        database.execute("SET enable_seqscan = off")

        def explain(statement: Statement) -> str | None:
            lines = database.execute(f"EXPLAIN {statement[0]}", statement[1]).fetchall()  # type: ignore[arg-type]
            return next((row[0].strip() for row in lines if "Seq Scan" in row[0]), None)

        yield url, explain


@pytest.fixture
def mariadb() -> Iterator[tuple[str, Explain]]:
    with mysql_database() as url:
        address = urlsplit(url)
        database = pymysql.connect(
            host=address.hostname,
            port=address.port or 3306,
            user=unquote(address.username or "root"),
            password=unquote(address.password or ""),
            database=address.path.lstrip("/"),
            cursorclass=DictCursor,
        )
        with database, database.cursor() as cursor:

            def explain(statement: Statement) -> str | None:
                cursor.execute(f"EXPLAIN {statement[0]}", list(statement[1]))
                rows: list[dict[str, Any]] = list(cursor.fetchall())
                # With few rows the optimizer would rather read them all: what could it do?
                whole = [row["table"] for row in rows if row["table"] and not row["possible_keys"]]
                return next(iter(whole), None)

            yield url, explain


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_frequent_statements_find_their_rows_by_an_index(
    database: str, request: pytest.FixtureRequest
) -> None:
    url, explain = request.getfixturevalue(database)
    statements = visit(url)
    assert len(statements) > 20
    assert any('DELETE FROM "rateLimit"' in one[0].replace("`", '"') for one in statements)
    read_whole = {
        statement[0]: part
        for statement in statements
        if not statement[0].replace("`", '"').replace("(", "").startswith(WHOLE)
        and (part := explain(statement))
    }
    assert read_whole == {}


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_table_of_counters_without_the_index_works_and_is_offered_it(
    database: str, request: pytest.FixtureRequest
) -> None:
    """The reference's table has none, and neither have those of earlier versions."""
    url, _ = request.getfixturevalue(database)
    clock = Clock()
    auth = Auth(
        database=url,
        secret=SECRET,
        base_url=ORIGIN,
        rate_limit=RateLimit(enabled=True, storage="database"),
        clock=clock,
        environ={},
    )
    auth.blocking.migrate()
    drop(auth, database, "rateLimit", "rateLimit_lastRequest_idx")
    for _ in range(3):
        assert Browser(auth).get("/ok").status == 200
        clock.forward(86_401)
    (offered,) = auth.blocking.migrate()
    assert offered.startswith("CREATE INDEX")
    assert "lastRequest" in offered
    assert auth.blocking.migrate() == []
    auth.blocking.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_a_table_of_accounts_without_the_index_works_and_is_offered_it(
    database: str, request: pytest.FixtureRequest
) -> None:
    url, _ = request.getfixturevalue(database)
    auth = Auth(
        database=url,
        secret=SECRET,
        base_url=ORIGIN,
        social_providers=providers(),
        advanced=Advanced(outgoing=Outgoing(transport=World().transport)),
        environ={},
    )
    auth.blocking.migrate()
    drop(auth, database, "account", "account_providerId_accountId_idx")
    for _ in range(2):
        assert sign_in(Browser(auth)).header("location") == ORIGIN
    assert finish(auth.blocking.runtime.engine.count("account")) == 1
    (offered,) = auth.blocking.migrate()
    assert offered.startswith("CREATE INDEX")
    assert "providerId" in offered
    assert auth.blocking.migrate() == []
    auth.blocking.close()


def test_an_account_class_of_the_application_keeps_the_index() -> None:
    class Own(Account, kw_only=True):
        __indexes__ = (Index(("scope",)),)

    assert model_of(Own).indexes == (*Account.__indexes__, Index(("scope",)))
    unique = Names(indexes={"account": [Index(("providerId", "accountId"), unique=True)]})
    (model,) = unique.applied([model_of(Account)]).values()
    assert list(model.indexes) == unique.indexes["account"], "a unique one takes its place"


def drop(auth: Auth[Any], database: str, table: str, index: str) -> None:
    """Have the index no more."""
    quote = "`" if database == "mariadb" else '"'
    where = f" ON `{table}`" if database == "mariadb" else ""
    finish(auth.blocking.runtime.engine.apply([f"DROP INDEX {quote}{index}{quote}{where}"]))
