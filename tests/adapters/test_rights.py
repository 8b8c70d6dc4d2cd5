"""Routes of the application that ask for roles and permissions, in every adapter."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import fastapi
import flask
import litestar
import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.adapters.drivers import Answer, ASGIClient, WSGIClient
from tests.adapters.entitled import (
    ADMIN,
    BOTH,
    EITHER,
    LIST,
    READ,
    ROUTES,
    SERVERS,
    WRITE,
    Asked,
    fastapi_app,
    flask_app,
    litestar_handlers,
    starlette_routes,
)
from tests.adapters.test_whole_server import Visitor
from tests.support.browser import Clock
from tests.support.django_project import DjangoClient
from tests.support.litestar_app import LitestarApp
from watchword import (
    Auth,
    ConfigurationError,
    CookieCache,
    SessionOptions,
    testing,
)
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import starlette as on_starlette
from watchword.features.access_control import AccessControl
from watchword.plugins import Admin, Bearer
from watchword.plugins.admin import ADMIN_PERMISSIONS, ADMIN_STATEMENTS, AdminStatements
from watchword.records import User


class Statements(AdminStatements, total=False):
    report: Sequence[Literal["read", "write"]]


CONTROL = AccessControl[Statements]({**ADMIN_STATEMENTS, "report": ["read", "write"]})
ROLES = {
    "admin": CONTROL.role({**ADMIN_PERMISSIONS, "report": ["read", "write"]}),
    "support": CONTROL.role({"user": ["list"], "report": ["read"]}),
    "writer": CONTROL.role({"report": ["write"]}),
    "user": CONTROL.role({"report": []}),
}
NOBODY, NOT_ALLOWED = (401, "UNAUTHORIZED"), (403, "FORBIDDEN")
OPEN = (200, b"al@example.com")


@dataclass
class Application:
    """An application with guarded routes, a browser before it, and its database."""

    auth: Auth[Any]
    browser: Visitor
    path: Path

    def post(self, path: str, data: object = None, by: Visitor | None = None) -> Answer:
        return (by or self.browser).send("POST", f"/api/auth{path}", {} if data is None else data)

    def sign_up(self, role: str | None = None, name: str = "al") -> Visitor:
        by = self.browser if name == "al" else Visitor(self.browser.client)
        user = testing.make_user(self.auth, email=f"{name}@example.com")
        by.jar = testing.session_cookies(self.auth, user)
        if role is not None:
            self.give(role, name)
        return by

    def give(self, role: str | None, name: str = "al") -> None:
        self.sql("update user set role = ? where email = ?", role, f"{name}@example.com")

    def sql(self, statement: str, *values: object) -> list[Any]:
        with sqlite3.connect(self.path) as database:
            return database.execute(statement, values).fetchall()

    def id_of(self, name: str) -> str:
        [[found]] = self.sql("select id from user where email = ?", f"{name}@example.com")
        return found

    def ask(self, path: str, by: Visitor | None = None, method: str = "GET") -> tuple[int, object]:
        answer = (by or self.browser).send(method, path)
        if answer.status == 200:
            return 200, answer.body
        body = json.loads(answer.body)
        assert body.keys() == {"code", "message"}
        assert answer.all("content-type") == ["application/json"]
        assert answer.all("cache-control") == ["no-store"]
        return answer.status, body["code"]

    def may(self, by: Visitor | None = None) -> set[str]:
        asked = {path: self.ask(path, by) for path in ROUTES}
        assert {status for status, _ in asked.values()} <= {200, 403}
        return {path for path, (status, _) in asked.items() if status == 200}


def server(path: Path, clock: Clock, **options: Any) -> Auth[User]:
    options.setdefault("plugins", [Admin(roles=ROLES), Bearer()])
    return testing.auth(
        database=f"sqlite:///{path}", base_url="http://app.example.com", clock=clock, **options
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth(tmp_path: Path, clock: Clock) -> Auth[User]:
    return server(tmp_path / "app.db", clock)


@pytest.fixture(params=[False, True], ids=["store", "cookie-cache"])
def cached(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(params=SERVERS)
def app(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, cached: bool
) -> Iterator[Application]:
    session = SessionOptions(cookie_cache=CookieCache(enabled=cached, max_age=3600))
    auth = server(tmp_path / "app.db", clock, session=session)
    client = SERVERS[request.param](auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient | DjangoClient):
            client.run = runner.run
        yield Application(auth, Visitor(client), tmp_path / "app.db")
        runner.run(auth.close())
        auth.blocking.close()


def test_nobody_is_refused(app: Application) -> None:
    assert {app.ask(path) for path in ROUTES} == {NOBODY}


def test_each_role_opens_what_it_may(app: Application) -> None:
    app.sign_up()
    assert app.may() == set(), "who has no role has the default one"
    for role, opens in {
        "admin": {ADMIN, EITHER, READ, WRITE, LIST},
        "support": {EITHER, READ},
        "support,admin": {ADMIN, EITHER, BOTH, READ, WRITE, LIST},
        " admin , support ": {ADMIN, EITHER, BOTH, READ, WRITE, LIST},
        "writer,support": {EITHER, READ},
        "Admin": set(),
        "administrator": set(),
        "аdmin": set(),  # noqa: RUF001 (a Cyrillic letter)
        "": set(),
        "gone": set(),
    }.items():
        app.give(role)
        assert app.may() == opens, role
    assert app.ask(ADMIN) == NOT_ALLOWED


def test_a_role_that_was_taken_away_opens_nothing_whatever_cookies_say(app: Application) -> None:
    app.sign_up("admin")
    app.browser.jar = testing.session_cookies(app.auth, app.id_of("al"))
    assert app.ask(ADMIN) == OPEN
    app.give("user")
    assert app.ask(ADMIN) == app.ask(WRITE) == NOT_ALLOWED
    app.give("admin")
    assert app.ask(ADMIN) == OPEN


def test_a_session_that_was_ended_opens_nothing(app: Application) -> None:
    app.sign_up("admin")
    app.sql("delete from session")
    assert {app.ask(path) for path in ROUTES} == {NOBODY}


def test_a_user_who_is_gone_opens_nothing(app: Application) -> None:
    app.sign_up("admin")
    app.sql("pragma foreign_keys = off")
    app.sql("delete from user")
    assert {app.ask(path) for path in ROUTES} == {NOBODY}


def test_whoever_is_banned_is_refused_though_a_session_is_left(
    app: Application, clock: Clock
) -> None:
    app.sign_up("admin")
    app.sql("update user set banned = 1")
    assert {app.ask(path) for path in ROUTES} == {(403, "BANNED_USER")}
    over = (clock() - timedelta(days=1)).isoformat()
    app.sql("update user set banExpires = ?", over)
    assert app.ask(ADMIN) == OPEN, "that ban is over"


def test_the_credential_that_decides_is_looked_at(app: Application) -> None:
    app.sign_up("admin")
    other = app.sign_up("support", "eve")
    cookie, bearer = (one.jar["better-auth.session_token"] for one in (app.browser, other))
    headers = [
        ("Cookie", f"better-auth.session_token={cookie}"),
        ("Authorization", f"Bearer {bearer}"),
    ]
    assert app.browser.client.send("GET", ADMIN, headers).status == 403


def test_methods_of_the_route_are_guarded_alike(app: Application) -> None:
    app.sign_up("support")
    for method in ("HEAD", "OPTIONS"):
        answer = app.browser.send(method, ADMIN)
        assert b"al@example.com" not in answer.body
        assert answer.status != 200 or method == "OPTIONS"


def test_who_is_impersonated_is_the_one_who_is_asked_for(app: Application) -> None:
    app.sign_up("admin")
    app.sign_up("support", "eve")
    assert app.post("/admin/impersonate-user", {"userId": app.id_of("eve")}).status == 200
    assert app.may() == {EITHER, READ}
    assert app.ask(ADMIN) == NOT_ALLOWED
    app.give("user")
    assert {app.ask(path) for path in ROUTES} == {NOBODY}, "he may not be in her place any more"
    app.give("admin")
    assert app.may() == {EITHER, READ}
    app.sql("update user set banned = 1 where email = 'al@example.com'")
    assert {app.ask(path) for path in ROUTES} == {NOBODY}


def test_a_higher_role_ends_what_an_impersonator_may(app: Application) -> None:
    app.sign_up("admin")
    app.sign_up("support", "eve")
    app.post("/admin/impersonate-user", {"userId": app.id_of("eve")})
    app.give("admin", "eve")
    assert {app.ask(path) for path in ROUTES} == {NOBODY}


def test_users_named_in_the_options_may_do_everything(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "app.db"
    for name, serve in SERVERS.items():
        auth = server(path, clock)
        first = Application(auth, Visitor(serve(auth)), path)
        first.sign_up()
        admin = Admin(roles=ROLES, admin_user_ids=[first.id_of("al")])
        auth = server(path, clock, plugins=[admin])
        app = replace(first, browser=Visitor(serve(auth), first.browser.jar))
        assert app.may() == set(ROUTES), name
        app.sql("delete from user")
        auth.blocking.close()


# what is refused at the start, or at the first use


def makers(auth: Auth[Any]) -> list[Any]:
    """The guards that know their server, as functions of roles or permissions."""
    watchword = on_flask.Watchword(auth, flask.Flask("app"))
    plugin = on_litestar.WatchwordPlugin(auth)
    return [
        (watchword.roles_required, watchword.permission_required),
        (
            lambda *roles: on_starlette.roles_required(auth, *roles),
            lambda *given, **named: on_starlette.permission_required(auth, *given, **named),
        ),
        (
            lambda *roles: on_fastapi.RoleSession(auth, *roles),
            lambda *given, **named: on_fastapi.PermissionSession(auth, *given, **named),
        ),
        (plugin.requires_roles, plugin.requires_permission),
    ]


def test_without_the_plugin_guards_are_refused(tmp_path: Path, clock: Clock) -> None:
    auth = server(tmp_path / "app.db", clock, plugins=[])
    for of_roles, of_permissions in makers(auth):
        with pytest.raises(ConfigurationError, match=r"Add Admin\(\)"):
            of_roles("admin")
        with pytest.raises(ConfigurationError, match=r"Add Admin\(\)"):
            of_permissions(user=["list"])


def test_unknown_roles_and_actions_are_refused(auth: Auth[User]) -> None:
    for of_roles, of_permissions in makers(auth):
        with pytest.raises(ConfigurationError, match="there is no role 'admn'"):
            of_roles("admin", "admn")
        with pytest.raises(ConfigurationError, match="no role allows 'red' on 'report'"):
            of_permissions(report=["read", "red"])
        with pytest.raises(ConfigurationError, match="no role allows 'read' on 'reports'"):
            of_permissions({"reports": ["read"]})
        of_permissions({"user": ["impersonate-admins"]})


def test_roles_that_the_application_reads_by_itself_are_fine(tmp_path: Path, clock: Clock) -> None:
    auth = server(tmp_path / "app.db", clock, plugins=[Admin()])
    for of_roles, _ in makers(auth):
        of_roles("editor")


@pytest.mark.parametrize("wrong", [(), ("",), (" admin",), ("a,b",), (lambda: "a view",), (1,)])
def test_what_is_no_role_is_refused(wrong: Any) -> None:
    for make in (on_flask.roles_required, on_litestar.requires_roles):
        with pytest.raises(ConfigurationError, match="no names of roles"):
            make(*wrong)


@pytest.mark.parametrize("wrong", [None, {}, {"report": []}, {"report": "read"}, [("a", "b")]])
def test_what_is_no_permission_is_refused(wrong: Any) -> None:
    for make in (on_flask.permission_required, on_litestar.requires_permission):
        with pytest.raises(ConfigurationError, match="permissions of a guard"):
            make(wrong)


def test_litestar_looks_at_all_guards_when_it_starts(tmp_path: Path, clock: Clock) -> None:
    def guard_of(asked: Asked) -> on_litestar.Guard:
        return on_litestar.requires_roles("nobody")

    auth = server(tmp_path / "app.db", clock)
    with pytest.raises(ConfigurationError, match="there is no role 'nobody'"):
        LitestarApp(litestar_handlers(guard_of), plugins=[on_litestar.WatchwordPlugin(auth)])


def test_flask_says_so_at_the_first_request_and_lets_nobody_in(
    tmp_path: Path, clock: Clock
) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(server(tmp_path / "app.db", clock, plugins=[]), app)
    app.add_url_rule("/", view_func=on_flask.roles_required("admin")(lambda: "in"))
    assert WSGIClient(app).send("GET", "/").status == 500
    app.testing = True
    with pytest.raises(ConfigurationError, match="Admin"):
        app.test_client().get("/")


# frameworks' habits


def test_a_guard_above_the_route_of_flask_lets_nobody_in(auth: Auth[User]) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)

    @on_flask.roles_required("admin")
    @app.get("/wrong")
    def wrong() -> str:
        return "in"

    @app.get("/right")
    @on_flask.login_required
    @on_flask.roles_required("admin")
    def right() -> str:
        return "in"

    assert callable(wrong)
    assert callable(right)
    assert WSGIClient(app).send("GET", "/wrong").status == 500
    assert WSGIClient(app).send("GET", "/right").status == 401
    app.testing = True
    with pytest.raises(RuntimeError, match="above its route"):
        app.test_client().get("/wrong")


def test_flask_sends_to_a_page_only_who_is_helped_by_it(tmp_path: Path, auth: Auth[User]) -> None:
    app = flask.Flask("app")
    on_flask.Watchword(auth, app)
    guard = on_flask.roles_required("admin", login_url="/sign-in")
    app.add_url_rule("/", view_func=guard(lambda: "in"))
    people = Application(auth, Visitor(WSGIClient(app)), tmp_path / "app.db")
    assert people.browser.send("GET", "/").all("location") == ["/sign-in?next=%2F"]
    people.sign_up("user")
    assert people.ask("/") == NOT_ALLOWED
    people.sql("update user set banned = 1")
    assert people.ask("/") == (403, "BANNED_USER")


def test_guards_below_a_prefix(auth: Auth[User]) -> None:
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    inner = Starlette(routes=starlette_routes(auth))
    app = Starlette(routes=[on_starlette.mount(auth), Mount("/in", inner)], middleware=[relay])
    with asyncio.Runner() as runner:
        client = ASGIClient(app)
        client.run = runner.run
        for path in ROUTES:
            assert client.send("GET", f"/in{path}").status == 401
        runner.run(auth.close())


@pytest.fixture
def entered(tmp_path: Path, auth: Auth[User]) -> dict[str, str]:
    """The cookies of an administrator."""
    app = Application(auth, Visitor(WSGIClient(flask_app(auth))), tmp_path / "app.db")
    app.sign_up("admin")
    return app.browser.jar


def test_scopes_of_starlette(tmp_path: Path, auth: Auth[User], entered: dict[str, str]) -> None:
    @requires(["authenticated", "role:admin", "report:write"])
    async def page(request: Request) -> Response:
        return PlainTextResponse(" ".join(request.auth.scopes))

    relay = Middleware(on_starlette.SessionMiddleware, auth=auth, rights=True)
    app = Starlette(routes=[on_starlette.mount(auth), Route("/", page)], middleware=[relay])
    asks = Application(auth, Visitor(WSGIClient(flask_app(auth))), tmp_path / "app.db")
    with TestClient(app, base_url="http://app.example.com", cookies=entered) as client:
        assert "user:ban" in client.get("/").text.split()
        asks.give("support")
        assert client.get("/").status_code == 403
        asks.give("admin")
        asks.sql("update user set banned = 1")
        assert client.get("/").status_code == 403
        asks.sql("update user set banned = 0")
        assert client.get("/").status_code == 200
        asks.sql("delete from session")
        assert client.get("/").status_code == 403
        client.portal.call(auth.close) if client.portal else None


def test_scopes_are_refused_without_the_plugin(tmp_path: Path, clock: Clock) -> None:
    auth = server(tmp_path / "app.db", clock, plugins=[])
    with pytest.raises(ConfigurationError, match="Admin"):
        on_starlette.SessionBackend(auth, rights=True)


def test_scopes_are_refused_where_a_right_would_pass_for_a_role(
    tmp_path: Path, clock: Clock
) -> None:
    control = AccessControl({**ADMIN_STATEMENTS, "role": ["admin"]})
    roles = {
        "admin": control.role({**ADMIN_PERMISSIONS}),
        "user": control.role({"role": ["admin"]}),
    }
    auth = server(tmp_path / "app.db", clock, plugins=[Admin(roles=roles)])
    with pytest.raises(ConfigurationError, match="pass for the role 'admin'"):
        on_starlette.SessionBackend(auth, rights=True)


def test_methods_and_web_sockets_of_starlette(auth: Auth[User], entered: dict[str, str]) -> None:
    guard = on_starlette.roles_required(auth, "admin")

    class Reports(HTTPEndpoint):
        @guard
        async def get(self, request: Request) -> Response:
            return PlainTextResponse(request.user.record.email)

    @guard
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(websocket.user.record.email)
        await websocket.close()

    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    routes = [on_starlette.mount(auth), Route("/", Reports), WebSocketRoute("/ws", socket)]
    app = Starlette(routes=routes, middleware=[relay])
    with TestClient(app, base_url="http://app.example.com") as client:
        assert client.get("/").json()["code"] == "UNAUTHORIZED"
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws"):
            pass
        assert_denied(refused.value)
        client.cookies.update(entered)
        assert client.get("/").text == "al@example.com"
        with client.websocket_connect("/ws", headers=FROM_HERE) as open_one:
            assert open_one.receive_text() == "al@example.com"
        client.portal.call(auth.close) if client.portal else None


FROM_HERE = {"origin": "http://app.example.com"}
"""As browsers say it of every web socket."""


def assert_denied(refused: Any) -> None:
    denied = getattr(refused, "json", None)
    if denied is None:
        assert (refused.code, refused.reason) == (1008, "UNAUTHORIZED")
    else:
        assert (refused.status_code, denied()["code"]) == (401, "UNAUTHORIZED")


def test_web_sockets_of_fastapi(auth: Auth[User], entered: dict[str, str]) -> None:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    needed = fastapi.Depends(on_fastapi.RoleSession(auth, "admin"))

    async def socket(websocket: fastapi.WebSocket, found: Any = needed) -> None:
        await websocket.accept()
        await websocket.send_text(found.user.email)
        await websocket.close()

    app.add_api_websocket_route("/ws", socket)
    with TestClient(app, base_url="http://app.example.com") as client:
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws"):
            pass
        assert_denied(refused.value)
        client.cookies.update(entered)
        with client.websocket_connect("/ws", headers=FROM_HERE) as open_one:
            assert open_one.receive_text() == "al@example.com"
        client.portal.call(auth.close) if client.portal else None


@pytest.mark.parametrize(
    "guard", [on_litestar.requires_session, on_litestar.requires_roles("admin")]
)
def test_web_sockets_of_litestar(
    auth: Auth[User], entered: dict[str, str], guard: on_litestar.Guard
) -> None:
    @litestar.websocket("/ws", guards=[guard])
    async def shown(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.send_text("open")
        await socket.close()

    app: Any = LitestarApp([shown], plugins=[on_litestar.WatchwordPlugin(auth)])
    with TestClient(app, base_url="http://app.example.com") as client:
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws"):
            pass
        assert_denied(refused.value)
        client.cookies.update(entered)
        with client.websocket_connect("/ws", headers=FROM_HERE) as open_one:
            assert open_one.receive_text() == "open"


def test_openapi_shows_scheme_and_refusals(auth: Auth[User]) -> None:
    app = fastapi_app(auth)
    for shown in (app.openapi(), app.openapi()):
        for path in ROUTES:
            operation: Mapping[str, Any] = shown["paths"][path]["get"]
            assert operation["security"] == [{"session": []}]
            assert {"200", "401", "403"} <= operation["responses"].keys()
        assert [*shown["components"]["securitySchemes"]] == ["session"]
        assert shown["components"]["schemas"]["WatchwordError"]["required"] == ["code", "message"]
        assert "#" not in json.dumps(shown["components"]["securitySchemes"])
