"""Guards of views: those that answer JSON, or lead to a login page, like in all frameworks.

They are for functions and methods, sync and async. Django's own `login_required`, mixins and
`LoginRequiredMiddleware` work as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from django.http import HttpRequest
from django.shortcuts import resolve_url

from watchword.adapters.demands import (
    Demand,
    InOrganization,
    confirmed_action,
    fresh_session,
    permission,
    role,
    second_factor,
)
from watchword.adapters.forms import to_login
from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.features.access_control import Connector

from .asynchronous import is_async
from .atomic import in_transactions, leave_out
from .requests import http_in
from .visit import Visit, visit_of

if TYPE_CHECKING:
    from watchword.auth import Auth

V = TypeVar("V", bound=Callable[..., Any])


@overload
def login_required(
    view: V, *, login_url: str | None = None, auth: Auth[Any] | None = None
) -> V: ...


@overload
def login_required(
    view: None = None, *, login_url: str | None = None, auth: Auth[Any] | None = None
) -> Callable[[V], V]: ...


def login_required(
    view: Any = None, *, login_url: str | None = None, auth: Auth[Any] | None = None
) -> Any:
    """Only for who is signed in; others get 401 UNAUTHORIZED as JSON, or go to `login_url`.

    That is a URL or the name of one, and gets a parameter `next` for the way back
    (`request.watchword.safe_next`). `auth` is another server than that of the settings.
    """
    guard = guard_by(None, login_url=login_url, auth=auth)
    return guard if view is None else guard(view)


def action_required(type: str, *, auth: Auth[Any] | None = None) -> Callable[[V], V]:
    """Only with a grant of plugin `ActionToken`, which is burned; others get 401 or 403 as JSON."""
    return guard_by(confirmed_action(type), auth=auth)


def fresh_login_required(
    within: Duration | None = None,
    *,
    login_url: str | None = None,
    auth: Auth[Any] | None = None,
) -> Callable[[V], V]:
    """Only for who signed in lately: within `session.fresh_age`, or a time of the view's own.

    Others get 401 UNAUTHORIZED or 403 SESSION_NOT_FRESH as JSON, or go to `login_url`.
    """
    return guard_by(fresh_session(within), login_url=login_url, auth=auth)


def second_factor_required(
    within: Duration | None = None,
    *,
    login_url: str | None = None,
    auth: Auth[Any] | None = None,
) -> Callable[[V], V]:
    """Only for who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. Others get 401 UNAUTHORIZED, 403
    TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED as JSON, or go to `login_url`.
    """
    return guard_by(second_factor(within), login_url=login_url, auth=auth)


def roles_required(
    *roles: str,
    connector: Connector = "AND",
    in_organization: InOrganization = False,
    login_url: str | None = None,
    auth: Auth[Any] | None = None,
) -> Callable[[V], V]:
    """Only for who has all of the roles, or with OR one of them.

    For plugin `Admin`. Others get 401 UNAUTHORIZED, 403 FORBIDDEN or BANNED_USER as JSON; who is
    not signed in goes to `login_url`.
    """
    return guard_by(role(roles, connector, in_organization), login_url=login_url, auth=auth)


def permission_required(
    permissions: Mapping[str, object] | None = None,
    /,
    in_organization: InOrganization = False,
    auth: Auth[Any] | None = None,
    **named: Sequence[str],
) -> Callable[[V], V]:
    """Only for who may do all of it: `@permission_required(project=["create"])`, or a mapping.

    For plugin `Admin`. Others get 401 UNAUTHORIZED, 403 FORBIDDEN or BANNED_USER as JSON.
    """
    return guard_by(permission(permissions, named, in_organization), auth=auth)


def guard_by(
    demand: Demand | None,
    *,
    login_url: str | None = None,
    auth: Auth[Any] | None = None,
    keep: Callable[[HttpRequest, Any], None] | None = None,
) -> Callable[[V], V]:
    """The decorator of all these. Without a demand it asks for a session alone.

    `keep` gets who was let in. Raises `ConfigurationError` for what a given server never allows;
    one of the settings is looked at with the first request.
    """
    if demand is not None and auth is not None:
        demand.check(auth)

    def guard(view: V) -> V:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            http = http_in(*args, **kwargs)
            visit = visit_of(http, auth)
            try:
                found = (
                    visit.checked().required()
                    if demand is None
                    else visit.meet(_here(demand, http))
                )
            except APIError as refusal:
                raise _told(refusal, login_url, visit) from None
            if keep is not None:
                keep(http, found)
            return in_transactions(view, http)(*args, **kwargs)

        @functools.wraps(view)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            http = http_in(*args, **kwargs)
            visit = visit_of(http, auth)
            try:
                found = (
                    (await visit.achecked()).required()
                    if demand is None
                    else await visit.ameet(_here(demand, http))
                )
            except APIError as refusal:
                raise _told(refusal, login_url, visit) from None
            if keep is not None:
                keep(http, found)
            return await view(*args, **kwargs)

        if is_async(view):
            return cast("V", awaited)
        # Grants and uses of keys are spent, whatever becomes of the view's transaction.
        leave_out(guarded, view)
        return cast("V", guarded)

    return guard


def _here(demand: Demand, http: HttpRequest) -> Demand:
    match = http.resolver_match
    return demand.at(None if match is None else match.kwargs, http)


def _told(refusal: APIError, login_url: str | None, visit: Visit[Any]) -> APIError:
    return to_login(refusal, None if login_url is None else resolve_url(login_url), visit.request)
