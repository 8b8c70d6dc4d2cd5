"""Flask: an extension with `current_user`, `current_session`, and guards for views.

Mount it, and guard a view:

    watchword = Watchword(auth, app)          # or Watchword(auth) and init_app(app)

    @app.get("/me")
    @login_required
    def me(): return {"email": current_user.email}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, cast

try:
    from flask import Blueprint, Flask, Response, current_app, request
    from werkzeug.local import LocalProxy
    from werkzeug.routing import Rule
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.flask needs Flask: pip install "watchword[flask]"'
    ) from error

from watchword.configuration.core_options import U
from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import NO_PARAMS, Submitted

from .demands import Demand
from .flask_answers import Verbatim, answer
from .flask_body import FlaskBody
from .flask_extension import MountedExtension, check_guard_all, is_guarded, mounted
from .flask_guards import FlaskGuards, check_before_views, guard_by
from .forms import next_in
from .live_session import EVERY, BlockingLiveSession
from .wire import framed
from .wsgi_environ import request_of
from .wsgi_visit import at_response, visit_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


P = ParamSpec("P")
Guard: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


class Watchword(
    MountedExtension[Flask, Blueprint, "ResponseReturnValue", "ResponseReturnValue", U]
):
    """Serves `auth` under its base path and answers who is signed in.

    `path` is the base path as the Flask application sees it, where that differs from
    `auth.base_path`: when the application itself is mounted below a SCRIPT_NAME. With
    `Flask(host_matching=True)` it answers on every host, or on `host` alone. A second server in
    the same application has a `name`, and guards and a `user` of its own: `staff.login_required`,
    `staff.user`. With Flask-WTF, exempt `watchword.view` from its CSRF check: watchword checks
    origins itself.

    Where applications are made by a function, make it before them and call `init_app(app)` there,
    or `init_app(app, auth)` of one that was made without a server.

    Records are JSON to Flask afterwards, as clients see them: `jsonify(user=watchword.user)`, or
    `return watchword.user`. An `APIError` that a view raises becomes its answer.
    """

    application = Flask
    blueprint_class = Blueprint
    rule = Rule

    def view(self, rest: str = "", watchword_host: str = "") -> Response:
        """The view behind every path of the authentication server."""
        answer = self.auth.blocking.handle(request_of(request.environ, FlaskBody(request)))
        headers, body = framed(answer, request.method)
        # As a list: Werkzeug adds a length of its own to bytes.
        return Verbatim([body], status=answer.status, headers=headers)

    @property
    def session(self) -> SessionAndUser[U] | None:
        """Session and user of the current request, None if nobody is signed in."""
        return visit_of(self.auth, request.environ).session

    @property
    def user(self) -> U | None:
        """The user of the current request, None if nobody is signed in."""
        return visit_of(self.auth, request.environ).user

    def live_session(self, *, every: Duration = EVERY) -> BlockingLiveSession[U]:
        """The session of who opens a web socket or a stream, for as long as that lasts.

        `every` is how often, in seconds, the store is asked whether it still stands. Raises
        `APIError` UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web
        socket that a page opens which is not trusted.
        """
        return visit_of(self.auth, request.environ).live(every)

    def submit(
        self, endpoint: str, data: object = None, *, params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """Run an endpoint (its name in `auth.api`) for the browser whose form this view answers.

        `data` are the form's fields, without it those of `request.form`; links have theirs in
        `request.args`. All that holds for the endpoint holds here, its cookies go on the view's
        response, and `current_user` is who they say from here on. See `Auth.submit`.
        """
        form = request.form if data is None else data
        return visit_of(self.auth, request.environ).submit(endpoint, form, params)

    def safe_next(self, default: str = "/") -> str:
        """Where to go on to: what `next` says in the form or the query, if it may, or `default`.

        By the rules of `callbackURL`: a path of this site, or a URL of a trusted origin.
        """
        wanted = next_in(request.form, request.args)
        return self.auth.blocking.safe_next(wanted, auth_request(), default)

    def guard_by(
        self,
        demand: Demand | None,
        login_url: str | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        return guard_by(lambda: self.auth, demand, login_url, keep)

    def answer_error(self, error: APIError) -> Response:
        return answer(error)

    def hook_into(self, app: Flask) -> None:
        app.before_request(check_before_views)
        app.after_request(self._relay)

    def current_application(self) -> Flask:
        return current_app

    def _relay(self, response: Response) -> Response:
        visit = at_response(self.auth, request.environ)
        if visit is None:
            return response
        headers = response.headers
        if visit.cookies:
            # Before the view's own cookies: a view that signs out has the last word.
            later = headers.getlist("Set-Cookie")
            headers.setlist("Set-Cookie", [*visit.cookies, *later])
        if visit.submitted:
            headers.setdefault("Cache-Control", "no-store")
        if "vary" not in {name.lower() for name, _ in headers}:
            headers.add("Vary", visit.vary)
        elif "*" not in response.vary:
            response.vary.update(visit.vary.split(", "))
        return response


def extension_of_application() -> Watchword[Any]:
    """The extension without a name. Raises `RuntimeError` where there is none."""
    extension = mounted(current_app)
    if isinstance(extension, Watchword):
        return extension
    raise RuntimeError(
        "this Flask application has no Watchword extension without a name: Watchword(auth, app); "
        "of one with a name use its own login_required and other guards, user and session"
    )


# A proxy is never None: ask `if current_user:`, not `is None`. `Watchword.user` is the typed way.
current_user = cast("User", LocalProxy(lambda: extension_of_application().user))
"""The user of the current request; falsy if nobody is signed in."""

current_session = cast(
    "SessionAndUser[User]", LocalProxy(lambda: extension_of_application().session)
)
"""Session and user of the current request; falsy if nobody is signed in."""


def auth_request() -> AuthRequest:
    """The current request, for `auth.blocking.api.sign_in_email(..., request=auth_request())`."""
    return request_of(request.environ)


_GUARDS = FlaskGuards(lambda: extension_of_application().auth)

login_required = _GUARDS.login_required
action_required = _GUARDS.action_required
fresh_login_required = _GUARDS.fresh_login_required
second_factor_required = _GUARDS.second_factor_required
roles_required = _GUARDS.roles_required
permission_required = _GUARDS.permission_required


def guard_all(scaffold: Flask | Blueprint, *guards: Guard, except_for: Sequence[str] = ()) -> None:
    """Put guards before all views of a blueprint, with the blueprints in it, or of an application.

    `guard_all(admin, roles_required("admin"))`. The authentication server stays open, and so do
    endpoints that are named in `except_for`: `["static", "pages.login"]`.

    Raises `ConfigurationError` without a guard, and for an `except_for` that is no list of names.
    """
    check_guard_all(guards, except_for)
    checks = [guard(_go_on) for guard in guards]

    @scaffold.before_request
    def check_all() -> Any:
        # Flask says itself which methods there are, and no view runs.
        by_itself = getattr(request.url_rule, "provide_automatic_options", False)
        if request.method == "OPTIONS" and by_itself:
            return None
        if not is_guarded(current_app, request.endpoint, except_for):
            return None
        return next((answer for check in checks if (answer := check()) is not None), None)

    del check_all


def _go_on() -> None:
    """What stands behind guards that are no decorators."""
