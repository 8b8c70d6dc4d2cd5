"""One coroutine for both worlds: `await auth.users.get(...)`, `auth.blocking.users.get(...)`.

A function is written once, as a method that takes the call; `served` makes of it what the world of
the object wants, typed for each.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.site import UnknownHost
from watchword.database.contract import InvalidValue
from watchword.errors import APIError
from watchword.features.managed_users import ManagedUserCodes
from watchword.http.headers import EMPTY, Headers, HeaderSource
from watchword.http.request import Request
from watchword.pipeline.validation import ValidationCodes
from watchword.records import User
from watchword.runtime.contract import Runtime
from watchword.server_api import Async, Blocking

M = TypeVar("M")
U = TypeVar("U", bound=User)
P = ParamSpec("P")
T = TypeVar("T")

Work: TypeAlias = "Callable[[Runtime], Coroutine[Any, Any, Any]]"
Run: TypeAlias = "Callable[[Work], Any]"
"""Does work in one of the two worlds: a coroutine in the async one, the result in the other."""


class Hand(Generic[M, U]):
    """What all functions stand on: a configuration, and the world in which they run."""

    def __init__(self, config: Configuration, run: Run) -> None:
        self._config = config
        self._run = run

    def serve(
        self,
        work: Callable[..., Coroutine[Any, Any, Any]],
        given: Any,
        named: dict[str, Any],
        *,
        at_site: bool,
    ) -> Any:
        """Do the work of a function in a call of its own; `at_site`: a request says where."""
        said = named if at_site else {}

        async def act(runtime: Runtime) -> Any:
            call = self._call(runtime, said.get("headers"), said.get("request"))
            try:
                return await _explained(work(self, call, *given, **named))
            finally:
                if call.deferred is not None:
                    await call.hand_over()

        return self._run(act)

    def _call(
        self, runtime: Runtime, headers: HeaderSource | None, request: Request | None
    ) -> Call:
        given = Headers.of(headers) if request is None or headers is not None else request.headers
        sites = self._config.sites
        try:
            site = sites.resolve(request, given)
        except UnknownHost:
            site = sites.any_site
        return Call(self._config, runtime, site, request=request, headers=given or EMPTY)


async def _explained(work: Coroutine[Any, Any, Any]) -> Any:
    """Errors say in their tracebacks what is wrong: whoever reads them is the one to mend it."""
    try:
        return await work
    except InvalidValue as error:
        refusal = ValidationCodes.VALIDATION_ERROR(str(error))
    except APIError as error:
        refusal = error
    if refusal.message is not None:
        refusal.add_note(refusal.message)
    raise refusal


class Served(Generic[P, T]):
    """A function of a `Hand`: awaited where the hand is `Async`, called where it is `Blocking`."""

    def __init__(self, work: Callable[Concatenate[Any, Call, P], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__
        signature = inspect.signature(work)
        self._at_site = "request" in signature.parameters
        shown = [one for name, one in signature.parameters.items() if name != "call"]
        self._signature = signature.replace(parameters=shown[1:])

    @overload
    def __get__(self, hand: None, owner: type[Any]) -> Served[P, T]: ...
    @overload
    def __get__(
        self, hand: Hand[Async, Any], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, hand: Hand[Blocking, Any], owner: type[Any]) -> Callable[P, T]: ...
    def __get__(self, hand: Hand[Any, Any] | None, owner: type[Any]) -> Any:
        if hand is None:
            return self

        def bound(*given: Any, **named: Any) -> Any:
            return hand.serve(self._work, given, named, at_site=self._at_site)

        update_wrapper(bound, self._work)
        vars(bound).pop("__wrapped__")
        vars(bound)["__signature__"] = self._signature
        return bound


served = Served


@asynccontextmanager
async def held(call: Call, user_id: str) -> AsyncGenerator[User]:
    """The user, as he is now, in a transaction in which nobody else changes him.

    Raises USER_NOT_FOUND.
    """
    async with call.db.transaction():
        yield await found(call, user_id)


async def found(call: Call, user_id: str) -> User:
    """The user with an id. Raises USER_NOT_FOUND."""
    user = await call.db.find_one(User, id=user_id)
    if user is None:
        raise ManagedUserCodes.USER_NOT_FOUND(f"user_id: there is no user {user_id!r}")
    return user
