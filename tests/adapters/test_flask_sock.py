"""Web sockets in Flask, by flask-sock, over a real connection: guards have their say before it is
accepted, and a session that is revoked hears nothing more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask_sock import Sock
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.browser import Clock
from watchword import Auth, testing
from watchword.adapters.flask import (
    Watchword,
    current_user,
    guard_all,
    login_required,
    roles_required,
)
from watchword.adapters.wsgi_visit import Visit
from watchword.plugins import Admin, Bearer

EVERY = 60
SITE = "http://app.example.com"


class Impatient(WSGIRequestHandler):
    """Reads what is left before it hangs up, the last frame of a web socket too: it and the client
    would wait for each other."""

    timeout = 2


class Place:
    """An application with web sockets, and Al, who is signed in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.auth: Auth[Any] = testing.auth(
            base_url=SITE, clock=self.clock, plugins=[Bearer(), Admin()]
        )
        self.user = testing.make_user(self.auth, email="al@example.com")
        found = self.auth.blocking.users.create_session(self.user.id)
        self.cookie = "; ".join(line.partition(";")[0] for line in found.cookies)
        self.token = found.value.session.token
        self.app = _app(self.auth)
        self.server = make_server(
            "127.0.0.1", 0, self.app, threaded=True, request_handler=Impatient
        )
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def open(self, path: str, origin: str | None = SITE, **headers: str) -> ClientConnection:
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        url = f"ws://127.0.0.1:{self.server.port}{path}"
        more: dict[str, Any] = {"additional_headers": given, "origin": origin, "proxy": None}
        return connect(url, **more)

    def refused(self, path: str, origin: str | None = SITE, **headers: str) -> tuple[int, str]:
        with pytest.raises(InvalidStatus) as refused:
            self.open(path, origin, **headers)
        answer = refused.value.response
        return answer.status_code, json.loads(answer.body)["code"]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.auth.blocking.close()


def _app(auth: Auth[Any]) -> flask.Flask:
    app = flask.Flask("app")
    watchword, sock = Watchword(auth, app), Sock(app)
    part = flask.Blueprint("part", "part", url_prefix="/part")
    guard_all(part, login_required)

    def echo(ws: Any) -> None:
        live = watchword.live_session(every=EVERY)
        while live.is_alive():
            text = ws.receive(timeout=5)
            if text is None or not live.is_alive():
                break
            ws.send(f"{current_user.email}: {text}")
        ws.close(1008)

    def named(ws: Any, name: str) -> None:
        ws.send(f"{name}: {current_user.email if current_user else 'nobody'}")

    guards = {
        "echo": login_required,
        "admin": roles_required("admin"),
        "login": login_required(login_url="/sign-in"),
    }
    for name, guard in guards.items():
        sock.route(f"/{name}", endpoint=name)(guard(_copied(echo)))
    sock.route("/open/<name>")(named)
    sock.route("/echo", bp=part, endpoint="echo")(_copied(echo))
    app.register_blueprint(part)
    return app


def _copied(view: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda ws: view(ws)


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.close()


@pytest.mark.parametrize("path", ["/echo", "/part/echo", "/login"])
def test_a_page_of_the_site_talks_as_its_visitor(place: Place, path: str) -> None:
    with place.open(path, cookie=place.cookie) as socket:
        socket.send("hello")
        assert socket.recv(5) == "al@example.com: hello"


@pytest.mark.parametrize("path", ["/echo", "/part/echo", "/login"])
def test_others_are_refused_before_anything_is_accepted(place: Place, path: str) -> None:
    assert place.refused(path) == (401, "UNAUTHORIZED")
    evil = "https://evil.example"
    assert place.refused(path, evil, cookie=place.cookie) == (403, "INVALID_ORIGIN")
    assert place.refused(path, "null", cookie=place.cookie) == (403, "MISSING_OR_NULL_ORIGIN")
    assert place.refused(path, None, cookie=place.cookie) == (403, "MISSING_OR_NULL_ORIGIN")


def test_who_lacks_a_role_is_refused_as_well(place: Place) -> None:
    assert place.refused("/admin", cookie=place.cookie) == (403, "FORBIDDEN")


def test_a_guard_asks_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the web socket is accepted, and not again: a grant is burned once."""
    asked: list[object] = []
    admit = Visit.admit
    monkeypatch.setattr(Visit, "admit", lambda *given: (asked.append(given[1]), admit(*given))[1])
    with place.open("/echo", cookie=place.cookie) as socket:
        socket.send("hi")
        socket.recv(5)
    assert asked == [None]


def test_a_program_shows_its_bearer(place: Place) -> None:
    with place.open("/echo", None, authorization=f"Bearer {place.token}") as socket:
        socket.send("hi")
        assert socket.recv(5) == "al@example.com: hi"


def test_a_page_of_another_site_is_nobody_where_all_may_talk(place: Place) -> None:
    with place.open("/open/a", cookie=place.cookie) as socket:
        assert socket.recv(5) == "a: al@example.com"
    with place.open("/open/b", "https://evil.example", cookie=place.cookie) as socket:
        assert socket.recv(5) == "b: nobody"


def test_a_session_that_is_revoked_hears_nothing_more(place: Place) -> None:
    with place.open("/echo", cookie=place.cookie) as socket:
        socket.send("before")
        assert socket.recv(5) == "al@example.com: before"
        place.auth.blocking.users.revoke_sessions(place.user.id)
        place.clock.forward(EVERY)
        socket.send("after")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_nothing_is_renewed_that_no_cookie_could_carry_home(place: Place) -> None:
    """What accepts the web socket writes to the connection itself, past every response."""
    before = place.auth.blocking.users.sessions(place.user.id)
    place.clock.forward(2 * 86_400)
    with place.open("/echo", cookie=place.cookie) as socket:
        socket.send("hi")
        assert socket.recv(5) == "al@example.com: hi"
    assert place.auth.blocking.users.sessions(place.user.id) == before
