"""Litestar: a guard for routes that take an API key.

@get("/files", guards=[requires_api_key({"files": ["read"]})])
async def files(request: Request) -> str: return admitted_of(request).key.name
"""

from __future__ import annotations

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from watchword.auth import Auth
from watchword.plugins.api_key import Admitted

from . import asgi as plain
from .api_keys import Permissions, api_key, configurations
from .asgi_session import lookup_for, lookup_of
from .litestar import Guard
from .litestar_answers import refusing

_ADMITTED = "watchword_admitted"


def admitted_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Admitted:
    """Who was let into the route: the key, its user, the session.

    Raises `LookupError` outside of such a route.
    """
    found = connection.scope["state"].get(_ADMITTED)
    if not isinstance(found, Admitted):
        raise LookupError("no guard for API keys stands before this route")
    return found


def requires_api_key(
    permissions: Permissions = None,
    *,
    config_id: str | None = None,
    or_session: bool = False,
    auth: Auth[Any] | None = None,
) -> Guard:
    """Guard: only with an API key that allows this, or, with `or_session`, for who is signed in.

    401, 403 and 429 for others. Of several servers name yours in `auth`. It is for routes, not for
    a whole application, whose authentication server it would guard, too. Raises
    `ConfigurationError` for permissions that allow nothing.
    """
    demand = api_key(permissions, config_id=config_id, or_session=or_session)
    if auth is not None:
        configurations(auth, config_id)

    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        scope = cast("plain.Scope", connection.scope)
        lookup = lookup_of(scope) if auth is None else lookup_for(auth, scope)
        with refusing(connection):
            found = await lookup.meet(demand)
        connection.scope["state"][_ADMITTED] = found

    return guard
