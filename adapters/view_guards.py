"""Guards as decorators of views, in the words of Flask: what its adapter and Quart's share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload
from weakref import WeakKeyDictionary, WeakSet

from watchword.configuration.options import Duration
from watchword.features.access_control import Connector

from .demands import (
    Demand,
    InOrganization,
    confirmed_action,
    fresh_session,
    permission,
    role,
    second_factor,
)

if TYPE_CHECKING:
    from watchword.auth import Auth

P = ParamSpec("P")
T = TypeVar("T")
Given = TypeVar("Given")
"""What views give back."""
Made = TypeVar("Made")
"""What guarded ones do."""


class ViewGuards(ABC, Generic[Given, Made]):
    """Each is a decorator. Put it below the route: `@app.get(...)`, then `@login_required`.

    Whom a guard keeps out gets the refusal as JSON, or goes to `login_url` if a sign-in helps: then
    with where they were as `next`.
    """

    @abstractmethod
    def guard_by(
        self,
        demand: Demand | None,
        login_url: str | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """The decorator behind all of them; no demand: whoever is signed in.

        `keep` gets who was let in.
        """

    @abstractmethod
    def known_auth(self) -> Auth[Any] | None:
        """The server that is asked, if that is known before there is a request."""

    @overload
    def login_required(
        self, view: Callable[P, Given], *, login_url: str | None = None
    ) -> Callable[P, Made]: ...

    @overload
    def login_required(
        self, view: None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]: ...

    def login_required(
        self, view: Callable[P, Given] | None = None, *, login_url: str | None = None
    ) -> Any:
        """Only for who is signed in; others get 401 UNAUTHORIZED as JSON, or go to `login_url`."""
        guard = self._guard_with(None, login_url)
        return guard if view is None else guard(view)

    def action_required(self, type: str) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """Only with a grant of plugin `ActionToken`, which is burned; others get 401 or 403."""
        return self._guard_with(confirmed_action(type))

    def fresh_login_required(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """Only for who signed in lately: within `session.fresh_age`, or a time of the view's own.

        Others get 401 UNAUTHORIZED or 403 SESSION_NOT_FRESH as JSON, or go to `login_url`. With
        parentheses: `@fresh_login_required()`.
        """
        return self._guard_with(fresh_session(within), login_url)

    def second_factor_required(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """Only for who gave the second factor in this session, at any time or lately.

        For plugin `TwoFactor(note_in_session=True)`. Others get 401 UNAUTHORIZED, 403
        TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED as JSON, or go to `login_url`. With
        parentheses: `@second_factor_required()`.
        """
        return self._guard_with(second_factor(within), login_url)

    def roles_required(
        self,
        *roles: str,
        connector: Connector = "AND",
        in_organization: InOrganization = False,
        login_url: str | None = None,
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """Only for who has all of the roles, or with OR one of them.

        For plugin `Admin`. Others get 401 UNAUTHORIZED, 403 FORBIDDEN or BANNED_USER as JSON; who
        is not signed in goes to `login_url`.
        """
        return self._guard_with(role(roles, connector, in_organization), login_url)

    def permission_required(
        self,
        permissions: Mapping[str, object] | None = None,
        /,
        in_organization: InOrganization = False,
        **named: Sequence[str],
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        """Only for who may do all of it: `@permission_required(project=["create"])`, or a mapping.

        For plugin `Admin`. Others get 401 UNAUTHORIZED, 403 FORBIDDEN or BANNED_USER as JSON.
        """
        return self._guard_with(permission(permissions, named, in_organization))

    def _guard_with(
        self, demand: Demand | None, login_url: str | None = None
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        auth = self.known_auth()
        if demand is not None and auth is not None:
            demand.check(auth)
        return self.guard_by(demand, login_url)


_GUARDS: WeakKeyDictionary[Callable[..., Any], WeakSet[Callable[..., Any]]] = WeakKeyDictionary()
"""The guards around each view."""
_CHECKS: WeakKeyDictionary[Callable[..., Any], Callable[[], Any]] = WeakKeyDictionary()
"""What each guard does before its view."""


def noted(view: Callable[..., Any], guard: Callable[..., T], check: Any) -> Callable[..., T]:
    """A guard around a view that is known from now on, with its check by itself."""
    _GUARDS.setdefault(view, WeakSet()).add(guard)
    _CHECKS[guard] = check
    return guard


def is_left_open(view: Callable[..., Any], served: Iterable[Callable[..., Any]]) -> bool:
    """Whether a guard was put around a view behind the back of its route: no route has the guard.

    `served` are the views of all routes. A view may also be meant to stand bare at another one.
    """
    guards = _GUARDS.get(view)
    return guards is not None and not any(one in guards for each in served for one in _below(each))


def require_guarded(endpoint: str, served: Mapping[str, Callable[..., Any]]) -> None:
    """Raises `RuntimeError` where a guard was put around a view that its route knows bare."""
    view = served.get(endpoint)
    if view is not None and is_left_open(view, served.values()):
        raise RuntimeError(
            f"the guard of {endpoint!r} stands above its route, which does not see it: "
            "put the guard below, next to the view"
        )


def checks_of(view: Callable[..., Any] | None) -> Iterator[tuple[Callable[..., Any], Any]]:
    """The guards inside a view, from the outside, each with its check."""
    for one in _below(view):
        if one in _CHECKS:
            yield one, _CHECKS[one]


def _below(view: Callable[..., Any] | None) -> Iterator[Callable[..., Any]]:
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)
