"""Taking part in the caller's transaction: `with storage.using(session): ...`."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from watchword.database.contract import StorageError
from watchword.errors import ConfigurationError
from watchword.runtime.callback_thread import asker

from .pool import Guest, Target

Joinable: TypeAlias = (
    Session
    | Connection
    | AsyncSession
    | AsyncConnection
    | scoped_session[Any]
    | async_scoped_session[Any]
)


class Host:
    """Somebody's session or connection, while watchword takes part in his transaction."""

    def __init__(self, target: Joinable) -> None:
        if isinstance(target, scoped_session | async_scoped_session):
            target = target()
        self.is_async = isinstance(target, AsyncSession | AsyncConnection)
        self.target = _synchronous(target)
        self.owner: object = asyncio.current_task() if self.is_async else asker()
        self.turn: Any = asyncio.Lock() if self.is_async else None
        self.guest: Guest | None = None

    def is_of_the_other_world(self, *, is_async: bool) -> bool:
        """Whether the running code said `using`, but for the other kind of engine."""
        if self.is_async == is_async:
            return False
        if is_async:
            return self.owner == threading.get_ident()
        try:
            return self.owner is asyncio.current_task()
        except RuntimeError:
            return False


class Guests:
    """Whose guest a storage is, for each context. Only the task or thread that said so is one."""

    def __init__(self) -> None:
        self._host: ContextVar[Host | None] = ContextVar("watchword_host", default=None)

    def host(self, caller: object, *, is_async: bool) -> Host | None:
        """In whose transaction the caller wants everything to happen, if in anybody's.

        Raises `StorageError` where that cannot be.
        """
        host = self._host.get()
        if host is None or host.owner == caller:
            return host
        if host.is_of_the_other_world(is_async=is_async):
            given, wanted = ("an async", "a sync") if host.is_async else ("a sync", "an async")
            raise StorageError(
                f"using() was given {given} session or connection, and this is {wanted} "
                f"entrance: give it {wanted} one"
            )
        return None

    def enter(self, host: Host) -> Token[Host | None]:
        return self._host.set(host)

    def leave(self, host: Host, token: Token[Host | None]) -> None:
        host.owner = object()
        if host.guest is not None:
            host.guest.expire()
        with suppress(ValueError):  # left in another context than entered: it is over there too
            self._host.reset(token)


class Using:
    """The block in which everything happens in the transaction of a session or connection."""

    def __init__(self, guests: Guests, target: Joinable) -> None:
        self._guests = guests
        self._target = target
        self._entered: list[tuple[Host, Token[Host | None]]] = []

    def __enter__(self) -> None:
        host = Host(self._target)
        self._entered.append((host, self._guests.enter(host)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._guests.leave(*self._entered.pop())

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)


def _synchronous(target: Any) -> Target:
    """The form of SQLAlchemy's that greenlets run. Raises `ConfigurationError`."""
    found = target
    if isinstance(target, AsyncSession):
        found = target.sync_session
    elif isinstance(target, AsyncConnection):
        found = target.sync_connection
    if isinstance(found, Session | Connection):
        return found
    raise ConfigurationError(
        "using",
        f"{type(target).__name__} is no session or connection that is open",
        "Give a Session, Connection, AsyncSession or AsyncConnection of SQLAlchemy",
    )
