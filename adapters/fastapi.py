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

from watchword.errors import APIError
from watchword.records import User
from watchword.results import SessionAndUser

from .asgi_session import SessionRelay, lookup_for

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
    "OptionalSession",
    "OptionalUser",
    "lifespan",
    "mount",
    "request_of",
]

U = TypeVar("U", bound=User)


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
    def __init__(self, auth: Auth[U], *, cookie_name: str = "better-auth.session_token") -> None:
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


class ActionConfirmed:
    """Dependency: burns a grant of plugin `ActionToken`; 401 or 403 without one.

    FastAPI reads the rest of the request after it: a wrong body costs the grant.
    """

    def __init__(self, auth: Auth[Any], type: str) -> None:
        self._auth = auth
        self._type = type

    async def __call__(self, connection: HTTPConnection) -> None:
        try:
            await lookup_for(self._auth, connection.scope).consume_action_token(self._type)
        except APIError as refusal:
            raise HTTPException(refusal.status, detail=refusal.body) from None


def _required(found: SessionAndUser[U] | None) -> SessionAndUser[U]:
    if found is None:
        raise HTTPException(status_code=401, detail="Unauthorized")
    return found
