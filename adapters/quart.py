"""Quart: an extension with `current_user`, `current_session`, and guards for views and web sockets.

Mount it, and guard a view:

    watchword = Watchword(auth, app)          # or Watchword(auth) and init_app(app)

    @app.get("/me")
    @login_required
    async def me(): return {"email": current_user.email}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, cast

try:
    from quart import Blueprint, Quart, Response, current_app, has_websocket_context, request
    from quart.routing import QuartRule
    from werkzeug.datastructures import Headers
    from werkzeug.local import LocalProxy
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.quart needs Quart: pip install "watchword[quart]"'
    ) from error

from watchword.configuration.core_options import U
from watchword.configuration.options import Duration
from watchword.errors import APIError
from watchword.http.request import Request as AuthRequest
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import NO_PARAMS, Submitted

from . import asgi as plain
from .asgi_session import found_lookup, lookup_in
from .demands import Demand
from .flask_extension import MountedExtension, check_guard_all, is_guarded, mounted
from .forms import next_in
from .live_session import EVERY
from .live_session_async import LiveSession
from .quart_answers import Verbatim, answer
from .quart_connection import body_of, note_refusal, stand_around
from .quart_guards import (
    Given,
    Made,
    QuartGuards,
    check_before_views,
    current_connection,
    guard_by,
    scope_of,
)
from .wire import framed

if TYPE_CHECKING:
    from watchword.auth import Checked

P = ParamSpec("P")
Guard: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

_NOT_ASKED = (
    "nobody has asked yet who is signed in: put a guard on this view, say `await watchword.user`, "
    "or have it asked before all views, app.before_request(watchword.load)"
)


class Watchword(MountedExtension[Quart, Blueprint, Given, Made, U]):
    """Serves `auth` under its base path and answers who is signed in.

    `path` is the base path as the Quart application sees it, where that differs from
    `auth.base_path`: behind a `root_path`. With `Quart(host_matching=True)` it answers on every
    host, or on `host` alone. A second server in the same application has a `name`, and guards and a
    `user` of its own: `staff.login_required`, `await staff.user`. The server is closed after
    serving.

    Where applications are made by a function, make it before them and call `init_app(app)` there,
    or `init_app(app, auth)` of one that was made without a server.

    Records are JSON to Quart afterwards, as clients see them: `jsonify(user=await watchword.user)`,
    or `return await watchword.user`. An `APIError` that a view raises becomes its answer; of a web
    socket it is the reason why it is refused, or closed.
    """

    application = Quart
    blueprint_class = Blueprint
    rule = QuartRule

    async def view(self, rest: str = "", watchword_host: str = "") -> Response:
        """The view behind every path of the authentication server."""
        scope = scope_of(request)
        body = body_of(scope)
        response = await self.auth.handle(plain.request_of(scope, body))
        if isinstance(body, plain.ASGIBody) and body.failure is not None:
            raise body.failure
        headers, data = framed(response, request.method)
        return Verbatim(data, response.status, Headers(headers))

    @property
    async def session(self) -> SessionAndUser[U] | None:
        """To be awaited: session and user of the current request, None if nobody is signed in."""
        return (await self._checked()).session

    @property
    async def user(self) -> U | None:
        """To be awaited: the user of the current request, None if nobody is signed in."""
        found = await self.session
        return None if found is None else found.user

    async def live_session(self, *, every: Duration = EVERY) -> LiveSession[U]:
        """The session of who opens a web socket or a stream, for as long as that lasts.

        `every` is how often, in seconds, the store is asked whether it still stands. Raises
        `APIError` UNAUTHORIZED (401), and INVALID_ORIGIN or MISSING_OR_NULL_ORIGIN (403) for a web
        socket that a page opens which is not trusted.
        """
        return await lookup_in(self.auth, scope_of(current_connection())).live(every)

    async def submit(
        self, endpoint: str, data: object = None, *, params: Mapping[str, str] = NO_PARAMS
    ) -> Submitted[Any]:
        """Run an endpoint (its name in `auth.api`) for the browser whose form this view answers.

        `data` are the form's fields, without it those of `request.form`; links have theirs in
        `request.args`. All that holds for the endpoint holds here, its cookies go on the view's
        response, and `current_user` is who they say from here on. See `Auth.submit`.
        """
        form = await _sent_form() if data is None else data
        lookup = lookup_in(self.auth, scope_of(request))
        done = await lookup.submit(endpoint, form, params)
        await lookup.checked()
        return done

    async def safe_next(self, default: str = "/") -> str:
        """Where to go on to: what `next` says in the form or the query, if it may, or `default`.

        By the rules of `callbackURL`: a path of this site, or a URL of a trusted origin.
        """
        wanted = next_in(await _sent_form(), request.args)
        return await self.auth.safe_next(wanted, auth_request(), default)

    async def load(self) -> None:
        """Ask who is signed in, so that `current_user` is known: `app.before_request(ext.load)`."""
        await self._checked()

    def known_session(self) -> SessionAndUser[U] | None:
        """Session and user of the current request, once somebody has asked.

        Raises `LookupError` before.
        """
        lookup = found_lookup(self.auth, scope_of(current_connection()))
        checked = None if lookup is None else lookup.known
        if checked is None:
            # No `RuntimeError`, which a proxy that is asked `if current_user` takes for nobody.
            raise LookupError(_NOT_ASKED)
        return checked.session

    def guard_by(
        self,
        demand: Demand | None,
        login_url: str | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> Callable[[Callable[P, Given]], Callable[P, Made]]:
        return guard_by(lambda: self.auth, demand, login_url, keep)

    async def answer_error(self, error: APIError) -> Response:
        if has_websocket_context():
            note_refusal(scope_of(current_connection()), error)
        return answer(error)

    def hook_into(self, app: Quart) -> None:
        auth = self.served_on(app)
        stand_around(app, auth)
        app.before_request(check_before_views)
        app.before_websocket(check_before_views)
        app.after_serving(auth.close)

    def current_application(self) -> Quart:
        return current_app

    async def _checked(self) -> Checked[U]:
        return await lookup_in(self.auth, scope_of(current_connection())).checked()


def extension_of_application() -> Watchword[Any]:
    """The extension without a name. Raises `RuntimeError` where there is none."""
    extension = mounted(current_app)
    if isinstance(extension, Watchword):
        return extension
    raise RuntimeError(
        "this Quart application has no Watchword extension without a name: Watchword(auth, app); "
        "of one with a name use its own login_required and other guards, user and session"
    )


def _known_user() -> User | None:
    found = extension_of_application().known_session()
    return None if found is None else found.user


# A proxy is never None: ask `if current_user:`, not `is None`. `await Watchword.user` is the typed
# way, and asks where nobody has.
current_user = cast("User", LocalProxy(_known_user))
"""The user of the current request, where a guard or `load` has asked; falsy for nobody."""

current_session = cast(
    "SessionAndUser[User]", LocalProxy(lambda: extension_of_application().known_session())
)
"""Session and user of the current request, where a guard or `load` has asked; falsy for nobody."""


def auth_request() -> AuthRequest:
    """The current request, for `await auth.api.sign_in_email(..., request=auth_request())`."""
    return plain.request_of(scope_of(current_connection()))


_GUARDS = QuartGuards(lambda: extension_of_application().auth)

login_required = _GUARDS.login_required
action_required = _GUARDS.action_required
fresh_login_required = _GUARDS.fresh_login_required
second_factor_required = _GUARDS.second_factor_required
roles_required = _GUARDS.roles_required
permission_required = _GUARDS.permission_required


def guard_all(scaffold: Quart | Blueprint, *guards: Guard, except_for: Sequence[str] = ()) -> None:
    """Put guards before all views of a blueprint, with the blueprints in it, or of an application.

    `guard_all(admin, roles_required("admin"))`: before web sockets as well. The authentication
    server stays open, and so do endpoints that are named in `except_for`:
    `["static", "pages.login"]`.

    Raises `ConfigurationError` without a guard, and for an `except_for` that is no list of names.
    """
    check_guard_all(guards, except_for)
    checks = [guard(_go_on) for guard in guards]

    async def check_all() -> Any:
        asked = current_connection()
        # Quart says itself which methods there are, and no view runs.
        by_itself = getattr(asked.url_rule, "provide_automatic_options", False)
        if asked.method == "OPTIONS" and by_itself:
            return None
        if is_guarded(current_app, asked.endpoint, except_for):
            for check in checks:
                answer = await check()
                if answer is not None:
                    return answer
        return None

    scaffold.before_request(check_all)
    scaffold.before_websocket(check_all)


async def _sent_form() -> Any:
    open_request: Any = request
    return await open_request.form


async def _go_on() -> None:
    """What stands behind guards that are no decorators."""
