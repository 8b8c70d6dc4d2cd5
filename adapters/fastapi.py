"""FastAPI: the authentication server beside your routes, and dependencies for the session.

Mount it, and ask for the user:

    app = FastAPI(lifespan=lifespan(auth))
    mount(app, auth)
    Me = Annotated[User, Depends(CurrentUser(auth))]

    @app.get("/me")
    async def me(user: Me) -> str: return user.email
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from watchword.configuration.options import Duration, seconds
from watchword.database.records import Record
from watchword.errors import APIError
from watchword.features.access_control import Connector
from watchword.records import User
from watchword.results import SessionAndUser

from .asgi import SessionMiddleware
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
from .described import is_described, with_endpoints
from .forms import to_login
from .live_session import EVERY
from .live_session_async import LiveSession

try:
    from fastapi import FastAPI
    from fastapi.openapi.models import APIKey, APIKeyIn
    from fastapi.requests import HTTPConnection, Request
    from fastapi.responses import Response
    from fastapi.security.base import SecurityBase
    from fastapi.websockets import WebSocket
    from pydantic import BaseModel
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.fastapi needs FastAPI: pip install "watchword[fastapi]"'
    ) from error

from .fastapi_models import model_of
from .fastapi_openapi import document_refusals, scheme_name
from .starlette import AuthRoute, PostedForm, answer, lifespan, request_of, safe_next, submit
from .wire import covers

if TYPE_CHECKING:
    from watchword.auth import Auth, Checked

__all__ = [
    "ActionConfirmed",
    "CurrentForm",
    "CurrentLiveSession",
    "CurrentSession",
    "CurrentUser",
    "FreshSession",
    "LiveSession",
    "OptionalSession",
    "OptionalUser",
    "PermissionSession",
    "PostedForm",
    "RoleSession",
    "SecondFactorSession",
    "lifespan",
    "mount",
    "public_model",
    "request_of",
    "safe_next",
    "submit",
]

U = TypeVar("U", bound=User)

_COOKIE = "better-auth.session_token"


def mount(app: FastAPI, auth: Auth[Any]) -> None:
    """Serve `auth` under its base path, and relay renewed cookies from the dependencies below.

    Several servers may be mounted, each under a base path of its own; dependencies name theirs.
    Raises `ConfigurationError` for a base path that is taken, and beside a server that would
    believe the cookies of this one. With plugin `OpenAPI` the server's endpoints are in the
    application's own document, and in its `/docs`.
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
    app.exception_handlers.setdefault(APIError, _answer)
    app.add_middleware(SessionMiddleware, auth=auth)
    document_refusals(app)
    if is_described(auth):
        _describe(app, auth)


def public_model(auth: Auth[Any], record: type[Record] = User) -> type[BaseModel]:
    """A Pydantic model of what clients see of users, for `response_model=` and models of your own.

    It has the fields that the application and plugins add, takes records as they are, and writes
    the names and dates of the wire. `record` may be another record class, `Session` say.
    """
    return model_of(auth.config.tables.of(record).record)


async def _answer(asked: HTTPConnection, error: APIError) -> Response:
    if isinstance(asked, WebSocket):
        raise error  # Outside of this it is known whether it was accepted.
    return answer(error)


def _describe(app: FastAPI, auth: Auth[Any]) -> None:
    own = app.openapi
    made: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def with_auth() -> dict[str, Any]:
        document = own()
        # FastAPI gives the same one until its routes change.
        if not made or made[0][0] is not document:
            root = app.root_path.rstrip("/")
            prefix = auth.base_path
            if covers(root, prefix):  # paths of documents stand below the root path
                prefix = prefix.removeprefix(root)
            made[:] = [(document, with_endpoints(auth, document, prefix))]
        return made[0][1]

    app.openapi = with_auth


class CurrentForm:
    """Dependency: the form that a request brought, to be submitted to endpoints."""

    def __init__(self, auth: Auth[Any]) -> None:
        self._auth = auth

    async def __call__(self, request: Request) -> PostedForm:
        return PostedForm(self._auth, request)


class _SessionDependency(SecurityBase, Generic[U]):
    refuses_with: ClassVar[tuple[str, ...]] = ()

    @property
    def scheme_name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What OpenAPI calls it."""
        return scheme_name(self.refuses_with)

    def __init__(
        self, auth: Auth[U], *, cookie_name: str = _COOKIE, login_url: str | None = None
    ) -> None:
        """`cookie_name` is what OpenAPI shows; it has no part in the check. With `login_url` a page
        sends there, with `next` for the way back, whoever it refuses until they sign in."""
        self._auth = auth
        self._login_url = login_url
        self.model = APIKey.model_validate({"in": APIKeyIn.cookie, "name": cookie_name})

    async def _checked(self, connection: HTTPConnection) -> Checked[U]:
        return await lookup_for(self._auth, connection.scope).checked()

    async def _find_somebody(self, connection: HTTPConnection) -> SessionAndUser[U]:
        try:
            return (await self._checked(connection)).required()
        except APIError as refusal:
            raise self._refused(connection, refusal) from None

    def _refused(self, connection: HTTPConnection, refusal: APIError) -> APIError:
        return to_login(refusal, self._login_url, request_of(connection))


class OptionalSession(_SessionDependency[U]):
    """Dependency: session and user, None if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U] | None:
        return (await self._checked(connection)).session


