"""Statements and transactions on connections of SQLAlchemy, in its synchronous form.

Asynchronous engines run the same code in a greenlet, as SQLAlchemy itself does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from sqlalchemy.engine import Connection, Engine, NestedTransaction
from sqlalchemy.orm import Session

from watchword.database.contract import StorageError
from watchword.runtime.blocking import finish
from watchword.runtime.process import keep_open
from watchword.storage.connections.forks import Lease

from .traits import ATTEMPTS, Flavor, Rows, Written, execute, translated

T = TypeVar("T")
Target: TypeAlias = Session | Connection


class Statements(Protocol):
    """Where statements can be run one after the other. `read` and `write` never suspend."""

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        """Rows of a statement, and how many it matched. Raises errors of the contract."""
        ...

    async def read(self, sql: str, params: Sequence[Any]) -> Rows: ...

    async def write(self, sql: str, params: Sequence[Any]) -> Written: ...


class Tenure(Statements, Protocol):
    """A transaction that lasts for a while, in one process (see `forks.Lease`)."""

    @property
    def inherited(self) -> bool: ...

    def expire(self) -> None: ...


class Scope(Tenure, Protocol):
    """A transaction, or a part of one. Whatever happens, `end` comes last."""

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def end(self) -> None: ...


class _Driven:
    """`read` and `write` for whoever has `run`."""

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        raise NotImplementedError

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return self.run(sql, params, writes=False)[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return self.run(sql, params, writes=True)


class Lone(_Driven):
    """A connection on which each statement stands for itself."""

    def __init__(self, connection: Connection, flavor: Flavor) -> None:
        self._connection = connection
        self._flavor = flavor
        self.gave_way = False

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        try:
            found = execute(self._connection, self._flavor, sql, params)
            if writes and self._flavor.commits:
                self._connection.commit()
        except Exception as error:
            self.gave_way = self._flavor.gave_way(error)
            raise translated(self._flavor, error) from None
        return found


class Begun(_Driven, Lease):
    """A transaction of our own."""

    def __init__(self, engine: Engine, flavor: Flavor) -> None:
        super().__init__()
        self._engine = engine
        self._flavor = flavor
        self._connection: Connection | None = None
        self._lost = False
        self._stored = False

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        self.check()
        if self._lost:
            raise StorageError("a statement in this transaction had been refused: it is lost")
        try:
            return execute(cast("Connection", self._connection), self._flavor, sql, params)
        except Exception as error:
            self._lost = self._flavor.undone(error)
            raise translated(self._flavor, error) from None

    def begin(self) -> None:
        """Connect and begin."""
        try:
            self._connection = self._engine.connect()
            self._flavor.begin(self._connection)
        except Exception as error:
            raise translated(self._flavor, error) from None

    def commit(self) -> None:
        """Store everything. Raises `StorageError` where that cannot be."""
        self.check()
        if self._lost:
            raise StorageError("the transaction was undone: a statement in it had been refused")
        if self._connection is not None:
            try:
                self._connection.commit()
                self._stored = True
            except Exception as error:
                raise translated(self._flavor, error) from None

    def end(self) -> None:
        """Give the connection back; what is not committed is not stored. Raises nothing."""
        connection, self._connection = self._connection, None
        if self.inherited:
            keep_open(connection)
        elif connection is not None:
            with suppress(Exception):
                if not self._stored:
                    _undo(connection)
            with suppress(Exception):
                connection.close()
        self.expire()


class Guest(_Driven, Lease):
    """The caller's session or connection, in whose transaction everything happens."""

    def __init__(self, target: Target, flavor: Flavor) -> None:
        super().__init__()
        self._target = target
        self._flavor = flavor
        self._known: Connection | None = None

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        connection = self.connection()
        try:
            if not writes:
                return execute(connection, self._flavor, sql, params)
            self._flavor.join(connection)
            if not self._flavor.guarded_writes:
                return execute(connection, self._flavor, sql, params)
            with connection.begin_nested():
                return execute(connection, self._flavor, sql, params)
        except Exception as error:
            raise translated(self._flavor, error) from None

    def connection(self) -> Connection:
        """The connection that the session has at this moment; what it has pending is sent first."""
        self.check()
        target = self._target
        if isinstance(target, Session):
            if target.autoflush:
                target.flush()
            target = target.connection()
        if target is not self._known:
            self._check(target)
            self._known = target
        return target

    def _check(self, connection: Connection) -> None:
        given = (connection.dialect.name, connection.dialect.driver)
        if given != self._flavor.spoken:
            wanted = "+".join(self._flavor.spoken)
            raise StorageError(
                f"using() was given a connection of {'+'.join(given)}; this storage uses {wanted}"
            )

    def savepoint(self) -> Savepoint:
        """A transaction inside the caller's."""
        return Savepoint(self, self._flavor)


class Savepoint(_Driven, Lease):
    """A part of the caller's transaction that is undone alone, or stored with it."""

    def __init__(self, guest: Guest, flavor: Flavor) -> None:
        super().__init__()
        self._guest = guest
        self._flavor = flavor
        self._connection: Connection | None = None
        self._nested: NestedTransaction | None = None

    def run(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        self.check()
        try:
            return execute(cast("Connection", self._connection), self._flavor, sql, params)
        except Exception as error:
            raise translated(self._flavor, error) from None

    def begin(self) -> None:
        """Begin."""
        self._connection = self._guest.connection()
        try:
            self._flavor.join(self._connection)
            self._nested = self._connection.begin_nested()
        except Exception as error:
            raise translated(self._flavor, error) from None

    def commit(self) -> None:
        """Leave what was done to the caller's transaction."""
        self.check()
        if self._nested is not None:
            try:
                self._nested.commit()
            except Exception as error:
                raise translated(self._flavor, error) from None

    def end(self) -> None:
        """Undo what was not committed. Raises nothing."""
        nested, self._nested = self._nested, None
        if self.inherited:
            keep_open(nested)
        elif nested is not None and nested.is_active:
            with suppress(Exception):  # the whole transaction is lost, and says so at its end
                nested.rollback()
        self.expire()


def _undo(connection: Connection) -> None:
    """Roll back, also where an engine in autocommit has SQLAlchemy not do it by itself."""
    if connection.invalidated:
        return
    try:
        cast("Any", connection.connection).rollback()
    except BaseException:
        connection.invalidate()
        raise


def alone(engine: Engine, flavor: Flavor, work: Callable[[Lone], T]) -> T:
    """Do work in which each statement stands for itself, again when it gave way to others."""
    try:
        with engine.connect() as connection:
            flavor.stand_alone(connection)
            attempts = ATTEMPTS
            while True:
                attempts -= 1
                lone = Lone(connection, flavor)
                try:
                    return work(lone)
                except StorageError:
                    if not attempts or not lone.gave_way:
                        raise
                    connection.rollback()
    except Exception as error:
        raise translated(flavor, error) from None


def begun(engine: Engine, flavor: Flavor, work: Callable[[Statements], Awaitable[T]]) -> T:
    """Do work that is all there is to its transaction, again when it gave way to another one."""
    attempts = ATTEMPTS
    while True:
        attempts -= 1
        held = Begun(engine, flavor)
        try:
            held.begin()
            result = finish(coroutine(work, held))
            held.commit()
            return result
        except StorageError as error:
            if not attempts or not isinstance(error, flavor.retried):
                raise
        finally:
            held.end()


async def coroutine(work: Callable[[Statements], Awaitable[T]], held: Statements) -> T:
    """Work as a coroutine, which `finish` wants."""
    return await work(held)
