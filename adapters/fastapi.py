"""FastAPI: the authentication server beside your routes, and dependencies for the session.

Mount it, and ask for the user:

    app = FastAPI(lifespan=lifespan(auth))
    mount(app, auth)
    Me = Annotated[User, Depends(CurrentUser(auth))]

    @app.get("/me")
    async def me(user: Me) -> str: return user.email
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.records import User
from watchword.results import SessionAndUser

from .asgi_session import SessionRelay, lookup_for
from .demands import Demand, confirmed_action, fresh_session, second_factor

try:
    from fastapi import FastAPI, HTTPException
    from fastapi.openapi.models import APIKey, APIKeyIn
    from fastapi.requests import HTTPConnection
    from fastapi.security.base import SecurityBase
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.fastapi needs FastAPI: pip install "watchword[fastapi]"'
    ) from error

from .starlette import AuthRoute, lifespan, request_of

if TYPE_CHECKING:
    from watchword.auth import Auth

__all__ = [
    "ActionConfirmed",
    "CurrentSession",
    "CurrentUser",
    "FreshSession",
    "OptionalSession",
    "OptionalUser",
    "SecondFactorSession",
    "lifespan",
    "mount",
    "request_of",
]

U = TypeVar("U", bound=User)

_COOKIE = "better-auth.session_token"


def mount(app: FastAPI, auth: Auth[Any]) -> None:
    """Serve `auth` under its base path, and relay renewed cookies from the dependencies below.

    Several servers may be mounted, each under a base path of its own; dependencies name theirs.
    Raises `ConfigurationError` for a base path that is taken, and beside a server that would
    believe the cookies of this one.
    """
    routes = app.router.routes
    before = [
        place
        for place, route in enumerate(routes, start=1)
        if isinstance(route, AuthRoute) and route.goes_before(auth)
    ]
    for route in routes:
        if isinstance(route, AuthRoute):
            route.auth.check_beside(auth)
    routes.insert(max(before, default=0), AuthRoute(auth))
    app.add_middleware(SessionRelay, auth=auth)


class _SessionDependency(SecurityBase, Generic[U]):
    def __init__(self, auth: Auth[U], *, cookie_name: str = _COOKIE) -> None:
        """`cookie_name` is what OpenAPI shows; it has no part in the check."""
        self._auth = auth
        self.scheme_name = "session"
        self.model = APIKey.model_validate({"in": APIKeyIn.cookie, "name": cookie_name})

    async def _find(self, connection: HTTPConnection) -> SessionAndUser[U] | None:
        return (await lookup_for(self._auth, connection.scope).checked()).session


class OptionalSession(_SessionDependency[U]):
    """Dependency: session and user, None if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U] | None:
        return await self._find(connection)


class OptionalUser(_SessionDependency[U]):
    """Dependency: the user, None if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> U | None:
        found = await self._find(connection)
        return None if found is None else found.user


class CurrentSession(_SessionDependency[U]):
    """Dependency: session and user; 401 if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U]:
        return _required(await self._find(connection))


class CurrentUser(_SessionDependency[U]):
    """Dependency: the user; 401 if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> U:
        return _required(await self._find(connection)).user


class _Demanding(_SessionDependency[U]):
    def __init__(self, auth: Auth[U], demand: Demand, *, cookie_name: str) -> None:
        demand.check(auth)
        super().__init__(auth, cookie_name=cookie_name)
        self._demand = demand

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U]:
        return await _met(self._auth, connection, self._demand)


class FreshSession(_Demanding[U]):
    """Dependency: session and user of who signed in lately.

    Within `session.fresh_age`, or a time of one's own. 401 UNAUTHORIZED, 403 SESSION_NOT_FRESH.
    """

    def __init__(
        self, auth: Auth[U], within: Duration | None = None, *, cookie_name: str = _COOKIE
    ) -> None:
        """Raises `ConfigurationError` for a wrong duration."""
        super().__init__(auth, fresh_session(within), cookie_name=cookie_name)


class SecondFactorSession(_Demanding[U]):
    """Dependency: session and user of who gave the second factor in this session.

    At any time, or lately. 401 UNAUTHORIZED, 403 TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED.
    """

    def __init__(
        self, auth: Auth[U], within: Duration | None = None, *, cookie_name: str = _COOKIE
    ) -> None:
        """Raises `ConfigurationError` without plugin `TwoFactor(note_in_session=True)`."""
        super().__init__(auth, second_factor(within), cookie_name=cookie_name)


class ActionConfirmed:
    """Dependency: burns a grant of plugin `ActionToken`; 401 or 403 without one.

    FastAPI reads the rest of the request after it: a wrong body costs the grant.
    """

    def __init__(self, auth: Auth[Any], type: str) -> None:
        self._auth = auth
        self._demand = confirmed_action(type)

    async def __call__(self, connection: HTTPConnection) -> None:
        await _met(self._auth, connection, self._demand)


async def _met(auth: Auth[Any], connection: HTTPConnection, demand: Demand) -> Any:
    try:
        return await lookup_for(auth, connection.scope).meet(demand)
    except APIError as refusal:
        raise HTTPException(refusal.status, detail=refusal.body) from None


def _required(found: SessionAndUser[U] | None) -> SessionAndUser[U]:
    if found is None:
        raise HTTPException(status_code=401, detail="Unauthorized")
    return found
