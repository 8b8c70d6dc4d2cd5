"""Routes of the application that ask for a sign-in lately or a second factor, in every adapter."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b32decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import litestar
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import Answer, ASGIClient, WSGIClient
from tests.adapters.guarded import (
    FACTOR,
    FACTOR_LATELY,
    FRESH,
    LATELY,
    ROUTES,
    SERVERS,
    SUDO,
    fastapi_app,
)
from tests.adapters.test_action_tokens import code_of
from tests.adapters.test_whole_server import DAY, SIGN_UP, Visitor
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
from watchword.plugins import Bearer, OneTimeTokenSession, TwoFactor
from watchword.plugins.two_factor.totp import totp_code, totp_step
from watchword.records import User

OPEN = (200, b"al@example.com")
STALE = (403, "SESSION_NOT_FRESH")
NO_FACTOR = (403, "TWO_FACTOR_NOT_ENABLED")
NOT_GIVEN = (403, "SECOND_FACTOR_REQUIRED")
NOBODY = 401


@dataclass
class Application:
    """An application with guarded routes, and a browser before it."""

    browser: Visitor
    clock: Clock
    key: bytes = field(default=b"", repr=False)

    def post(self, path: str, data: object = None, by: Visitor | None = None) -> Answer:
        return (by or self.browser).send("POST", f"/api/auth{path}", {} if data is None else data)

    def sign_up(self) -> None:
        assert self.post("/sign-up/email", SIGN_UP).status == 200

    def set_up(self) -> None:
        """Sign up, and set up an authenticator app."""
        self.sign_up()
        self.enroll()

    def enroll(self) -> None:
        answer = self.post("/two-factor/enable", {"password": SIGN_UP["password"]})
        [secret] = parse_qs(urlsplit(json.loads(answer.body)["totpURI"]).query)["secret"]
        self.key = b32decode(secret + "=" * (-len(secret) % 8))
        self.verify()

    def verify(self, by: Visitor | None = None, **more: object) -> None:
        code = totp_code(self.key, totp_step(self.clock(), 30), 6)
        answer = self.post("/two-factor/verify-totp", {"code": code, **more}, by)
        assert answer.status == 200, answer.body
        self.clock.forward(60)

    def other(self) -> Visitor:
        return Visitor(self.browser.client)

    def sign_in(self, by: Visitor) -> dict[str, Any]:
        answer = self.post("/sign-in/email", {**SIGN_UP, "rememberMe": True}, by)
        assert answer.status == 200
        return json.loads(answer.body)

    def ask(self, path: str, by: Visitor | None = None) -> tuple[int, object]:
        answer = (by or self.browser).send("GET", path)
        if answer.status == 200:
            return OPEN[0], answer.body
        return answer.status, code_of(answer.body) if answer.status == 403 else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


def server(tmp_path: Path, clock: Clock, **options: Any) -> Auth[User]:
    options.setdefault(
        "plugins", [TwoFactor(note_in_session=True), Bearer(), OneTimeTokenSession()]
    )
    return testing.auth(
        database=f"sqlite:///{tmp_path / 'app.db'}",
        base_url="http://app.example.com",
        clock=clock,
        **options,
    )


@pytest.fixture(params=[False, True], ids=["store", "cookie-cache"])
def cached(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(params=SERVERS)
def app(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, cached: bool
) -> Iterator[Application]:
    session = SessionOptions(cookie_cache=CookieCache(enabled=cached, max_age=3600))
    auth = server(tmp_path, clock, session=session)
    client = SERVERS[request.param](auth)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient | DjangoClient):
            client.run = runner.run
        yield Application(Visitor(client), clock)
        runner.run(auth.close())
        auth.blocking.close()


def test_nobody_is_refused(app: Application) -> None:
    assert [app.ask(path)[0] for path in ROUTES] == [NOBODY] * 4


def test_a_sign_in_lately_opens_until_it_is_old(app: Application) -> None:
    app.sign_up()
    assert app.ask(FRESH) == app.ask(SUDO) == OPEN
    app.clock.forward(LATELY - 1)
    assert app.ask(SUDO) == OPEN
    app.clock.forward(1)
    assert app.ask(SUDO) == STALE
    assert app.ask(FRESH) == OPEN, "the server's own bound is a day"
    app.clock.forward(DAY - LATELY)
    assert app.ask(FRESH) == STALE
    app.sign_in(app.browser)
    assert app.ask(FRESH) == app.ask(SUDO) == OPEN


def test_a_renewed_session_is_no_newer_proof(app: Application) -> None:
    app.sign_up()
    for _ in range(3):
        app.clock.forward(2 * DAY)
        assert app.browser.send("GET", "/api/auth/get-session").all("set-cookie")
        assert app.ask(FRESH) == app.ask(SUDO) == STALE


def test_who_has_no_second_factor_is_told_so(app: Application) -> None:
    app.sign_up()
    assert app.ask(FACTOR) == app.ask(FACTOR_LATELY) == NO_FACTOR


def test_who_set_an_app_up_has_given_its_code(app: Application) -> None:
    app.set_up()
    assert app.ask(FACTOR) == app.ask(FACTOR_LATELY) == OPEN
    app.clock.forward(LATELY)
    assert app.ask(FACTOR) == OPEN
    assert app.ask(FACTOR_LATELY) == NOT_GIVEN
    app.verify()
    assert app.ask(FACTOR_LATELY) == OPEN, "a code given while signed in counts"


def test_a_sign_in_with_both_factors_has_given_them(app: Application) -> None:
    app.set_up()
    other = app.other()
    app.sign_in(other)
    assert app.ask(FACTOR, other)[0] == NOBODY, "not before the code"
    app.verify(other)
    assert app.ask(FACTOR, other) == app.ask(FACTOR_LATELY, other) == OPEN


def test_a_trusted_browser_has_given_none(app: Application) -> None:
    app.set_up()
    other = app.other()
    app.sign_in(other)
    app.verify(other, trustDevice=True)
    app.post("/sign-out", None, other)
    assert "twoFactorRedirect" not in app.sign_in(other)
    assert app.ask(FRESH, other) == OPEN
    assert app.ask(FACTOR, other) == NOT_GIVEN
    app.verify(other)
    assert app.ask(FACTOR, other) == OPEN


def test_a_session_from_before_the_factor_has_given_none(app: Application) -> None:
    app.sign_up()
    other = app.other()
    app.sign_in(other)
    app.browser.jar.clear()
    app.sign_in(app.browser)
    app.enroll()
    assert app.ask(FACTOR, other) == NOT_GIVEN
    assert app.ask(FACTOR) == OPEN


def test_a_session_that_was_ended_opens_nothing_whatever_its_cookies_say(app: Application) -> None:
    app.set_up()
    other = app.other()
    app.sign_in(other)
    app.verify(other)
    stale = Visitor(app.browser.client, dict(app.browser.jar))
    assert app.post("/revoke-other-sessions", None, other).status == 200
    assert [app.ask(path, stale)[0] for path in ROUTES] == [NOBODY] * 4


def test_cookies_from_before_the_code_open_what_the_store_knows(app: Application) -> None:
    app.set_up()
    app.clock.forward(LATELY)
    old = Visitor(app.browser.client, dict(app.browser.jar))
    app.verify()
    assert app.ask(FACTOR_LATELY, old) == OPEN


def test_turned_off_and_set_up_anew_it_was_given_nowhere(app: Application) -> None:
    app.set_up()
    other = app.other()
    app.sign_in(other)
    app.verify(other)
    app.post("/two-factor/disable", {"password": SIGN_UP["password"]})
    assert app.ask(FACTOR) == app.ask(FACTOR, other) == NO_FACTOR
    app.enroll()
    assert app.ask(FACTOR) == OPEN
    assert app.ask(FACTOR, other) == NOT_GIVEN


def test_a_session_that_is_handed_over_has_what_it_comes_from_had(app: Application) -> None:
    app.set_up()
    app.clock.forward(LATELY)
    path = "/api/auth/one-time-token-session/generate"
    token = json.loads(app.browser.send("GET", path).body)["token"]
    other = app.other()
    assert app.post("/one-time-token-session/verify", {"token": token}, other).status == 200
    assert other.jar != app.browser.jar
    assert app.ask(FACTOR, other) == app.ask(FRESH, other) == OPEN
    assert app.ask(FACTOR_LATELY, other) == NOT_GIVEN
    assert app.ask(SUDO, other) == STALE


def test_of_two_credentials_the_one_that_asks_is_looked_at(app: Application) -> None:
    app.set_up()
    app.clock.forward(LATELY)
    other = app.other()
    app.sign_in(other)
    app.verify(other)
    old, new = (one.jar["better-auth.session_token"] for one in (app.browser, other))

    def ask(path: str, cookie: str, bearer: str) -> tuple[int, object]:
        headers = [
            ("Cookie", f"better-auth.session_token={cookie}"),
            ("Authorization", f"Bearer {bearer}"),
        ]
        answer = app.browser.client.send("GET", path, headers)
        if answer.status == 200:
            return answer.status, answer.body
        return answer.status, code_of(answer.body)

    assert ask(SUDO, cookie=old, bearer=new) == ask(FACTOR_LATELY, cookie=old, bearer=new) == OPEN
    assert ask(SUDO, cookie=new, bearer=old) == STALE
    assert ask(FACTOR_LATELY, cookie=new, bearer=old) == NOT_GIVEN


def test_what_a_client_says_about_its_session_is_not_heard(app: Application) -> None:
    app.set_up()
    other = app.other()
    app.sign_in(other)
    app.verify(other, trustDevice=True)
    app.post("/sign-out", None, other)
    app.sign_in(other)
    app.post("/update-session", {"secondFactorAt": "2030-01-01T00:00:00Z"}, other)
    assert app.ask(FACTOR, other) == NOT_GIVEN


def test_a_renewal_on_the_way_reaches_the_browser(
    app: Application, request: pytest.FixtureRequest
) -> None:
    app.sign_up()
    app.clock.forward(2 * DAY)
    answer = app.browser.send("GET", FRESH)
    assert answer.status == 403
    names = {line.partition("=")[0] for line in answer.all("set-cookie")}
    relayed = request.node.callspec.params["app"] != "bare-wsgi"
    assert ("better-auth.session_token" in names) is relayed


# what is refused at the start


def test_a_server_that_notes_nothing_is_refused(tmp_path: Path, clock: Clock) -> None:
    auth = server(tmp_path, clock, plugins=[TwoFactor()])
    watchword = on_flask.Watchword(auth, flask.Flask("app"))
    plugin = on_litestar.WatchwordPlugin(auth)
    for make in (
        watchword.second_factor_required,
        lambda: on_starlette.second_factor_required(auth),
        lambda: on_fastapi.SecondFactorSession(auth),
        plugin.requires_second_factor,
    ):
        with pytest.raises(ConfigurationError, match="note_in_session=True"):
            make()


@pytest.mark.parametrize("wrong", [0, -1, "300", True, lambda: "a view, without parentheses"])
def test_a_wrong_time_is_refused(wrong: Any) -> None:
    for make in (
        on_flask.fresh_login_required,
        on_flask.second_factor_required,
        on_litestar.requires_fresh_session,
        on_litestar.requires_second_factor,
    ):
        with pytest.raises(ConfigurationError, match="within"):
            make(wrong)


# frameworks' habits


def test_flask_sends_people_to_a_page(tmp_path: Path, clock: Clock) -> None:
    auth = server(tmp_path, clock)
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)

    @app.get("/keys")
    @watchword.fresh_login_required(LATELY, login_url="/sign-in")
    @watchword.second_factor_required(login_url="/code")
    def keys() -> str:
        return "keys"

    assert callable(keys)
    visitor = Visitor(WSGIClient(app))
    assert visitor.send("GET", "/keys").all("location") == ["/sign-in?next=%2Fkeys"]
    visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)
    assert visitor.send("GET", "/keys").all("location") == ["/code?next=%2Fkeys"]
    auth.blocking.close()


def test_starlette_runs_endpoints_without_async_in_a_thread(tmp_path: Path, clock: Clock) -> None:
    auth, ran = server(tmp_path, clock), list[bool]()

    @on_starlette.fresh_session_required(auth, LATELY)
    def keys(request: Request) -> Response:
        ran.append(threading.current_thread() is threading.main_thread())
        return PlainTextResponse(request.user.record.email)

    @on_starlette.fresh_session_required(auth, LATELY)
    @lambda endpoint: lambda request: endpoint(request)
    async def wrapped(request: Request) -> Response:
        return PlainTextResponse(request.user.record.email)

    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    routes = [on_starlette.mount(auth), Route("/keys", keys), Route("/wrapped", wrapped)]
    client = ASGIClient(Starlette(routes=routes, middleware=[relay]))
    with asyncio.Runner() as runner:
        client.run = runner.run
        visitor = Visitor(client)
        for path in ("/keys", "/wrapped"):
            assert visitor.send("GET", path).status == NOBODY
        assert ran == []
        visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP)
        for path in ("/keys", "/wrapped"):
            answer = visitor.send("GET", path)
            assert (answer.status, answer.body) == OPEN
        assert ran == [False]
        clock.forward(LATELY)
        assert visitor.send("GET", "/keys").status == 403
        runner.run(auth.close())
    auth.blocking.close()


def test_openapi_shows_what_a_route_asks_for(tmp_path: Path, clock: Clock) -> None:
    shown = fastapi_app(server(tmp_path, clock)).openapi()
    for path in ROUTES:
        assert shown["paths"][path]["get"]["security"] == [{"session": []}]
    assert shown["components"]["securitySchemes"]["session"]["in"] == "cookie"


def test_no_option_of_a_litestar_route_opens_it(tmp_path: Path, clock: Clock) -> None:

    @litestar.get("/keys", guards=[on_litestar.requires_fresh_session()], opt={"watchword": True})
    async def keys() -> str:
        return "keys"

    auth = server(tmp_path, clock)
    plugins = [on_litestar.WatchwordPlugin(auth)]
    application = LitestarApp(
        [keys], plugins=plugins, guards=[on_litestar.requires_session], openapi_config=None
    )
    with asyncio.Runner() as runner:
        client = ASGIClient(application)
        client.run = runner.run
        visitor = Visitor(client)
        assert visitor.send("GET", "/keys").status == NOBODY
        assert visitor.send("GET", "/api/auth/ok").status == 200
        runner.run(auth.close())
    auth.blocking.close()


def test_litestars_guard_on_everything_spares_the_server(tmp_path: Path, clock: Clock) -> None:

    @litestar.get("/keys", media_type="text/plain")
    async def keys() -> str:
        return "keys"

    auth = server(tmp_path, clock)
    application = LitestarApp(
        [keys],
        plugins=[on_litestar.WatchwordPlugin(auth)],
        guards=[on_litestar.requires_fresh_session()],
        openapi_config=None,
    )
    with asyncio.Runner() as runner:
        client = ASGIClient(application)
        client.run = runner.run
        visitor = Visitor(client)
        assert visitor.send("GET", "/keys").status == NOBODY
        assert visitor.send("POST", "/api/auth/sign-up/email", SIGN_UP).status == 200
        assert visitor.send("GET", "/keys").body == b"keys"
        runner.run(auth.close())
    auth.blocking.close()
