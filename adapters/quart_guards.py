"""The decorators behind Quart's guards."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, Union

from quart import current_app, has_request_context, redirect, request, websocket

from watchword.errors import APIError, Redirect

from . import asgi as plain
from .asgi_session import lookup_in
from .demands import Demand
from .forms import to_login
from .view_guards import ViewGuards, noted, require_guarded

if TYPE_CHECKING:
    from quart import Request, Websocket
    from quart.typing import ResponseReturnValue

    from watchword.auth import Auth

P = ParamSpec("P")
Returned: TypeAlias = "ResponseReturnValue | None"
"""None is what views of web sockets give back."""
Given: TypeAlias = Union["Returned", Awaitable["Returned"]]
# Quart types views and web sockets apart; a guarded one may be either.
Made: TypeAlias = Awaitable[Any]


class QuartGuards(ViewGuards["Given", Made]):
    """Those of one server, or of the one without a name in the current application."""

    def __init__(self, server: Callable[[], Auth[Any]]) -> None:
        self._server = server

    def known_auth(self) -> Auth[Any] | None:
        return None

    def guard_by(
        self,
        demand: Demand | None,
        login_url: str | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        return guard_by(self._server, demand, login_url, keep)


def guard_by(
    server: Callable[[], Auth[Any]],
    demand: Demand | None,
    login_url: str | None = None,
    keep: Callable[[Any], None] | None = None,
) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
    """The decorator of all guards, of views and of web sockets."""

    async def check() -> Returned:
        asked = current_connection()
        scope = scope_of(asked)
        needed = None if demand is None else demand.at(asked.view_args, asked)
        lookup = lookup_in(server(), scope)
        try:
            admitted = await lookup.admit(needed)
        except APIError as refusal:
            told = to_login(refusal, login_url, lookup.request)
            if isinstance(told, Redirect):
                return redirect(told.location)
            raise
        if keep is not None:
            keep(admitted)
        return None

    def guard(view: Callable[P, Given]) -> Callable[P, Made]:
        @functools.wraps(view)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> Returned:
            answer = await check()
            if answer is not None:
                return answer
            run: Any = current_app.ensure_async(view)
            return await run(*args, **kwargs)

        return noted(view, guarded, check)

    return guard


def current_connection() -> Request | Websocket:
    """The current request, or the current web socket. Raises `RuntimeError` outside of both."""
    # Proxies are what they stand for, to types as well.
    return request if has_request_context() else websocket


def scope_of(asked: Request | Websocket) -> plain.Scope:
    """Its scope, as the plain adapter takes it."""
    found: Any = asked.scope
    return found


async def check_before_views() -> None:
    """What runs before views. Raises `RuntimeError` for a guard that its route does not see."""
    require_guarded(current_connection().endpoint or "", current_app.view_functions)
