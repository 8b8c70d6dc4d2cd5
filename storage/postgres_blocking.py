"""PostgreSQL without an event loop: a thread borrows a connection for a statement or a transaction.

The pool has threads of its own, which do not survive a fork: it is closed before one, and made
again with the next use on both sides.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from .forks import watch_forks
from .postgres_driver import (
    ATTEMPTS,
    BEGIN,
    MIGRATION_LOCK,
    Rows,
    Written,
    check_committed,
    configure,
    failure_of,
    gave_way,
    no_connection,
    pool_settings,
    refused_statement,
    translated,
    usable,
)
from .postgres_url import PostgresOptions
from .sql_engine import refuse_after_end, refuse_script

if TYPE_CHECKING:
    from typing import LiteralString

Connection: TypeAlias = "psycopg.Connection[Any]"
Pool: TypeAlias = "ConnectionPool[Connection]"

_inherited: list[Pool] = []
"""What a forked process got from its parent, kept so that it is never closed there."""


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, options: PostgresOptions) -> None:
        self._options = options
        self._pools: list[Pool] = []
        self._lock = threading.Lock()
        self._held: dict[int, HeldConnection] = {}
        self._failure = ""
        weakref.finalize(self, _close_all, self._pools)
        watch_forks(self)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if self._held and (held := self._held.get(threading.get_ident())):
            return await held.write(sql, params)
        with self._borrowed() as connection:
            attempts = ATTEMPTS
            while True:
                attempts -= 1
                try:
                    return _run(connection, sql, params)
                except psycopg.Error as error:
                    if not attempts or not gave_way(error):
                        raise translated(error, self._options.address) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        me = threading.get_ident()
        if held := self._held.get(me):
            yield held
            return
        with self._borrowed() as connection, _begun(connection) as held:
            self._held[me] = held
            try:
                yield held
            finally:
                self._held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        if threading.get_ident() in self._held:
            refuse_script()
        if not statements:
            return
        with self._borrowed() as connection, _begun(connection) as held:
            await held.read(MIGRATION_LOCK, ())
            for statement in statements:
                try:
                    connection.execute(cast("LiteralString", statement), prepare=False)
                except psycopg.Error as error:
                    raise refused_statement(error, statement) from None

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        with self._lock:
            _close_all(self._pools)

    def before_fork(self) -> None:
        with self._lock:
            _close_all(self._pools)

    def after_fork_in_child(self) -> None:
        # Other threads, with what they had borrowed, do not exist here.
        self._lock = threading.Lock()
        _inherited.extend(self._pools)
        self._pools.clear()
        for held in self._held.values():
            held.over = True
        self._held.clear()

    @contextmanager
    def _borrowed(self) -> Generator[Connection, None, None]:
        pool, connection = self._borrow()
        process = os.getpid()
        try:
            yield connection
        finally:
            if os.getpid() == process:
                pool.putconn(connection)

    def _borrow(self) -> tuple[Pool, Connection]:
        while True:
            pool = self._pool()
            try:
                connection = pool.getconn()
            except PoolTimeout:
                raise no_connection(self._options, self._failure) from None
            except PoolClosed:
                continue  # closed meanwhile: nothing has been asked yet
            if usable(connection):
                return pool, connection
            connection.close()
            pool.putconn(connection)

    def _pool(self) -> Pool:
        if self._pools:
            return self._pools[0]
        with self._lock:
            if not self._pools:
                made: Pool = ConnectionPool(
                    connection_class=self._watched(),
                    configure=configure,
                    **pool_settings(self._options),
                )
                made.open()
                self._pools.append(made)
            return self._pools[0]

    def _watched(self) -> type[Connection]:
        seen = weakref.ref(self)

        class Watched(psycopg.Connection[Any]):
            """Says why the last connection could not be made; the pool only logs it."""

            @classmethod
            def connect(cls, conninfo: str = "", **kwargs: Any) -> Connection:
                failure = ""
                try:
                    return super().connect(conninfo, **kwargs)
                except psycopg.Error as error:
                    failure = failure_of(error)
                    raise
                finally:
                    if (engine := seen()) is not None:
                        engine._failure = failure

        return Watched


class HeldConnection:
    """A connection inside a transaction that somebody else begins and ends."""

    __slots__ = ("_connection", "over")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.over = False

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if self.over:
            refuse_after_end()
        try:
            return _run(self._connection, sql, params)
        except psycopg.Error as error:
            raise translated(error) from None

    async def copy_in(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Many rows at once, several times quicker than by INSERT."""
        if self.over:
            refuse_after_end()
        # A statement without parameters: nothing is doubled in it.
        text = f"COPY {table} ({', '.join(names)}) FROM STDIN".replace("%%", "%")
        try:
            with (
                self._connection.cursor() as cursor,
                cursor.copy(cast("LiteralString", text)) as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise translated(error) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""


@contextmanager
def _begun(connection: Connection) -> Generator[HeldConnection, None, None]:
    held = HeldConnection(connection)
    try:
        _control(connection, BEGIN)
        yield held
        if held.over:
            refuse_after_end()  # this is a child, and the transaction its parent's
    except BaseException:
        if not held.over:
            _roll_back(connection)
        raise
    else:
        check_committed(_control(connection, "COMMIT"))
    finally:
        held.over = True


def _run(connection: Connection, sql: str, params: Sequence[Any]) -> Written:
    cursor = connection.execute(cast("LiteralString", sql), params, binary=True)
    return (cursor.fetchall() if cursor.description else []), cursor.rowcount


def _control(connection: Connection, statement: LiteralString) -> str | None:
    try:
        return connection.execute(statement, prepare=False).statusmessage
    except psycopg.Error as error:
        raise translated(error) from None


def _roll_back(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK", prepare=False)
    except psycopg.Error:
        connection.close()  # the server undoes what is not committed


def _close_all(pools: list[Pool]) -> None:
    while pools:
        pools.pop().close()
