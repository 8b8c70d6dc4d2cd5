"""Flask: an extension with `current_user`, `current_session`, and guards for views.

Mount it, and guard a view:

    watchword = Watchword(auth, app)          # or Watchword(auth) and init_app(app)

    @app.get("/me")
    @login_required
    def me(): return {"email": current_user.email}
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

try:
    from flask import Flask, Response, current_app, jsonify, redirect, request
    from flask.json.provider import DefaultJSONProvider
    from werkzeug.datastructures import Headers
    from werkzeug.local import LocalProxy
    from werkzeug.routing import BaseConverter, Rule
    from werkzeug.wsgi import ClosingIterator
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.flask needs Flask: pip install "watchword[flask]"'
    ) from error

from watchword.configuration.options import Duration
from watchword.database.hidden import Shown
from watchword.errors import APIError, ConfigurationError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.sessions.sessions import SessionCodes

from .demands import Demand, confirmed_action, fresh_session, second_factor
from .flask_body import FlaskBody
from .wire import framed, preflight
from .wsgi import checked_of, meet, request_of, was_checked

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from flask.typing import ResponseReturnValue

    from watchword.auth import Auth

U = TypeVar("U", bound=User)
P = ParamSpec("P")

_NAME = "watchword"


class Watchword(Generic[U]):
    """Serves `auth` under its base path and answers who is signed in.

    `path` is the base path as the Flask application sees it, where that differs from
    `auth.base_path`: when the application itself is mounted below a SCRIPT_NAME. With
    `Flask(host_matching=True)` it answers on every host, or on `host` alone. A second server in
    the same application has a `name`, and guards and a `user` of its own: `staff.login_required`,
    `staff.user`. With Flask-WTF, exempt `watchword.view` from its CSRF check: watchword checks
    origins itself.

    Records are JSON to Flask afterwards, as clients see them: `jsonify(user=watchword.user)`.
    """

    def __init__(
        self,
        auth: Auth[U],
        app: Flask | None = None,
        *,
        path: str | None = None,
        name: str = "",
        host: str | None = None,
    ) -> None:
        self.auth = auth
        self._path = auth.base_path if path is None else path
        self._name = f"{_NAME}_{name}" if name else _NAME
        self._host = host
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount on an application: every method, every path, no slash added, removed or merged.

        Raises `ConfigurationError` where another server has the name or the place, or would believe
        the cookies of this one.
        """
        self._check(app)
        app.extensions[self._name] = self
        app.url_map.converters["watchword_rest"] = _Rest
        host = self._host
        if host is None and app.url_map.host_matching:
            host = "<watchword_host>"
        # Flask's add_url_rule insists on a list of methods; a rule without one takes them all.
        for path in (self._path or "/", f"{self._path}/<watchword_rest:rest>"):
            rule = Rule(
                path, endpoint=self._name, host=host, strict_slashes=False, merge_slashes=False
            )
            app.url_map.add(rule)
        app.view_functions[self._name] = self.view
        app.after_request(self._relay)
        _show_records(app)

    def _check(self, app: Flask) -> None:
        if not isinstance(app, Flask):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                "app",
                f"a {type(app).__name__} cannot be served by",
                "Give the Flask application, and the prefix in path= and in base_path=",
            )
        known = cast("dict[str, object]", app.extensions).values()
        others = [cast("Watchword[Any]", one) for one in known if isinstance(one, Watchword)]
        for other in others:
            self.auth.check_beside(other.auth)
        places = [(other._path, other._host) for other in others]
        if self._name in app.extensions:
            raise ConfigurationError(
                "name",
                "another Watchword of this application has it",
                "Give the second one a name=, and use its own login_required, user and session",
            )
        if (self._path, self._host) in places:
            raise ConfigurationError(
                "path",
                f"{self._path or '/'!r} is taken: another Watchword answers there",
                "Give each Auth a base path of its own, or a host= under host_matching",
            )
        if self._host is not None and not app.url_map.host_matching:
            raise ConfigurationError(
                "host",
                "this Flask application does not look at hosts",
                "Make it with Flask(host_matching=True, static_host=...)",
            )

    def view(self, rest: str = "", watchword_host: str = "") -> Response:
        """The view behind every path of the authentication server."""
        asked = request_of(request.environ, FlaskBody(request))
        answer = preflight(asked) or self.auth.blocking.handle(asked)
        headers, body = framed(answer, request.method)
        # As a list: Werkzeug adds a length of its own to bytes.
        return _Verbatim([body], status=answer.status, headers=headers)

    @property
    def session(self) -> SessionAndUser[U] | None:
        """Session and user of the current request, None if nobody is signed in."""
        return checked_of(self.auth, request.environ).session

    @property
    def user(self) -> U | None:
        """The user of the current request, None if nobody is signed in."""
        found = self.session
        return None if found is None else found.user

    @overload
    def login_required(
        self, view: Callable[P, ResponseReturnValue], *, login_url: str | None = None
    ) -> Callable[P, ResponseReturnValue]: ...

    @overload
    def login_required(
        self, view: None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]: ...

    def login_required(
        self, view: Callable[P, ResponseReturnValue] | None = None, *, login_url: str | None = None
    ) -> Any:
        """`login_required` for who is signed in at this server."""
        guard = _login_guard(lambda: self, login_url)
        return guard if view is None else guard(view)

    def action_required(
        self, type: str
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """`action_required` with a grant of this server."""
        return _demand_guard(lambda: self, confirmed_action(type))

    def fresh_login_required(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """`fresh_login_required` for who signed in at this server."""
        return _demand_guard(lambda: self, fresh_session(within), login_url)

    def second_factor_required(
        self, within: Duration | None = None, *, login_url: str | None = None
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """`second_factor_required` for who signed in at this server."""
        demand = second_factor(within)
        demand.check(self.auth)
        return _demand_guard(lambda: self, demand, login_url)

    def _relay(self, response: Response) -> Response:
        checked = was_checked(self.auth, request.environ)
        if checked is None:
            return response
        headers = response.headers
        if checked.cookies:
            # Before the view's own cookies: a view that signs out has the last word.
            later = headers.getlist("Set-Cookie")
            headers.setlist("Set-Cookie", [*checked.cookies, *later])
        if "vary" not in {name.lower() for name, _ in headers}:
            headers.add("Vary", checked.vary)
        elif "*" not in response.vary:
            response.vary.update(checked.vary.split(", "))
        return response


class _Rest(BaseConverter):
    regex = "(?s:.*)"
    part_isolating = False


class _Verbatim(Response):
    """Sends the headers it was given and invents none (a content type, a rewritten Location)."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return Headers(self.headers)

    def get_app_iter(self, environ: WSGIEnvironment) -> ClosingIterator:
        # Werkzeug makes nothing at all of an empty body: some servers do not answer then.
        return ClosingIterator(self.iter_encoded(), self.close)


def _extension() -> Watchword[Any]:
    extension = current_app.extensions.get(_NAME)
    if isinstance(extension, Watchword):
        return cast("Watchword[Any]", extension)
    raise RuntimeError(
        "this Flask application has no Watchword extension without a name: Watchword(auth, app); "
        "of one with a name use its own login_required and other guards, user and session"
    )


# A proxy is never None: ask `if current_user:`, not `is None`. `Watchword.user` is the typed way.
current_user = cast("User", LocalProxy(lambda: _extension().user))
"""The user of the current request; falsy if nobody is signed in."""

current_session = cast("SessionAndUser[User]", LocalProxy(lambda: _extension().session))
"""Session and user of the current request; falsy if nobody is signed in."""


def auth_request() -> AuthRequest:
    """The current request, for `auth.blocking.api.sign_in_email(..., request=auth_request())`."""
    return request_of(request.environ)


@overload
def login_required(
    view: Callable[P, ResponseReturnValue], *, login_url: str | None = None
) -> Callable[P, ResponseReturnValue]: ...


@overload
def login_required(
    view: None = None, *, login_url: str | None = None
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]: ...


def login_required(
    view: Callable[P, ResponseReturnValue] | None = None, *, login_url: str | None = None
) -> (
    Callable[P, ResponseReturnValue]
    | Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]
):
    """Only for who is signed in; others get 401 UNAUTHORIZED as JSON, or go to `login_url`.

    Put it below the route: `@app.get(...)`, then `@login_required`.
    """
    guard = _login_guard(_extension, login_url)
    return guard if view is None else guard(view)


def action_required(
    type: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Only with a grant of plugin `ActionToken`, which is burned; others get 401 or 403 as JSON.

    Put it below the route, like `login_required`.
    """
    return _demand_guard(_extension, confirmed_action(type))


def fresh_login_required(
    within: Duration | None = None, *, login_url: str | None = None
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Only for who signed in lately: within `session.fresh_age`, or a time of the view's own.

    Others get 401 UNAUTHORIZED or 403 SESSION_NOT_FRESH as JSON, or go to `login_url`. Put it below
    the route, with parentheses: `@fresh_login_required()`.
    """
    return _demand_guard(_extension, fresh_session(within), login_url)


def second_factor_required(
    within: Duration | None = None, *, login_url: str | None = None
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Only for who gave the second factor in this session, at any time or lately.

    For plugin `TwoFactor(note_in_session=True)`. Others get 401 UNAUTHORIZED, 403
    TWO_FACTOR_NOT_ENABLED or SECOND_FACTOR_REQUIRED as JSON, or go to `login_url`. Put it below the
    route, with parentheses: `@second_factor_required()`.
    """
    return _demand_guard(_extension, second_factor(within), login_url)


def _login_guard(
    extension: Callable[[], Watchword[Any]], login_url: str | None
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    def guard(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        run = _synchronous(view)

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if extension().session is not None:
                return run(*args, **kwargs)
            if login_url is not None:
                return redirect(login_url)
            refusal = SessionCodes.UNAUTHORIZED()
            return jsonify(refusal.body), refusal.status

        return guarded

    return guard


def _demand_guard(
    extension: Callable[[], Watchword[Any]], demand: Demand, login_url: str | None = None
) -> Callable[[Callable[..., ResponseReturnValue]], Callable[..., ResponseReturnValue]]:
    def guard(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        run = _synchronous(view)

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            found = extension()
            # Looked up here, so that a renewed cookie is relayed.
            _ = found.session
            try:
                meet(found.auth, request.environ, demand)
            except APIError as refusal:
                if login_url is not None and refusal.status in (401, 403):
                    return redirect(login_url)
                return jsonify(refusal.body), refusal.status
            return run(*args, **kwargs)

        return guarded

    return guard


def _synchronous(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """A view as the application runs it; only one that is async needs to ask it."""
    if not inspect.iscoroutinefunction(view):
        return view
    return lambda *args, **kwargs: current_app.ensure_sync(view)(*args, **kwargs)


def _show_records(app: Flask) -> None:
    provider = app.json
    if isinstance(provider, DefaultJSONProvider):
        known = provider.default
        provider.default = lambda value: dict(value) if isinstance(value, Shown) else known(value)
