"""One small application in every adapter: routes of its own beside the authentication server.

/who      the address of who is asking, or "nobody"
/members  the same, behind the framework's guard; 401 without
/wipe     the same, behind a grant for `data-wipe` of plugin `ActionToken`
/login    a form: signs in on behalf of the browser that posts it, and hands its cookies on
/other    a page that asks for nobody
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import quart
from litestar.di import NamedDependency
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from werkzeug.datastructures import Headers

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.litestar_app import LitestarApp
from watchword import APIError, Auth, SignInEmail
from watchword.adapters import asgi as on_asgi
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as on_wsgi
from watchword.records import User
from watchword.results import SessionAndUser

WIPE = "data-wipe"
VARY = "Accept-Language, Cookie"
"""What /other and /who say by themselves, as far as the framework lets them."""


def entered(body: bytes) -> SignInEmail:
    """What somebody typed into the form."""
    fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return SignInEmail(email=fields["email"], password=fields["password"])


def address(found: SessionAndUser[Any] | None) -> str:
    """Whom a page names."""
    return found.user.email if found else "nobody"


def refusal(error: APIError) -> tuple[int, str]:
    """What a page of errors says."""
    return error.status, str(error.code or error.message)


def plain_wsgi(auth: Auth[User]) -> Client:
    def login(environ: WSGIEnvironment) -> tuple[int, str, list[tuple[str, str]]]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        given = entered(environ["wsgi.input"].read(length))
        request = on_wsgi.request_of(environ)
        done = auth.blocking.api.sign_in_email(given, request=request, return_headers=True)
        return 200, "welcome", [("Set-Cookie", line) for line in done.cookies]

    def page(environ: WSGIEnvironment) -> tuple[int, str, list[tuple[str, str]]]:
        path = environ["PATH_INFO"]
        if path == "/login":
            return login(environ)
        if path == "/other":
            return 200, "other", [("Vary", VARY)]
        if path == "/wipe":
            on_wsgi.consume_action_token(auth, environ, WIPE)
        found = on_wsgi.checked_of(auth, environ).session
        status = 401 if path == "/members" and found is None else 200
        return status, address(found), [("Vary", VARY)]

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, text, headers = page(environ)
        except APIError as error:
            (status, text), headers = refusal(error), []
        start_response(f"{status} Answer", headers)
        return [text.encode()]

    return WSGIClient(on_wsgi.WatchwordMiddleware(app, auth))


def plain_asgi(auth: Auth[User]) -> Client:
    async def page(scope: Any, receive: Any) -> tuple[int, str, list[tuple[bytes, bytes]]]:
        vary = [(b"vary", VARY.encode())]
        if scope["path"] == "/login":
            body = await on_asgi.ASGIBody(scope, receive).read(10_000)
            request = on_asgi.request_of(scope)
            done = await auth.api.sign_in_email(entered(body), request=request, return_headers=True)
            return 200, "welcome", [(b"set-cookie", line.encode()) for line in done.cookies]
        if scope["path"] == "/other":
            return 200, "other", vary
        if scope["path"] == "/wipe":
            await on_asgi.consume_action_token(auth, scope, WIPE)
        found = (await on_asgi.checked_of(auth, scope)).session
        status = 401 if scope["path"] == "/members" and found is None else 200
        return status, address(found), vary

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            status, text, headers = await page(scope, receive)
        except APIError as error:
            (status, text), headers = refusal(error), []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    return ASGIClient(on_asgi.WatchwordMiddleware(app, auth))


def flask_app(auth: Auth[User]) -> Client:
    app = flask.Flask("app")
    extension = on_flask.Watchword(auth, app)

    def said(text: str) -> flask.Response:
        return flask.Response(text, headers={"Vary": VARY})

    def login() -> flask.Response:
        given = entered(flask.request.get_data())
        request = on_flask.auth_request()
        try:
            done = auth.blocking.api.sign_in_email(given, request=request, return_headers=True)
        except APIError as error:
            status, text = refusal(error)
            return flask.Response(text, status)
        return flask.Response("welcome", headers=[("Set-Cookie", line) for line in done.cookies])

    def who() -> flask.Response:
        return said(address(extension.session))

    app.add_url_rule("/who", view_func=who)
    app.add_url_rule("/members", "members", on_flask.login_required(who))
    app.add_url_rule("/wipe", "wipe", on_flask.action_required(WIPE)(who), methods=["POST"])
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/other", "other", lambda: said("other"))
    return WSGIClient(app)


def quart_app(auth: Auth[User]) -> Client:
    app = quart.Quart("app")
    extension = on_quart.Watchword(auth, app)

    def said(text: str) -> quart.Response:
        return quart.Response(text, headers={"Vary": VARY})

    async def login() -> quart.Response:
        sent: Any = await quart.request.get_data()
        given = entered(sent)
        request = on_quart.auth_request()
        try:
            done = await auth.api.sign_in_email(given, request=request, return_headers=True)
        except APIError as error:
            status, text = refusal(error)
            return quart.Response(text, status)
        cookies = Headers([("Set-Cookie", line) for line in done.cookies])
        return quart.Response("welcome", headers=cookies)

    async def who() -> quart.Response:
        return said(address(await extension.session))

    async def other() -> quart.Response:
        return said("other")

    app.add_url_rule("/who", view_func=who)
    app.add_url_rule("/members", "members", on_quart.login_required(who))
    app.add_url_rule("/wipe", "wipe", on_quart.action_required(WIPE)(who), methods=["POST"])
    app.add_url_rule("/login", view_func=login, methods=["POST"])
    app.add_url_rule("/other", view_func=other)
    return ASGIClient(app)


def starlette_login(auth: Auth[User]) -> Callable[[Request], Awaitable[Response]]:
    async def login(request: Request) -> Response:
        given, as_sent = entered(await request.body()), on_starlette.request_of(request)
        try:
            done = await auth.api.sign_in_email(given, request=as_sent, return_headers=True)
        except APIError as error:
            status, text = refusal(error)
            return PlainTextResponse(text, status)
        response = PlainTextResponse("welcome")
        for line in done.cookies:
            response.headers.append("set-cookie", line)
        return response

    return login


def starlette_app(auth: Auth[User]) -> Client:
    async def who(request: Request) -> Response:
        text = request.user.record.email if request.user.is_authenticated else "nobody"
        return PlainTextResponse(text, headers={"vary": VARY})

    views = {
        "/who": who,
        "/members": requires("authenticated", status_code=401)(who),
        "/wipe": on_starlette.action_required(auth, WIPE)(who),
        "/login": starlette_login(auth),
    }
    routes = [Route(path, view, methods=["GET", "POST"]) for path, view in views.items()]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=[on_starlette.mount(auth), *routes], middleware=[relay]))


def fastapi_app(auth: Auth[User]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    optional = fastapi.Depends(on_fastapi.OptionalSession(auth))
    members = fastapi.Depends(on_fastapi.CurrentSession(auth))
    confirmed = fastapi.Depends(on_fastapi.ActionConfirmed(auth, WIPE))

    async def who(found: SessionAndUser[User] | None = optional) -> Response:
        return PlainTextResponse(address(found), headers={"vary": VARY})

    async def other() -> Response:
        return PlainTextResponse("other", headers={"vary": VARY})

    app.add_api_route("/who", who)
    app.add_api_route("/members", who, dependencies=[members])
    app.add_api_route("/wipe", who, dependencies=[confirmed], methods=["POST"])
    app.add_api_route("/other", other)
    app.add_route("/login", starlette_login(auth), methods=["POST"])
    return ASGIClient(app)


def litestar_app(auth: Auth[User]) -> Client:
    def said(text: str, status: int = 200) -> litestar.Response[str]:
        return litestar.Response(
            text, status_code=status, headers={"vary": VARY}, media_type="text/plain"
        )

    @litestar.get("/who")
    async def who(
        optional_session: NamedDependency[SessionAndUser[Any] | None],
    ) -> litestar.Response[str]:
        return said(address(optional_session))

    @litestar.get("/members", guards=[on_litestar.requires_session])
    async def members(user: NamedDependency[User]) -> litestar.Response[str]:
        return said(user.email)

    @litestar.post("/wipe", guards=[on_litestar.requires_action(WIPE)], status_code=200)
    async def wipe(user: NamedDependency[User]) -> litestar.Response[str]:
        return said(user.email)

    @litestar.get("/other")
    async def other() -> litestar.Response[str]:
        return said("other")

    @litestar.post("/login", status_code=200)
    async def login(request: litestar.Request[Any, Any, Any]) -> litestar.Response[str]:
        given, as_sent = entered(await request.body()), on_litestar.request_of(request)
        try:
            done = await auth.api.sign_in_email(given, request=as_sent, return_headers=True)
        except APIError as error:
            status, text = refusal(error)
            return said(text, status)
        response = said("welcome")
        for line in done.cookies:
            # Litestar joins fields of one name, so one cookie is handed on as a header.
            response.headers["set-cookie"] = line
        return response

    plugin = on_litestar.WatchwordPlugin(auth)
    pages = [who, members, wipe, other, login]
    return ASGIClient(LitestarApp(pages, plugins=[plugin], openapi_config=None))


APPLICATIONS: dict[str, Callable[[Auth[User]], Client]] = {
    "wsgi": plain_wsgi,
    "asgi": plain_asgi,
    "flask": flask_app,
    "quart": quart_app,
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "litestar": litestar_app,
}
