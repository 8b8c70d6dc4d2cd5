"""Flask: an extension with `current_user`, `current_session`, `login_required`, `action_required`.

Mount it, and guard a view:

    watchword = Watchword(auth, app)          # or Watchword(auth) and init_app(app)

    @app.get("/me")
    @login_required
    def me(): return {"email": current_user.email}
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

try:
    from flask import Flask, Response, current_app, jsonify, redirect, request
    from werkzeug.datastructures import Headers
    from werkzeug.local import LocalProxy
    from werkzeug.routing import BaseConverter, Rule
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.flask needs Flask: pip install "watchword[flask]"'
    ) from error

from watchword.errors import APIError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.sessions import SessionCodes

from .flask_body import FlaskBody
from .wire import framed
from .wsgi import checked_of, consume_action_token, request_of, was_checked

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
    `auth.base_path`: when the application itself is mounted below a SCRIPT_NAME. With Flask-WTF,
    exempt `watchword.view` from its CSRF check: watchword checks origins itself.
    """

    def __init__(self, auth: Auth[U], app: Flask | None = None, *, path: str | None = None) -> None:
        self.auth = auth
        self._path = auth.base_path if path is None else path
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount on an application: every method, every path, no slash added, removed or merged."""
        app.extensions[_NAME] = self
        app.url_map.converters["watchword_rest"] = _Rest
        # Flask's add_url_rule insists on a list of methods; a rule without one takes them all.
        for path in (self._path or "/", f"{self._path}/<watchword_rest:rest>"):
            app.url_map.add(Rule(path, endpoint=_NAME, strict_slashes=False, merge_slashes=False))
        app.view_functions[_NAME] = self.view
        app.after_request(self._relay)

    def view(self, rest: str = "") -> Response:
        """The view behind every path of the authentication server."""
        answer = self.auth.blocking.handle(request_of(request.environ, FlaskBody(request)))
        headers, body = framed(answer, request.method)
        # As a list: Werkzeug adds a length of its own to bytes.
        return _Verbatim([body] if body else [], status=answer.status, headers=headers)

    @property
    def session(self) -> SessionAndUser[U] | None:
        """Session and user of the current request, None if nobody is signed in."""
        return checked_of(self.auth, request.environ).session

    @property
    def user(self) -> U | None:
        """The user of the current request, None if nobody is signed in."""
        found = self.session
        return None if found is None else found.user

    def _relay(self, response: Response) -> Response:
        checked = was_checked(self.auth, request.environ)
        if checked is not None:
            # Before the view's own cookies: a view that signs out has the last word.
            later = response.headers.getlist("Set-Cookie")
            response.headers.setlist("Set-Cookie", [*checked.cookies, *later])
            if "*" not in response.vary:
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


def _extension() -> Watchword[Any]:
    extension = current_app.extensions.get(_NAME)
    if isinstance(extension, Watchword):
        return cast("Watchword[Any]", extension)
    raise RuntimeError("this Flask application has no Watchword extension: Watchword(auth, app)")


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

    def guard(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if _extension().session is not None:
                return current_app.ensure_sync(view)(*args, **kwargs)
            if login_url is not None:
                return redirect(login_url)
            refusal = SessionCodes.UNAUTHORIZED()
            return jsonify(refusal.body), refusal.status

        return guarded

    return guard if view is None else guard(view)


def action_required(
    type: str,
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Only with a grant of plugin `ActionToken`, which is burned; others get 401 or 403 as JSON.

    Put it below the route, like `login_required`.
    """

    def guard(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            extension = _extension()
            # Looked up here, so that a renewed cookie is relayed.
            _ = extension.session
            try:
                consume_action_token(extension.auth, request.environ, type)
            except APIError as refusal:
                return jsonify(refusal.body), refusal.status
            return current_app.ensure_sync(view)(*args, **kwargs)

        return guarded

    return guard
