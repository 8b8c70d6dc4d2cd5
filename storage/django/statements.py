"""Statements and transactions on one of Django's connections, in the thread that it belongs to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol, TypeVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.database.contract import StorageError
from watchword.runtime.blocking import finish
from watchword.runtime.process import keep_open
from watchword.storage.connections.forks import Lease

from .flavors import (
    ATTEMPTS,
    Flavor,
    Rows,
    Written,
    driver_error,
    execute,
    takes_part,
    translated,
)

T = TypeVar("T")


class Statements(Protocol):
    """Where statements can be run one after the other. `read` and `write` never suspend."""

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        """Rows of a statement, and how many it matched. Raises errors of the contract."""
        ...

    async def read(self, sql: str, params: Sequence[Any]) -> Rows: ...

    async def write(self, sql: str, params: Sequence[Any]) -> Written: ...


class _Driven:
    """`read` and `write` for whoever has `run`."""

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        raise NotImplementedError

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return self.run(sql, params, writes=False)[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return self.run(sql, params, writes=True)


class Lone(_Driven):
    """A connection on which each statement stands for itself, or in the caller's transaction."""

    def __init__(self, connection: BaseDatabaseWrapper, flavor: Flavor) -> None:
        self._connection = connection
        self._flavor = flavor
        self.gave_way = False

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        connection, flavor = self._connection, self._flavor
        try:
            if writes and flavor.guarded_writes and takes_part(connection):
                with transaction.atomic(using=connection.alias):
                    return execute(connection, sql, params)
            return execute(connection, sql, params)
        except Exception as error:
            self._look_after(driver_error(error))
            raise translated(flavor, error) from None

    def _look_after(self, error: BaseException) -> None:
        connection, flavor = self._connection, self._flavor
        if not takes_part(connection):
            self.gave_way = flavor.gave_way(error)
            with suppress(Exception):  # outside of requests nobody else looks whether it is of use
                connection.close_if_unusable_or_obsolete()
        elif connection.in_atomic_block and not flavor.guarded_writes and flavor.undone(error):
            connection.set_rollback(True)  # the database has done so, and his block must not commit


class Part(_Driven, Lease):
    """A transaction of our own; inside one of the caller's a savepoint."""

    def __init__(self, connection: BaseDatabaseWrapper, flavor: Flavor) -> None:
        super().__init__()
        self._connection = connection
        self._flavor = flavor
        self._block: AbstractContextManager[Any] | None = None
        self._lost = False

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        self.check()
        if self._lost:
            raise StorageError("a statement in this transaction had been refused: it is lost")
        try:
            return execute(self._connection, sql, params)
        except Exception as error:
            self._lost = self._flavor.undone(driver_error(error))
            raise translated(self._flavor, error) from None

    def begin(self) -> None:
        """Begin."""
        connection, flavor = self._connection, self._flavor
        outermost = not takes_part(connection)
        block = transaction.atomic(using=connection.alias)
        try:
            if outermost:
                flavor.before_begin(connection)
            block.__enter__()
            self._block = block
            if outermost:
                flavor.begun(connection)
        except Exception as error:
            raise translated(flavor, error) from None

    def commit(self) -> None:
        """Store everything, or leave it to the caller's transaction. Raises `StorageError` where
        that cannot be."""
        self.check()
        if self._lost or self._connection.needs_rollback:
            raise StorageError("the transaction was undone: a statement in it had been refused")
        block, self._block = self._block, None
        if block is not None:
            try:
                block.__exit__(None, None, None)
            except Exception as error:
                raise translated(self._flavor, error) from None

    def end(self) -> None:
        """Undo what was not committed. Raises nothing."""
        block, self._block = self._block, None
        if self.inherited:
            keep_open(block)
        elif block is not None:
            with suppress(Exception):
                block.__exit__(StorageError, StorageError("undone"), None)
        self.expire()


def alone(connection: BaseDatabaseWrapper, flavor: Flavor, work: Callable[[Lone], T]) -> T:
    """Do work in which each statement stands for itself, again when it gave way to others."""
    attempts = ATTEMPTS
    while True:
        attempts -= 1
        lone = Lone(connection, flavor)
        try:
            return work(lone)
        except StorageError:
            if not attempts or not lone.gave_way:
                raise


def together(
    connection: BaseDatabaseWrapper, flavor: Flavor, work: Callable[[Statements], Awaitable[T]]
) -> T:
    """Do work that is all there is to its transaction, again when it gave way to another one."""
    attempts = 1 if takes_part(connection) else ATTEMPTS
    while True:
        attempts -= 1
        part = Part(connection, flavor)
        try:
            part.begin()
            result = finish(coroutine(work, part))
            part.commit()
            return result
        except StorageError as error:
            if not attempts or not isinstance(error, flavor.retried):
                raise
        finally:
            part.end()


async def coroutine(work: Callable[[Statements], Awaitable[T]], held: Statements) -> T:
    """Work as a coroutine, which `finish` wants."""
    return await work(held)
