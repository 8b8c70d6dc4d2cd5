"""Guards of Starlette endpoints, and an error as Starlette answers it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket

from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.features.access_control import Connector
from watchword.http.response import encoded

from .asgi_scope import request_of
from .asgi_session import lookup_for
from .demands import (
    Demand,
    InOrganization,
    confirmed_action,
    fresh_session,
    permission,
    role,
    second_factor,
)
from .forms import to_login
from .wire import answer_of

if TYPE_CHECKING:
    from watchword.auth import Auth

P = ParamSpec("P")
Endpoint: TypeAlias = Callable[P, Any]
Guarded: TypeAlias = Callable[P, Awaitable[Any]]


def action_required(auth: Auth[Any], type: str) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only with a grant of plugin `ActionToken`, which is burned."""
    return guard_by(auth, confirmed_action(type))


def login_required(auth: Auth[Any], login_url: str) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: others go to `login_url`, with `next` for the way back.

    For pages. `requires("authenticated")` of Starlette refuses instead.
    """
    return guard_by(auth, None, login_url=login_url)


def fresh_session_required(
    auth: Auth[Any], within: Duration | None = None, *, login_url: str | None = None
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only for who signed in lately.

    Within `session.fresh_age`, or a time of one's own; others get SESSION_NOT_FRESH (403), or go to
    `login_url`.
    """
    return guard_by(auth, fresh_session(within), login_url=login_url)


def second_factor_required(
    auth: Auth[Any], within: Duration | None = None, *, login_url: str | None = None
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only for who gave the second factor in this session.

    At any time or lately; others get TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED (403), or go
    to `login_url`. Raises `ConfigurationError` without plugin `TwoFactor(note_in_session=True)`.
    """
    return guard_by(auth, second_factor(within), login_url=login_url)


def roles_required(
    auth: Auth[Any],
    *roles: str,
    connector: Connector = "AND",
    in_organization: InOrganization = False,
    login_url: str | None = None,
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only for who has all of the roles, or with OR one of them.

    Others get FORBIDDEN or BANNED_USER (403); who is not signed in goes to `login_url`. Raises
    `ConfigurationError` without plugin `Admin`, and for roles that do not exist.
    """
    return guard_by(auth, role(roles, connector, in_organization), login_url=login_url)


def permission_required(
    auth: Auth[Any],
    permissions: Mapping[str, object] | None = None,
    /,
    in_organization: InOrganization = False,
    **named: Sequence[str],
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only for who may do all of it, `project=["create"]`.

    Others get FORBIDDEN or BANNED_USER (403). Raises `ConfigurationError` without plugin `Admin`,
    and for what no role allows.
    """
    return guard_by(auth, permission(permissions, named, in_organization))


def guard_by(
    auth: Auth[Any],
    demand: Demand | None,
    keep: Callable[[HTTPConnection[Any], Any], None] | None = None,
    *,
    login_url: str | None = None,
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """The decorator of all these: inside a `SessionRelay`, of functions and of methods.

    Without a demand it asks for a session alone. `keep` gets who was let in. Nobody gets
    UNAUTHORIZED (401). Requests are answered in JSON, web sockets refused or closed.
    """
    if demand is not None:
        demand.check(auth)

    def guard(endpoint: Endpoint[P]) -> Guarded[P]:
        run = _asynchronous(endpoint)

        @functools.wraps(endpoint)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            asked = _connection(*args, **kwargs)
            try:
                found = await _admitted(auth, asked, demand)
            except APIError as refusal:
                if isinstance(asked, WebSocket):
                    raise
                told = to_login(refusal, login_url, request_of(asked.scope))
                if told is refusal and _is_handled(asked, refusal):
                    raise
                return answer(told)
            if keep is not None:
                keep(asked, found)
            return await run(*args, **kwargs)

        return guarded

    return guard


async def _admitted(auth: Auth[Any], asked: HTTPConnection[Any], demand: Demand | None) -> Any:
    """Who is let in. Raises `APIError`."""
    needed = None if demand is None else demand.at(asked.path_params, asked)
    return await lookup_for(auth, asked.scope).admit(needed)


def answer(error: APIError) -> Response:
    """An error as a response, for exception handlers: `{APIError: lambda _, e: answer(e)}`."""
    made = answer_of(error)
    response = Response(made.body, made.status)
    response.raw_headers += [encoded(*pair) for pair in made.headers]
    return response


def _connection(*args: object, **kwargs: object) -> HTTPConnection[Any]:
    """What a guarded endpoint was called with. Raises `RuntimeError` where nothing was."""
    for given in (*args, *kwargs.values()):
        if isinstance(given, HTTPConnection):
            return cast("HTTPConnection[Any]", given)
    raise RuntimeError("a guarded endpoint must be given the request, or the web socket")


def _is_handled(asked: HTTPConnection, error: APIError) -> bool:
    """Whether the application has a handler of its own for such errors."""
    handlers, _ = asked.scope.get("starlette.exception_handlers", ((), ()))
    return any(kind in handlers for kind in type(error).__mro__)


def _asynchronous(endpoint: Endpoint[P]) -> Guarded[P]:
    """An endpoint as Starlette runs it: one that is no `async def` in a thread."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    async def run(*args: P.args, **kwargs: P.kwargs) -> Any:
        found = await run_in_threadpool(endpoint, *args, **kwargs)
        # Decorators of others hand out awaitables without being `async def`.
        return await found if inspect.isawaitable(found) else found

    return run
