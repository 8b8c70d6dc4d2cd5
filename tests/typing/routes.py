"""Routes of an application as type checkers see them: users of one's own class all the way."""

from __future__ import annotations

from typing import assert_type
from wsgiref.types import WSGIEnvironment

import flask
import quart
from starlette.websockets import WebSocket

from watchword import Auth, User
from watchword.adapters import asgi, starlette, wsgi
from watchword.adapters import flask as on_flask
from watchword.adapters import quart as on_quart
from watchword.adapters.asgi import LiveSession, Scope


class Member(User, kw_only=True):
    lang: str = "en"


auth = Auth[Member](user_type=Member, database="sqlite://")
in_flask = on_flask.Watchword(auth, flask.Flask("app"))
later: on_flask.Watchword[Member] = on_flask.Watchword()
plain = on_flask.Watchword()


@in_flask.login_required
def view(number: int) -> str:
    return str(number)


@on_flask.roles_required("admin")
def records() -> dict[str, str]:
    return {}


def blocking(environ: WSGIEnvironment) -> None:
    assert_type(in_flask.user, Member | None)
    assert_type(later.user, Member | None)
    assert_type(plain.user, User | None)
    assert_type(in_flask.blueprint(), flask.Blueprint)
    assert_type(in_flask.live_session().user, Member)
    assert_type(wsgi.visit_of(auth, environ).user, Member | None)
    assert_type(wsgi.visit_of(auth, environ).required().user, Member)
    assert_type(wsgi.live_session(auth, environ).user, Member)
    view(1)
    records()
    guards = (on_flask.login_required, on_flask.login_required(login_url="/sign-in"))
    on_flask.guard_all(in_flask.blueprint(), *guards)


async def asynchronous(scope: Scope, websocket: WebSocket) -> None:
    app = quart.Quart("app")
    in_quart = on_quart.Watchword(auth, app)
    assert_type(await in_quart.user, Member | None)
    assert_type(await in_quart.live_session(), LiveSession[Member])
    assert_type(in_quart.blueprint(), quart.Blueprint)
    assert_type((await asgi.live_session(auth, scope)).user, Member)
    assert_type((await starlette.live_session(auth, websocket)).user, Member)
    assert_type((await asgi.checked_of(auth, scope)).required().user, Member)
    assert_type(await auth.recheck(await asgi.checked_of(auth, scope)) is None, bool)

    @on_quart.login_required
    async def page() -> str:
        return ""

    app.get("/")(page)
    app.websocket("/")(page)
    on_quart.guard_all(app, on_quart.login_required, on_quart.roles_required("admin"))
