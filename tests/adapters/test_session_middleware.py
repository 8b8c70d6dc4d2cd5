"""The middleware that only says who is asking, for WSGI and for ASGI: the endpoints are served
elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.adapters.drivers import ASGIClient, Client, Pairs, WSGIClient
from tests.adapters.echo import RENEWED, EchoAuth
from tests.adapters.test_two_servers import Staff
from watchword import APIError
from watchword.adapters import asgi, wsgi
from watchword.adapters.asgi import Receive, Scope, Send
from watchword.adapters.flask import Watchword
from watchword.adapters.wsgi import VISIT, SessionMiddleware, Visit, visit_of

AL = [("Cookie", "user=al")]
AL_RENEWED = [("Cookie", "user=al; renew=1")]

Page = Callable[[WSGIEnvironment], str]


def plain(page: Page, headers: Pairs = (), late: Page | None = None) -> Any:
    """What Bottle, Pyramid or Falcon are to a server."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        text = page(environ)
        start_response("200 OK", [*headers])
        yield text.encode()
        if late is not None:
            yield late(environ).encode()

    return app


def visit_in(environ: WSGIEnvironment) -> Visit[Any]:
    return environ[VISIT]


def name(environ: WSGIEnvironment) -> str:
    user = visit_in(environ).user
    return user.name if user else "nobody"


def name_of_required(environ: WSGIEnvironment) -> str:
    return visit_in(environ).required().user.name


def test_who_is_asking_is_in_the_environ(auth: EchoAuth) -> None:
    client = WSGIClient(SessionMiddleware(plain(name), auth))
    assert client.send("GET", "/", AL).body == b"al"
    assert client.send("GET", "/").body == b"nobody"
    assert client.send("GET", "/api/auth/ok").body == b"nobody", "it serves no endpoints"
    assert auth.script.seen == []


def test_nobody_is_looked_up_who_is_not_asked_for(auth: EchoAuth) -> None:
    answer = WSGIClient(SessionMiddleware(plain(lambda _: "page"), auth)).send("GET", "/", AL)
    assert (answer.body, answer.headers) == (b"page", [])
    assert auth.script.checks == []


def test_it_is_asked_once(auth: EchoAuth) -> None:
    def page(environ: WSGIEnvironment) -> str:
        assert visit_in(environ).session is visit_in(environ).session
        assert wsgi.checked_of(auth, environ).session is visit_in(environ).session
        assert visit_of(auth, environ) is visit_in(environ)
        return name(environ)

    WSGIClient(SessionMiddleware(plain(page), auth)).send("GET", "/", AL)
    assert len(auth.script.checks) == 1


def test_renewed_cookies_stand_before_the_pages_own(auth: EchoAuth) -> None:
    own = [("Set-Cookie", "own=1"), ("Vary", "Accept-Language")]
    answer = WSGIClient(SessionMiddleware(plain(name, own), auth)).send("GET", "/", AL_RENEWED)
    assert answer.all("set-cookie") == [*RENEWED, "own=1"]
    assert answer.all("vary") == ["Accept-Language, Cookie"]


def test_whoever_is_required_is_refused_as_json(auth: EchoAuth) -> None:
    client = WSGIClient(SessionMiddleware(plain(name_of_required), auth))
    assert client.send("GET", "/", AL).body == b"al"
    answer = client.send("GET", "/", [("Cookie", "renew=1")])
    assert answer.status == 401
    assert b"UNAUTHORIZED" in answer.body
    assert answer.all("set-cookie") == list(RENEWED)


def test_what_the_application_raises_is_answered(auth: EchoAuth) -> None:
    def page(_: WSGIEnvironment) -> str:
        raise APIError(418, "TEAPOT")

    assert WSGIClient(SessionMiddleware(plain(page), auth)).send("GET", "/").status == 418


class NotRenewing(EchoAuth):
    """Notes whether it may renew."""

    def __init__(self) -> None:
        super().__init__()
        self.renews: list[bool] = []
        check = self.blocking.check

        def noting(headers: Any, request: Any = None, *, renew: bool = True) -> Any:
            self.renews.append(renew)
            return check(headers, request, renew=renew)

        vars(self.blocking)["check"] = noting


