"""The `Connection` of the SQL engine, over Django's connections; written once for both worlds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from watchword.runtime.blocking import finish
from watchword.runtime.process import PerProcess, keep_open
from watchword.storage.sql.engine import refuse_script

from .flavors import Flavor, Rows, Written, takes_part, translated
from .statements import Part, Statements, alone, coroutine, together
from .worlds import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    result: T


class Connections:
    """Django's connections to one database: each thread has one, with whatever is going on in it.

    In a transaction of the caller's (`atomic`) everything is part of that.
    """

    def __init__(self, world: World, flavor: Flavor, alias: str) -> None:
        self._world = world
        self._flavor = flavor
        self._alias = alias
        self._held: dict[object, HeldConnection] = {}
        """Who is in a transaction of our own."""
        self._busy: WeakKeyDictionary[BaseDatabaseWrapper, HeldConnection] = WeakKeyDictionary()
        self._used: PerProcess[WeakSet[BaseDatabaseWrapper]] = PerProcess(WeakSet, leave=_leave)

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        if (held := self._mine()) is not None:
            return await held.read(sql, params)
        return (await self._alone(lambda lone: lone.run(sql, params, writes=False)))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if (held := self._mine()) is not None:
            return await held.write(sql, params)
        return await self._alone(lambda lone: lone.run(sql, params, writes=True))

    async def together(self, work: Callable[[Statements], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql.engine.Together`; the work must not wait for anything but the connection."""
        if (held := self._mine()) is not None:
            return await held.together(work, atomic=atomic)
        if atomic:
            return await self._run(lambda here: together(here, self._flavor, work))
        return await self._alone(lambda lone: finish(coroutine(work, lone)))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this caller; one that he is in already is joined.

        In a transaction of the application it is a savepoint.
        """
        if (held := self._mine()) is not None:
            yield held
            return
        me = self._world.caller()
        made: list[HeldConnection] = []
        try:
            await self._run(lambda here: self._begin(here, made))
            held = self._held[me] = made[0]
            try:
                yield held
            finally:
                self._held.pop(me, None)
            await self._world.run(held.part.commit, held.connection)
        finally:
            for one in made:
                await self._world.run(lambda one=one: self._end(one), one.connection)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._mine() is not None:
            refuse_script()

        def work(connection: BaseDatabaseWrapper) -> None:
            if takes_part(connection):
                refuse_script()
            try:
                self._flavor.run_script(connection, statements)
            except Exception as error:
                raise translated(self._flavor, error) from None

        await self._run(work)

    async def close(self) -> None:
        """Nothing: the connections are Django's."""

    async def joined(self) -> bool:
        """Whether what the caller writes may be undone with a transaction, of ours or his own.

        The one that Django's test cases put around each test is none.
        """
        if self._mine() is not None:
            return True
        # Not while the connection is in that of another task.
        return await self._run(_is_undoable)

    async def _alone(self, work: Callable[[Any], T]) -> T:
        return await self._run(lambda here: alone(here, self._flavor, work))

    async def _run(self, work: Callable[[BaseDatabaseWrapper], T]) -> T:
        """Do work on the caller's connection, once no transaction of another task is on it."""
        while True:
            found = await self._world.run(lambda: self._attempt(work))
            if isinstance(found, _Done):
                return found.result
            await found.over.wait()

    def _attempt(self, work: Callable[[BaseDatabaseWrapper], T]) -> _Done[T] | HeldConnection:
        used, connection = self._used.here(), connections[self._alias]
        used.add(connection)
        if (held := self._busy.get(connection)) is not None and not held.part.over:
            return held
        done = _Done(work(connection))
        if connection not in self._busy:
            self._world.done(connection)
        return done

    def _begin(self, connection: BaseDatabaseWrapper, made: list[HeldConnection]) -> None:
        part = Part(connection, self._flavor)
        held = HeldConnection(self._world, part, connection)
        made.append(held)
        self._busy[connection] = held
        part.begin()

    def _end(self, held: HeldConnection) -> None:
        held.part.end()
        self._busy.pop(held.connection, None)
        held.over.ring()
        self._world.done(held.connection)

    def _mine(self) -> HeldConnection | None:
        held = self._held.get(self._world.caller()) if self._held else None
        return None if held is None or held.part.inherited else held


class HeldConnection:
    """A connection inside a transaction of our own."""

    __slots__ = ("__weakref__", "_world", "connection", "over", "part")

    def __init__(self, world: World, part: Part, connection: BaseDatabaseWrapper) -> None:
        self._world = world
        self.part = part
        self.connection = connection
        self.over = world.bell()

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self._run(lambda: self.part.run(sql, params, writes=False)))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self._run(lambda: self.part.run(sql, params, writes=True))

    async def together(self, work: Callable[[Statements], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql.engine.Together`."""
        return await self._run(lambda: finish(coroutine(work, self.part)))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._world.run(work, self.connection)


def _leave(used: WeakSet[BaseDatabaseWrapper]) -> None:
    """Let go of the connections that a child has from its parent: both would speak on them."""
    for connection in list(used):
        link: Any = connection.connection
        if link is None or _is_in_memory(connection):
            continue
        if connection.vendor == "sqlite" and not link.in_transaction:
            with suppress(Exception):  # see `sqlite.driver.close_inherited`
                link.close()
        keep_open(link)
        connection.connection = None


def _is_undoable(connection: BaseDatabaseWrapper) -> bool:
    blocks: list[Any] = connection.atomic_blocks
    if not blocks:
        return takes_part(connection)
    return any(not block._from_testcase for block in blocks)


def _is_in_memory(connection: Any) -> bool:
    return connection.vendor == "sqlite" and connection.is_in_memory_db()
