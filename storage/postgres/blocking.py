"""PostgreSQL without an event loop: a thread borrows a connection for a statement or a transaction.

The pool has threads of its own, which do not survive a fork: each process has a pool, made with its
first use. Before a fork that the interpreter knows of it is closed, and made again by the next use.
"""

from __future__ import annotations

import weakref
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from watchword.runtime.callback_thread import asker
from watchword.runtime.process import PerProcess, keep_open
from watchword.storage.connections.forks import Lease, Owned
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
Connection: TypeAlias = "psycopg.Connection[Any]"


class _Pool(Owned):
    """The connections of one process, opened when they are needed."""

    def __init__(self, options: PostgresOptions) -> None:
        super().__init__()
        self._options = options
        self._failure = ""
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            connection_class=self._watched(), configure=configure, **pool_settings(options)
        )
        self._pool.open()

    def borrow(self) -> Connection:
        """A connection that works. Raises `StorageUnavailable`, `PoolClosed`."""
        while True:
            try:
                connection = self._pool.getconn()
            except PoolTimeout:
                raise no_connection(self._options, self._failure) from None
            if usable(connection):
                return connection
            connection.close()
            self._pool.putconn(connection)

    def give_back(self, connection: Connection) -> None:
        """Back into the pool; undoes what is not committed."""
        if self.inherited:
            keep_open(connection)
        else:
            self._pool.putconn(connection)

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        self._pool.close()

    def _watched(self) -> type[Connection]:
        seen, options = weakref.ref(self), self._options

        class Watched(BoundedWaits, psycopg.Connection[Any]):
            """Says why the last connection could not be made; the pool only logs it."""

            longest_silence = options.longest_silence

            def wait(self, gen: PQGen[T], *given: Any, **named: Any) -> T:
                return super().wait(self.bounded(gen), *given, **named)

            @classmethod
            def connect(cls, conninfo: str = "", **kwargs: Any) -> Connection:
                failure = ""
                try:
                    connection = super().connect(conninfo, **kwargs)
                    if options.prepare_threshold == "auto":
                        spare(connection, _who_answers(connection), options)
                    return connection
                except psycopg.Error as error:
                    failure = failure_of(error)
                    raise
                finally:
                    if (pool := seen()) is not None:
                        pool._failure = failure

        return Watched


class BlockingConnections:
    """The connections of one blocking engine. Safe under threads and fork."""

    def __init__(self, options: PostgresOptions) -> None:
        self._options = options
        self._pools = PerProcess(lambda: _Pool(options), close=_Pool.close)
        self._held: dict[object, HeldConnection] = {}
        weakref.finalize(self, self._pools.close)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self.write(sql, params))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if self._held and (held := self._joined()):
            return await held.write(sql, params)
        pool, connection = self._borrow()
        try:
            attempts = ATTEMPTS
            while True:
                attempts -= 1
                try:
                    return _run(connection, sql, params)
                except psycopg.Error as error:
                    if not attempts or not gave_way(error):
                        raise translated(error, self._options.address) from None
        finally:
            pool.give_back(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this thread; one that the thread is in already is joined."""
        if held := self._joined():
            yield held
            return
        me = asker()
        with self._borrowed() as connection, _begun(connection) as held:
            self._held[me] = held
            try:
                yield held
            finally:
                self._held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._joined():
            refuse_script()
        if not statements:
            return
        with self._borrowed() as connection, patient(connection), _begun(connection) as held:
            await held.read(MIGRATION_LOCK, ())
            for statement in statements:
                try:
                    connection.execute(cast("LiteralString", statement), prepare=False)
                except psycopg.Error as error:
                    raise refused_statement(error, statement) from None

    async def close(self) -> None:
        """Close all connections; those in use are closed when they are given back."""
        self._pools.close()

    def _joined(self) -> HeldConnection | None:
        held = self._held.get(asker()) if self._held else None
        return None if held is None or held.inherited else held

    @contextmanager
    def _borrowed(self) -> Generator[Connection, None, None]:
        pool, connection = self._borrow()
        try:
            yield connection
        finally:
            pool.give_back(connection)

    def _borrow(self) -> tuple[_Pool, Connection]:
        while True:
            pool = self._pools.here()
            try:
                return pool, pool.borrow()
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
            return _run(self._connection, sql, params)
        except psycopg.Error as error:
            raise translated(error) from None

    async def copy_in(
        self, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Many rows at once, several times quicker than by INSERT."""
        self.check()
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
        held.check()
    except BaseException:
        if not held.over:
            _roll_back(connection)
        raise
    else:
        check_committed(_control(connection, "COMMIT"))
    finally:
        held.expire()


def _who_answers(connection: Connection) -> object:
    try:
        rows = connection.execute(WHO_ANSWERS, prepare=False).fetchall()
    except BaseException:
        connection.close()
        raise
    return rows[0][0]


def _run(connection: Connection, sql: str, params: Sequence[Any]) -> Written:
    try:
        cursor = connection.execute(cast("LiteralString", sql), params, binary=True)
        # Whether it has rows; its description would be made anew, column by column.
        return (cursor.fetchall() if cursor.rownumber is not None else []), cursor.rowcount
    except psycopg.Error as error:
        if spent(error):
            connection.close()
        raise


def _control(connection: Connection, statement: LiteralString) -> str | None:
    try:
        return connection.execute(statement, prepare=False).statusmessage
    except psycopg.Error as error:
        if spent(error):
            connection.close()
        raise translated(error) from None


def _roll_back(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK", prepare=False)
    except psycopg.Error:
        connection.close()  # the server undoes what is not committed
