"""Idle connections of one pool, and what is done on one of them: transactions, again if need be.

All of it blocks. The async engine does it in threads, a whole short transaction in one go.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

from watchword.database.contract import StorageError, StorageUnavailable
from watchword.runtime.process import keep_open
from watchword.storage.connections.forks import Lease, Owned
from watchword.storage.sql.engine import refuse_script

from .driver import (
    ATTEMPTS,
    DRIVER_ERRORS,
    MIGRATION_LOCK,
    GaveWay,
    Link,
    Rows,
    Written,
    ended,
    is_there_already,
    refused_statement,
    translated,
    undone,
)
from .url import MySQLOptions

T = TypeVar("T")


class Links(Owned):
    """The idle connections of one pool. Safe under threads: each step on the list is one."""

    def __init__(self, options: MySQLOptions) -> None:
        super().__init__()
        self._options = options
        self._idle: list[Link] = []
        self._closed = False

    def take(self) -> Link:
        """A connection that works, or one that is made with its first use."""
        while self._idle:
            try:
                link = self._idle.pop()
            except IndexError:
                break  # another thread was quicker
            if link.usable():
                return link
            link.close()
        return Link(self._options)

    def give_back(self, link: Link) -> None:
        if self.inherited:
            keep_open(link)
            return
        link.rested()
        self._idle.append(link)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        self._closed = True
        while self._idle:
            try:
                self._idle.pop().close()
            except IndexError:
                break

    def all_busy(self) -> StorageUnavailable:
        """The error for a caller who waited too long for a connection."""
        options = self._options
        return StorageUnavailable(
            f"no connection to MySQL at {options.address} in {options.pool_timeout:g} s: "
            f"all {options.pool_size} of the pool stayed busy"
        )


class HeldLink(Lease):
    """A connection that somebody else borrows, and on which he may have begun a transaction."""

    __slots__ = ("_link", "_options", "lost")

    def __init__(self, link: Link, options: MySQLOptions) -> None:
        super().__init__()
        self._link = link
        self._options = options
        self.lost = False
        """The server has undone the transaction: what came after would be stored without it."""

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return self.run(sql, params)[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return self.run(sql, params)

    async def together(self, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql_engine.Together`."""
        return await work(self)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldLink, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    def run(self, sql: str, params: Sequence[Any]) -> Written:
        """Run a statement. Raises errors of the contract."""
        self.check()
        if self.lost:
            raise StorageError("a statement in this transaction had failed: it is undone")
        try:
            return self._link.run(sql, params)
        except DRIVER_ERRORS as error:
            self.lost = undone(error)
            if ended(error):
                self._link.close()
            raise translated(error, self._options) from None

    def begin(self) -> None:
        """Begin a transaction."""
        self.run("START TRANSACTION", ())

    def commit(self) -> None:
        """Store everything. Raises `StorageError` where the server has undone it meanwhile."""
        self.run("COMMIT", ())

    def roll_back(self) -> None:
        """Store nothing."""
        if self.lost:
            return
        try:
            self._link.run("ROLLBACK", ())
        except DRIVER_ERRORS:
            self._link.close()  # the server undoes what is not committed


@contextmanager
def begun(link: Link, options: MySQLOptions) -> Generator[HeldLink, None, None]:
    """A transaction around the block."""
    held = HeldLink(link, options)
    try:
        held.begin()
        yield held
        held.commit()
    except BaseException:
        if not held.over:  # it is in a child, whose parent has the connection
            held.roll_back()
        raise
    finally:
        held.expire()


async def alone(
    link: Link, options: MySQLOptions, work: Callable[[HeldLink], Awaitable[T]], *, atomic: bool
) -> T:
    """Do work that is all there is to its transaction, again when it gave way to another one."""
    attempts = ATTEMPTS
    while True:
        attempts -= 1
        try:
            if not atomic:
                return await work(HeldLink(link, options))
            with begun(link, options) as held:
                return await work(held)
        except GaveWay:
            if not attempts:
                raise


def run_script(options: MySQLOptions, statements: Sequence[str]) -> None:
    """Run statements of the schema, one process at a time. Each is stored on its own."""
    link = Link(options, patient=True)
    try:
        (rows, _) = HeldLink(link, options).run(MIGRATION_LOCK, ())
        if rows != [(1,)]:
            raise StorageUnavailable("another process has been changing the schema for a minute")
        for statement in statements:
            try:
                link.run(statement, None)
            except DRIVER_ERRORS as error:
                if not is_there_already(error):
                    raise refused_statement(error, statement, options) from None
    finally:
        link.close()
