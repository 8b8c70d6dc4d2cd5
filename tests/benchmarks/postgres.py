"""Session checks on PostgreSQL, over psycopg alone: the same SELECT through such a pool.

By the clock on the wall, for most of it is waiting for the server; so the rounds are very short.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

import pytest
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from tests.benchmarks.floor import select
from tests.benchmarks.rounds import Row, Work, alternate, awaited, called, compared
from tests.benchmarks.serve import minimal
from tests.benchmarks.session_checks import awaited_check, blocking_check
from tests.support.databases import postgres_database
from watchword import SignUpEmail

POOL = 10
"""Connections at most, as with watchword's own pool."""
PERSON = SignUpEmail(name="Ada", email="ada@example.com", password="correct horse")


def postgres_checks() -> list[Row]:
    """Blocking and awaited; nothing but a line on paper where there is no server."""
    try:
        with postgres_database() as url:
            return _measured(url)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(f"The rows of PostgreSQL are left out. {missing}")
        return []


def _measured(url: str) -> list[Row]:
    auth = minimal(database=url)
    auth.blocking.migrate()
    made = auth.blocking.api.sign_up_email(PERSON, return_headers=True)
    cookie, token = made.cookies[0].partition(";")[0], made.value.token
    assert token is not None
    with asyncio.Runner() as runner, _pool(url) as pool:
        pools = runner.run(_open(url))
        measured = alternate(
            {
                "blocking": blocking_check(auth, cookie, perf_counter),
                "psycopg": _blocking_select(pool, token),
                "awaited": awaited_check(runner, auth, cookie, perf_counter),
                "psycopg awaited": _awaited_select(runner, pools, token),
            },
            rounds=400,
            calls=3,
        )
        runner.run(pools.close())
        runner.run(auth.close())
    auth.blocking.close()
    what = "session check on PostgreSQL over psycopg alone"
    return [
        compared(measured, "blocking", "psycopg", what=f"{what}, blocking", wanted="<= 1.2x"),
        compared(measured, "awaited", "psycopg awaited", what="... awaited", wanted="<= 1.2x"),
    ]


def _pool(url: str) -> ConnectionPool:
    return ConnectionPool(url, kwargs={"autocommit": True}, min_size=0, max_size=POOL, open=True)


async def _open(url: str) -> AsyncConnectionPool:
    pool: AsyncConnectionPool = AsyncConnectionPool(
        url, kwargs={"autocommit": True}, min_size=0, max_size=POOL, open=False
    )
    await pool.open()
    return pool


def _blocking_select(pool: ConnectionPool, token: str) -> Work:
    query = select("%s").encode()

    def ask() -> object:
        connection = pool.getconn()
        try:
            return connection.execute(query, (token,), binary=True).fetchone()
        finally:
            pool.putconn(connection)

    return called(ask, perf_counter)


def _awaited_select(runner: asyncio.Runner, pool: AsyncConnectionPool, token: str) -> Work:
    query = select("%s").encode()

    async def ask() -> object:
        connection = await pool.getconn()
        try:
            return await (await connection.execute(query, (token,), binary=True)).fetchone()
        finally:
            await pool.putconn(connection)

    return awaited(runner, ask, perf_counter)
