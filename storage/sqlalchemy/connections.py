"""The `Connection` of the SQL engine, over engines of SQLAlchemy; written once for both worlds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from watchword.runtime.blocking import finish
from watchword.storage.sql.engine import refuse_script

from .pool import Begun, Guest, Scope, Statements, Tenure, alone, begun, coroutine
from .runners import World
from .traits import Flavor, Rows, Written, translated
from .transaction import Guests

T = TypeVar("T")


class Connections:
    """The connections of one engine, its transactions, and its guests in those of others."""

    def __init__(self, world: World, flavor: Flavor, guests: Guests) -> None:
        self._world = world
        self._flavor = flavor
        self._guests = guests
        self._held: dict[object, HeldConnection] = {}

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        if (held := self._joined()) is not None:
            return await held.read(sql, params)
        return (await self._alone(sql, params, writes=False))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        if (held := self._joined()) is not None:
            return await held.write(sql, params)
        return await self._alone(sql, params, writes=True)

    async def together(self, work: Callable[[Statements], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql.engine.Together`; the work must not wait for anything but the connection."""
        if (held := self._joined()) is not None:
            return await held.together(work, atomic=atomic)
        engine, flavor = self._world.engine(), self._flavor
        if atomic:
            return await self._world.run(lambda: begun(engine, flavor, work))
        return await self._world.run(
            lambda: alone(engine, flavor, lambda lone: finish(coroutine(work, lone)))
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """A transaction of this caller; one that he is in already is joined.

        In a transaction of a guest's host it is a savepoint.
        """
        if (held := self._joined()) is not None:
            async with held.transaction() as inside:
                yield inside
            return
        me = self._world.caller()
        begun = Begun(self._world.engine(), self._flavor)
        async with _scope(self._world, begun) as held:
            self._held[me] = held
            try:
                yield held
            finally:
                self._held.pop(me, None)

    async def run_script(self, statements: Sequence[str]) -> None:
        if self._joined() is not None:
            refuse_script()
        engine, flavor = self._world.engine(), self._flavor

        def work() -> None:
            try:
                flavor.run_script(engine, statements)
            except Exception as error:
                raise translated(flavor, error) from None

        await self._world.run(work)

    async def close(self) -> None:
        """Give back what is not the caller's; see `SQLAlchemyStorage`."""
        await self._world.close()

    async def _alone(self, sql: str, params: Sequence[Any], *, writes: bool) -> Written:
        engine, flavor = self._world.engine(), self._flavor
        return await self._world.run(
            lambda: alone(engine, flavor, lambda lone: lone.run(sql, params, writes=writes))
        )

    async def joined(self) -> bool:
        """Whether the caller is in a transaction, of ours or his own."""
        return self._joined() is not None

    def _joined(self) -> HeldConnection | None:
        me = self._world.caller()
        if self._held and (held := self._held.get(me)) and not held.statements.inherited:
            return held
        host = self._guests.host(me, is_async=self._world.is_async)
        if host is None:
            return None
        if host.guest is None:
            host.guest = Guest(host.target, self._flavor)
        return HeldConnection(self._world, host.guest, host.turn)


class HeldConnection:
    """A connection inside a transaction; tasks that share it take turns."""

    __slots__ = ("_turn", "_world", "statements")

    def __init__(self, world: World, statements: Tenure, turn: Any = None) -> None:
        self._world = world
        self._turn = turn or world.turn()
        self.statements = statements

    async def read(self, sql: str, params: Sequence[Any]) -> Rows:
        return (await self._step(lambda: self.statements.run(sql, params, writes=False)))[0]

    async def write(self, sql: str, params: Sequence[Any]) -> Written:
        return await self._step(lambda: self.statements.run(sql, params, writes=True))

    async def together(self, work: Callable[[Statements], Awaitable[T]], *, atomic: bool) -> T:
        """See `mysql.engine.Together`."""
        return await self._step(lambda: finish(coroutine(work, self.statements)))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[HeldConnection, None]:
        """In a transaction of our own the same one, in the caller's a savepoint."""
        if isinstance(self.statements, Guest):
            async with _scope(self._world, self.statements.savepoint(), self._turn) as held:
                yield held
        else:
            yield self

    async def run_script(self, statements: Sequence[str]) -> None:
        refuse_script()

    async def close(self) -> None:
        """Nothing is given back before the transaction ends."""

    async def _step(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await self._world.run(work)


@asynccontextmanager
async def _scope(
    world: World, scope: Scope, turn: Any = None
) -> AsyncGenerator[HeldConnection, None]:
    held = HeldConnection(world, scope, turn)
    try:
        await world.run(scope.begin)
        yield held
        await world.run(scope.commit)
    finally:
        await world.run(scope.end)
