"""PostgreSQL under an event loop: a pool for each loop, a connection for each task in need."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from watchword.runtime.process import keep_open
from watchword.storage.connections.forks import Lease, Owned
from watchword.storage.connections.per_loop import PerLoop
from watchword.storage.connections.uninterrupted import cancellations, heed, to_its_end
from watchword.storage.sql.engine import refuse_script

from .driver import (
    ATTEMPTS,
    BEGIN,
    MIGRATION_LOCK,
    WHO_ANSWERS,
    Rows,
    Written,
    check_committed,
    configure,
    failure_of,
    gave_way,
    no_connection,
    pool_settings,
    refused_statement,
    spare,
    translated,
    usable,
)
from .patience import BoundedWaits, patient, spent
from .url import PostgresOptions

if TYPE_CHECKING:
    from typing import LiteralString

T = TypeVar("T")
Connection: TypeAlias = "psycopg.AsyncConnection[Any]"


class _LoopPool(Owned):
    """What belongs to one event loop: the pool, and who is in a transaction."""

    def __init__(self, options: PostgresOptions) -> None:
        super().__init__()
        self.options = options
        self.held: dict[asyncio.Task[Any] | None, HeldConnection] = {}
        self._failure = ""
        self._opened: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._is_open = False
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            connection_class=self._watched(), configure=self._configure, **pool_settings(options)
        )

    async def borrow(self) -> Connection:
        """A connection that works. Raises `StorageUnavailable`, `PoolClosed`."""
        if not self._is_open:
            await self._pool.open()
            self._is_open = True
        asked = cancellations()
        while True:
            try:
                connection = await self._pool.getconn()
            except PoolTimeout:
                raise no_connection(self.options, self._failure) from None
            if cancellations() > asked:
                # The pool keeps silent about it where a connection came at the same time.
                await to_its_end(self.give_back(connection))
                await heed()
            if usable(connection):
                return connection
            await connection.close()
            await self._pool.putconn(connection)

    async def give_back(self, connection: Connection) -> None:
        """Back into the pool; undoes what is not committed."""
        if self.inherited:
            keep_open(connection)
        else:
            await self._pool.putconn(connection)

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        await self._pool.close()

    def abandon(self) -> None:
        """Close all connections without the loop, which does not run any more."""
        for connection in list(self._opened):
            connection.pgconn.finish()

    async def _configure(self, connection: Connection) -> None:
        configure(connection)
        self._opened.add(connection)

    def _watched(self) -> type[Connection]:
        seen, options = weakref.ref(self), self.options

        class Watched(BoundedWaits, psycopg.AsyncConnection[Any]):
            """Says why the last connection could not be made; the pool only logs it."""

            longest_silence = options.longest_silence

            async def wait(self, gen: PQGen[T], *given: Any, **named: Any) -> T:
                return await super().wait(self.bounded(gen), *given, **named)

            @classmethod
            async def connect(cls, conninfo: str = "", **kwargs: Any) -> Connection:
                failure = ""
                try:
                    connection = await super().connect(conninfo, **kwargs)
                    if options.prepare_threshold == "auto":
                        spare(connection, await _who_answers(connection), options)
                    return connection
                except psycopg.Error as error:
                    failure = failure_of(error)
                    raise
                finally:
                    if (pool := seen()) is not None:
                        pool._failure = failure

        return Watched


class LoopConnections:
    """The connections of one async engine: a pool for each event loop that uses it."""

    def __init__(self, options: PostgresOptions) -> None:
        self._pools = PerLoop(lambda: _LoopPool(options), _LoopPool.abandon, rests=True)
        weakref.finalize(self, self._pools.close_all)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if held := self._held():
            return await held.write(sql, params)
        pool, connection = await self._borrow()
        try:
            attempts = ATTEMPTS
            while True:
                attempts -= 1
                try:
                    return await _run(connection, sql, params)
                except psycopg.Error as error:
                    if not attempts or not gave_way(error):
                        raise translated(error, pool.options.address) from None
        finally:
            await pool.give_back(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this task; one that the task is in already is joined."""
        if held := self._held():
            yield held
            return
        pool, connection = await self._borrow()
        me = asyncio.current_task()
        try:
            async with _begun(connection) as held:
                pool.held[me] = held
                try:
                    yield held
                finally:
                    del pool.held[me]
        finally:
            await pool.give_back(connection)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._held():
            refuse_script()
        if not statements:
            return
        pool, connection = await self._borrow()
        try:
            with patient(connection):
                async with _begun(connection) as held:
                    await held.read(MIGRATION_LOCK, ())
                    for statement in statements:
                        await _change_schema(connection, statement)
        finally:
            await pool.give_back(connection)

    async def close(self) -> None:
        """Close what the running loop has; connections in use when they are given back."""
        pool = self._pools.take_here()
        if pool is not None:
            await pool.close()

    def _held(self) -> HeldConnection | None:
        held = self._pools.here().held
        return held.get(asyncio.current_task()) if held else None

    async def _borrow(self) -> tuple[_LoopPool, Connection]:
        while True:
            pool = self._pools.here()
            try:
                return pool, await pool.borrow()
            except PoolClosed:
                continue  # closed meanwhile: nothing has been asked yet


class HeldConnection(Lease):
    """A connection inside a transaction that somebody else begins and ends."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        self.check()
        try:
            return await _run(self._connection, sql, params)
        except psycopg.Error as error:
            raise translated(error) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""


@asynccontextmanager
async def _begun(connection: Connection) -> AsyncGenerator[HeldConnection, None]:
    held = HeldConnection(connection)
    try:
        await _control(connection, BEGIN)
        yield held
        held.check()
    except BaseException:
        if not held.over:
            await _roll_back(connection)
        raise
    else:
        check_committed(await _control(connection, "COMMIT"))
    finally:
        held.expire()


async def _who_answers(connection: Connection) -> object:
    try:
        rows = await (await connection.execute(WHO_ANSWERS, prepare=False)).fetchall()
    except BaseException:
        await connection.close()
        raise
    return rows[0][0]


async def _run(connection: Connection, sql: str, params: Sequence[Any]) -> Written:
    try:
        cursor = await connection.execute(cast("LiteralString", sql), params, binary=True)
        # Whether it has rows; its description would be made anew, column by column.
        return (await cursor.fetchall() if cursor.rownumber is not None else []), cursor.rowcount
    except psycopg.Error as error:
        if spent(error):
            await connection.close()
        raise


async def _change_schema(connection: Connection, statement: str) -> None:
    try:
        await connection.execute(cast("LiteralString", statement), prepare=False)
    except psycopg.Error as error:
        raise refused_statement(error, statement) from None


async def _control(connection: Connection, statement: LiteralString) -> str | None:
    try:
        return (await connection.execute(statement, prepare=False)).statusmessage
    except psycopg.Error as error:
        if spent(error):
            await connection.close()
        raise translated(error) from None


async def _roll_back(connection: Connection) -> None:
    try:
        await connection.execute("ROLLBACK", prepare=False)
    except psycopg.Error:
        await connection.close()  # the server undoes what is not committed