def test_whoever_asks_once_the_response_has_begun_renews_nothing() -> None:
    auth = NotRenewing()
    app = plain(lambda _: "begun ", late=name)
    answer = WSGIClient(SessionMiddleware(app, auth)).send("GET", "/", AL_RENEWED)
    assert answer.body == b"begun al"
    assert answer.all("set-cookie") == []
    assert auth.renews == [False]


def test_the_same_in_a_stream_of_flask() -> None:
    auth = NotRenewing()
    app = flask.Flask("app")
    watchword = Watchword(auth, app)

    @app.get("/early")
    def early() -> flask.Response:
        assert watchword.user is not None
        return flask.Response(iter([watchword.user.name]))

    @app.get("/late")
    def late() -> flask.Response:
        def lines() -> Iterator[str]:
            yield "begun "
            yield watchword.user.name if watchword.user else "nobody"

        return flask.Response(flask.stream_with_context(lines()))

    assert all(map(callable, (early, late)))
    client = WSGIClient(app)
    assert client.send("GET", "/early", AL_RENEWED).all("set-cookie") == list(RENEWED)
    answer = client.send("GET", "/late", AL_RENEWED)
    assert (answer.body, answer.all("set-cookie")) == (b"begun al", [])
    assert auth.renews == [True, False]


def test_an_application_below_a_dispatcher_is_asked_for_by_its_whole_path(auth: EchoAuth) -> None:
    inner = DispatcherMiddleware(plain(lambda _: "outer"), {"/in": plain(name)})
    client = WSGIClient(SessionMiddleware(inner, auth))
    assert client.send("GET", "/in/page?a=1", AL).body == b"al"
    [asked] = auth.script.checks
    assert asked is not None
    assert asked.url == "http://app.example.com/in/page?a=1"


def test_a_whole_flask_application_may_stand_inside(auth: EchoAuth) -> None:
    app = flask.Flask("app")

    @app.get("/me")
    def me() -> str:
        visit: Visit[Any] = flask.request.environ[VISIT]
        return visit.required().user.name

    assert callable(me)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    client = WSGIClient(SessionMiddleware(app, auth))
    assert client.send("GET", "/me", AL_RENEWED).all("set-cookie") == list(RENEWED)
    assert client.send("GET", "/me").status == 401


def test_two_servers_are_asked_apart() -> None:
    shop, staff = EchoAuth(), Staff("/staff/auth")

    def page(environ: WSGIEnvironment) -> str:
        found = [visit_of(auth, environ).user for auth in (shop, staff)]
        nearest = visit_in(environ).user
        return ",".join(user.name for user in (*found, nearest) if user)

    app = SessionMiddleware(SessionMiddleware(plain(page), staff), shop)
    assert WSGIClient(app).send("GET", "/", AL).body == b"al,staff-al,staff-al"


def test_web_sockets_of_strangers_are_told_why() -> None:
    """That is the core's to say; here only that nothing is renewed, and the request says it."""
    auth = NotRenewing()
    upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
    WSGIClient(SessionMiddleware(plain(name), auth)).send("GET", "/", [*AL_RENEWED, *upgrade])
    assert auth.renews == [False]
    [asked] = auth.script.checks
    assert asked is not None
    assert asked.opens_websocket


# ASGI


def on_asgi(auth: EchoAuth) -> Client:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found = (await asgi.checked_of(auth, scope)).required()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": found.user.name.encode()})

    return ASGIClient(asgi.SessionMiddleware(app, auth))


def test_that_of_asgi_says_who_is_asking_and_serves_nothing(auth: EchoAuth) -> None:
    client = on_asgi(auth)
    answer = client.send("GET", "/", AL_RENEWED)
    assert (answer.body, answer.all("set-cookie")) == (b"al", list(RENEWED))
    assert client.send("GET", "/").status == 401
    client.send("GET", "/api/auth/ok")
    assert auth.script.seen == []


@pytest.mark.parametrize("middleware", [wsgi.SessionMiddleware, asgi.SessionMiddleware])
def test_one_inside_a_server_of_the_same_kind_is_no_neighbour(
    auth: EchoAuth, middleware: Any
) -> None:
    module: Any = wsgi if middleware is wsgi.SessionMiddleware else asgi
    app: Any = plain(lambda _: "page")
    assert module.WatchwordMiddleware(middleware(app, auth), auth)