class OptionalUser(_SessionDependency[U]):
    """Dependency: the user, None if nobody is signed in."""

    async def __call__(self, connection: HTTPConnection) -> U | None:
        found = (await self._checked(connection)).session
        return None if found is None else found.user


class CurrentSession(_SessionDependency[U]):
    """Dependency: session and user; 401 if nobody is signed in."""

    refuses_with = ("401",)

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U]:
        return await self._find_somebody(connection)


class CurrentUser(_SessionDependency[U]):
    """Dependency: the user; 401 if nobody is signed in."""

    refuses_with = ("401",)

    async def __call__(self, connection: HTTPConnection) -> U:
        return (await self._find_somebody(connection)).user


class _Demanding(_SessionDependency[U]):
    refuses_with = ("401", "403")

    def __init__(
        self,
        auth: Auth[U],
        demand: Demand,
        *,
        cookie_name: str = _COOKIE,
        login_url: str | None = None,
    ) -> None:
        demand.check(auth)
        super().__init__(auth, cookie_name=cookie_name, login_url=login_url)
        self._demand = demand

    async def __call__(self, connection: HTTPConnection) -> SessionAndUser[U]:
        needed = self._demand.at(connection.path_params, connection)
        try:
            return await lookup_for(self._auth, connection.scope).meet(needed)
        except APIError as refusal:
            raise self._refused(connection, refusal) from None


class FreshSession(_Demanding[U]):
    """Dependency: session and user of who signed in lately.

    Within `session.fresh_age`, or a time of one's own. 401 UNAUTHORIZED, 403 SESSION_NOT_FRESH.
    """

    def __init__(
        self,
        auth: Auth[U],
        within: Duration | None = None,
        *,
        cookie_name: str = _COOKIE,
        login_url: str | None = None,
    ) -> None:
        """Raises `ConfigurationError` for a wrong duration."""
        super().__init__(auth, fresh_session(within), cookie_name=cookie_name, login_url=login_url)


class SecondFactorSession(_Demanding[U]):
    """Dependency: session and user of who gave the second factor in this session.

    At any time, or lately. 401 UNAUTHORIZED, 403 TWO_FACTOR_NOT_ENABLED, SECOND_FACTOR_REQUIRED.
    """

    def __init__(
        self,
        auth: Auth[U],
        within: Duration | None = None,
        *,
        cookie_name: str = _COOKIE,
        login_url: str | None = None,
    ) -> None:
        """Raises `ConfigurationError` without plugin `TwoFactor(note_in_session=True)`."""
        super().__init__(auth, second_factor(within), cookie_name=cookie_name, login_url=login_url)


class RoleSession(_Demanding[U]):
    """Dependency: session and user of who has all of the roles, or with OR one of them.

    401 UNAUTHORIZED, 403 FORBIDDEN, BANNED_USER.
    """

    def __init__(
        self,
        auth: Auth[U],
        *roles: str,
        connector: Connector = "AND",
        in_organization: InOrganization = False,
        cookie_name: str = _COOKIE,
        login_url: str | None = None,
    ) -> None:
        """Raises `ConfigurationError` without plugin `Admin`, and for roles that do not exist."""
        demand = role(roles, connector, in_organization)
        super().__init__(auth, demand, cookie_name=cookie_name, login_url=login_url)


class PermissionSession(_Demanding[U]):
    """Dependency: session and user of who may do all of it, `project=["create"]`.

    401 UNAUTHORIZED, 403 FORBIDDEN, BANNED_USER.
    """

    def __init__(
        self,
        auth: Auth[U],
        permissions: Mapping[str, object] | None = None,
        /,
        in_organization: InOrganization = False,
        **named: Sequence[str],
    ) -> None:
        """Raises `ConfigurationError` without plugin `Admin`, and for what no role allows."""
        super().__init__(auth, permission(permissions, named, in_organization))


class CurrentLiveSession(_SessionDependency[U]):
    """Dependency: the session of who opens a web socket or a stream, for as long as that lasts.

    401 UNAUTHORIZED, 403 INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN for a web socket that a page
    opens which is not trusted.
    """

    refuses_with = ("401", "403")

    def __init__(
        self, auth: Auth[U], *, every: Duration = EVERY, cookie_name: str = _COOKIE
    ) -> None:
        """`every` is how often, in seconds, the store is asked whether it still stands.

        Raises `ConfigurationError` for a wrong duration.
        """
        super().__init__(auth, cookie_name=cookie_name)
        self._every = seconds("every", every)

    async def __call__(self, connection: HTTPConnection) -> LiveSession[U]:
        return await lookup_for(self._auth, connection.scope).live(self._every)


class ActionConfirmed(_SessionDependency[Any]):
    """Dependency: burns a grant of plugin `ActionToken`; 401 or 403 without one.

    FastAPI reads the rest of the request after it: a wrong body costs the grant.
    """

    refuses_with = ("401", "403")

    def __init__(self, auth: Auth[Any], type: str) -> None:
        super().__init__(auth)
        self._demand = confirmed_action(type)

    async def __call__(self, connection: HTTPConnection) -> None:
        await lookup_for(self._auth, connection.scope).meet(self._demand)
