"""Guards of Litestar handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.features.access_control import Connector

from . import asgi as plain
from .asgi_session import SessionLookup, lookup_of
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
from .litestar_answers import refusing

Guard: TypeAlias = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

OWN_ROUTE = "watchword"
OWN = object()
"""What the mount's option of that name is."""


async def requires_session(
    connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
) -> None:
    """Guard: 401 if nobody is signed in. On the whole application it spares the mount.

    Where several servers are mounted, use `WatchwordPlugin.requires_session`.
    """
    if not is_own(route_handler):
        with refusing(connection):
            await lookup_of(open_scope(connection.scope)).admit(None)


def requires_action(type: str) -> Guard:
    """Guard: burns a grant of plugin `ActionToken`; 401 or 403 without one.

    Litestar reads the body after it: a wrong one costs the grant.
    """
    return DemandGuard(lookup_of, confirmed_action(type))


def requires_login(login_url: str) -> Guard:
    """Guard of pages: who is not signed in goes to `login_url`, with `next` for the way back."""
    return DemandGuard(lookup_of, None, login_url)


def requires_fresh_session(
    within: Duration | None = None, *, login_url: str | None = None
) -> Guard:
    """Guard: only for who signed in lately, within `session.fresh_age` or a time of one's own.

    401 UNAUTHORIZED, 403 SESSION_NOT_FRESH, or the way to `login_url`. On the whole application it
    spares the mount.
    """
    return DemandGuard(lookup_of, fresh_session(within), login_url)


def requires_second_factor(
    within: Duration | None = None, *, login_url: str | None = None
) -> Guard:
    """Guard: only for who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. 401 UNAUTHORIZED, 403 TWO_FACTOR_NOT_ENABLED,
    SECOND_FACTOR_REQUIRED. On the whole application it spares the mount.
    """
    return DemandGuard(lookup_of, second_factor(within), login_url)


def requires_roles(
    *roles: str,
    connector: Connector = "AND",
    in_organization: InOrganization = False,
    login_url: str | None = None,
) -> Guard:
    """Guard: only for who has all of the roles, or with OR one of them.

    For plugin `Admin`. 401 UNAUTHORIZED (or the way to `login_url`), 403 FORBIDDEN, BANNED_USER. On
    the whole application it spares the mount.
    """
    return DemandGuard(lookup_of, role(roles, connector, in_organization), login_url)


def requires_permission(
    permissions: Mapping[str, object] | None = None,
    /,
    in_organization: InOrganization = False,
    **named: Sequence[str],
) -> Guard:
    """Guard: only for who may do all of it, `project=["create"]`.

    For plugin `Admin`. 401 UNAUTHORIZED, 403 FORBIDDEN, BANNED_USER. On the whole application it
    spares the mount.
    """
    return DemandGuard(lookup_of, permission(permissions, named, in_organization))


class DemandGuard:
    """The guard behind all that ask for more than a session, or know a page to sign in on."""

    def __init__(
        self,
        lookup: Callable[[plain.Scope], SessionLookup[Any]],
        demand: Demand | None,
        login_url: str | None = None,
    ) -> None:
        self._lookup = lookup
        self._login_url = login_url
        self.demand = demand

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        if is_own(route_handler):
            return
        lookup = self._lookup(open_scope(connection.scope))
        demand = self.demand
        needed = None if demand is None else demand.at(connection.path_params, connection)
        with refusing(connection):
            try:
                await lookup.admit(needed)
            except APIError as refusal:
                raise to_login(refusal, self._login_url, lookup.request) from None


def is_own(handler: BaseRouteHandler) -> bool:
    """Whether a handler is the mount of a server."""
    # Options are the application's as well: no word of its own there may open its routes.
    return handler.opt.get(OWN_ROUTE) is OWN


# Litestar types scopes and messages as closed dictionaries; they are open by specification.
def open_scope(scope: Scope) -> plain.Scope:
    """A scope as ASGI has it."""
    return cast("plain.Scope", scope)
