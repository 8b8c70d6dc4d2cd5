"""The decorators behind Flask's guards."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

from flask import current_app, redirect, request

from watchword.errors import APIError, Redirect

from .demands import Demand
from .forms import to_login
from .view_guards import ViewGuards, checks_of, noted, require_guarded
from .wsgi_environ import request_of
from .wsgi_visit import visit_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from watchword.auth import Auth

P = ParamSpec("P")
View = Callable[P, "ResponseReturnValue"]

_PASSED = "watchword.passed"


class FlaskGuards(ViewGuards["ResponseReturnValue", "ResponseReturnValue"]):
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
    ) -> Callable[[View[P]], View[P]]:
        return guard_by(self._server, demand, login_url, keep)


def guard_by(
    server: Callable[[], Auth[Any]],
    demand: Demand | None,
    login_url: str | None = None,
    keep: Callable[[Any], None] | None = None,
) -> Callable[[View[P]], View[P]]:
    """The decorator of all guards."""

    def check() -> ResponseReturnValue | None:
        visit = visit_of(server(), request.environ)
        needed = None if demand is None else demand.at(request.view_args, request)
        try:
            admitted = visit.admit(needed)
        except APIError as refusal:
            told = to_login(refusal, login_url, request_of(request.environ))
            if isinstance(told, Redirect):
                return redirect(told.location)
            raise
        if keep is not None:
            keep(admitted)
        return None

    def guard(view: View[P]) -> View[P]:
        run = _synchronous(view)

        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if guarded in request.environ.get(_PASSED, ()):
                return run(*args, **kwargs)
            answer = check()
            return run(*args, **kwargs) if answer is None else answer

        return noted(view, guarded, check)

    return guard


def check_before_views() -> ResponseReturnValue | None:
    """What runs before every view. Raises `RuntimeError` for a guard that its route does not see.

    The guards of a web socket have their say here: what accepts it stands around the view.
    """
    endpoint, served = request.endpoint or "", current_app.view_functions
    require_guarded(endpoint, served)
    if request.url_rule is not None and request.url_rule.websocket:
        passed = request.environ.setdefault(_PASSED, [])
        for guard, check in checks_of(served.get(endpoint)):
            answer = check()
            if answer is not None:
                return answer
            passed.append(guard)
    return None


def _synchronous(view: View[P]) -> View[P]:
    """A view as the application runs it; only one that is async needs to ask it."""
    if not inspect.iscoroutinefunction(view):
        return view
    return lambda *args, **kwargs: current_app.ensure_sync(view)(*args, **kwargs)
