"""One small application in every adapter, with views that submit forms.

/in     signs in by the form, and says who is there before and after
/out    signs out, and says the same
/read   reads the form itself first, and signs in by it
/look   submits what changes something, and is a GET
/next   says where `safe_next` leads
/late   the same as `/next`, behind a guard that knows a page to sign in on
/mine   signs in, with headers of its own
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import fastapi
import flask
import litestar
import quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.adapters.drivers import ASGIClient, Client, WSGIClient
from tests.support.litestar_app import LitestarApp
from watchword import Auth
from watchword.adapters import asgi as on_asgi
from watchword.adapters import fastapi as on_fastapi
from watchword.adapters import flask as on_flask
from watchword.adapters import litestar as on_litestar
from watchword.adapters import quart as on_quart
from watchword.adapters import starlette as on_starlette
from watchword.adapters import wsgi as on_wsgi
from watchword.records import User

from .django_applications import django_app, django_asgi_app
from .views import FORMS, OWN, endpoint_of, name_of, read, told

Asked: TypeAlias = litestar.Request[Any, Any, Any]


def plain_wsgi(auth: Auth[User]) -> Client:
    def page(environ: WSGIEnvironment) -> tuple[int, str]:
        path = environ["PATH_INFO"]
        if path == "/next":
            query = parse_qs(environ["QUERY_STRING"])
            wanted = query.get("next", [""])[0]
            return 200, auth.blocking.safe_next(wanted, on_wsgi.request_of(environ), "/home")
        if path == "/look":
            on_wsgi.submit(auth, environ, "sign_out", {})
        form = read(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        before = name_of(on_wsgi.checked_of(auth, environ).session)
        done = on_wsgi.submit(auth, environ, endpoint_of(path), form)
        return told(before, done, name_of(on_wsgi.checked_of(auth, environ).session))

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, text = page(environ)
        headers = [*OWN.items()] if environ["PATH_INFO"] == "/mine" else []
        start_response(f"{status} Answer", headers)
        return [text.encode()]

    return WSGIClient(on_wsgi.WatchwordMiddleware(app, auth))


def plain_asgi(auth: Auth[User]) -> Client:
    async def page(scope: Any, receive: Any) -> tuple[int, str]:
        if scope["path"] == "/next":
            wanted = parse_qs(scope["query_string"].decode()).get("next", [""])[0]
            return 200, await auth.safe_next(wanted, on_asgi.request_of(scope), "/home")
        if scope["path"] == "/look":
            await on_asgi.submit(auth, scope, "sign_out", {})
        form = read(await on_asgi.ASGIBody(scope, receive).read(10_000_000))
        before = name_of((await on_asgi.checked_of(auth, scope)).session)
        done = await on_asgi.submit(auth, scope, endpoint_of(scope["path"]), form)
        return told(before, done, name_of((await on_asgi.checked_of(auth, scope)).session))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        status, text = await page(scope, receive)
        own = OWN.items() if scope["path"] == "/mine" else ()
        headers = [(name.encode(), value.encode()) for name, value in own]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})

    return ASGIClient(on_asgi.WatchwordMiddleware(app, auth))


def _add_views(app: Any, watchword: Any, form: Any, look: Any, next_: Any) -> None:
    """Those of Flask, or of Quart."""
    for path in FORMS:
        app.add_url_rule(path, path[1:], form, methods=["POST"])
    app.add_url_rule("/look", view_func=look)
    app.add_url_rule("/next", "next", next_, methods=["GET", "POST"])
    guarded = watchword.fresh_login_required(login_url="/login?a=b#c")(next_)
    app.add_url_rule("/late", "late", guarded, methods=["GET", "POST"])


def flask_app(auth: Auth[User]) -> Client:
    app = flask.Flask("app")
    watchword = on_flask.Watchword(auth, app)

    def who() -> str:
        assert bool(on_flask.current_user) is (watchword.user is not None)
        return name_of(watchword.session)

    def form() -> flask.Response:
        path = flask.request.path
        given = flask.request.form if path == "/read" else None
        before = who()
        done = watchword.submit(endpoint_of(path), given)
        status, text = told(before, done, who())
        return flask.Response(text, status, OWN if path == "/mine" else {})

    def look() -> str:
        return watchword.submit("sign_out").code

    def next_() -> str:
        return watchword.safe_next("/home")

    _add_views(app, watchword, form, look, next_)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return WSGIClient(app)


def quart_app(auth: Auth[User]) -> Client:
    app = quart.Quart("app")
    watchword = on_quart.Watchword(auth, app)

    async def who() -> str:
        user = await watchword.user
        assert bool(on_quart.current_user) is (user is not None)
        return name_of(await watchword.session)

    async def form() -> quart.Response:
        path = quart.request.path
        given = await quart.request.form if path == "/read" else None
        before = await who()
        done = await watchword.submit(endpoint_of(path), given)
        status, text = told(before, done, await who())
        return quart.Response(text, status, OWN if path == "/mine" else {})

    async def look() -> str:
        return (await watchword.submit("sign_out")).code

    async def next_() -> str:
        return await watchword.safe_next("/home")

    _add_views(app, watchword, form, look, next_)
    return ASGIClient(app)


def starlette_app(auth: Auth[User]) -> Client:
    def who(request: Request) -> str:
        return request.user.record.email if request.user.is_authenticated else "nobody"

    async def form(request: Request) -> Response:
        path = request.url.path
        given = read(await request.body()) if path == "/read" else None
        before = who(request)
        done = await on_starlette.submit(auth, request, endpoint_of(path), given)
        status, text = told(before, done, who(request))
        return PlainTextResponse(text, status, OWN if path == "/mine" else {})

    async def look(request: Request) -> Response:
        return PlainTextResponse((await on_starlette.submit(auth, request, "sign_out")).code)

    async def next_(request: Request) -> Response:
        return PlainTextResponse(await on_starlette.safe_next(auth, request, "/home"))

    late = on_starlette.fresh_session_required(auth, login_url="/login?a=b#c")(next_)
    routes = [
        on_starlette.mount(auth),
        *(Route(path, form, methods=["POST"]) for path in FORMS),
        Route("/look", look),
        Route("/next", next_, methods=["GET", "POST"]),
        Route("/late", late, methods=["GET", "POST"]),
    ]
    relay = Middleware(on_starlette.SessionMiddleware, auth=auth)
    return ASGIClient(Starlette(routes=routes, middleware=[relay]))


def fastapi_app(auth: Auth[User]) -> Client:
    app = fastapi.FastAPI()
    on_fastapi.mount(app, auth)
    posted = fastapi.Depends(on_fastapi.CurrentForm(auth))
    late = fastapi.Depends(on_fastapi.FreshSession(auth, login_url="/login?a=b#c"))
    ask = on_fastapi.OptionalSession(auth)

    async def form(
        request: fastapi.Request, sent: on_fastapi.PostedForm = posted
    ) -> PlainTextResponse:
        path = request.url.path
        given = read(await request.body()) if path == "/read" else None
        before = name_of(await ask(request))
        done = await sent.submit(endpoint_of(path), given)
        status, text = told(before, done, name_of(await ask(request)))
        return PlainTextResponse(text, status, OWN if path == "/mine" else {})

    async def look(sent: on_fastapi.PostedForm = posted) -> str:
        return (await sent.submit("sign_out")).code

    async def next_(sent: on_fastapi.PostedForm = posted) -> PlainTextResponse:
        return PlainTextResponse(await sent.safe_next("/home"))

    for path in FORMS:
        app.add_api_route(path, form, methods=["POST"])
    app.add_api_route("/look", look)
    app.add_api_route("/next", next_, methods=["GET", "POST"])
    app.add_api_route("/late", next_, methods=["GET", "POST"], dependencies=[late])
    return ASGIClient(app)


def litestar_app(auth: Auth[User]) -> Client:
    async def who(request: Asked) -> str:
        scope: Any = request.scope
        return name_of((await on_asgi.checked_of(auth, scope)).session)

    async def form(request: Asked) -> litestar.Response[str]:
        path = request.url.path
        given = await request.form() if path == "/read" else None
        before = await who(request)
        done = await on_litestar.submit(request, endpoint_of(path), given)
        status, text = told(before, done, await who(request))
        headers = OWN if path == "/mine" else {}
        return litestar.Response(text, status_code=status, headers=headers)

    async def look(request: Asked) -> str:
        return (await on_litestar.submit(request, "sign_out")).code

    async def next_(request: Asked) -> litestar.Response[str]:
        text = await on_litestar.safe_next(request, "/home")
        return litestar.Response(text, media_type="text/plain", status_code=200)

    both = [litestar.HttpMethod.GET, litestar.HttpMethod.POST]
    late = on_litestar.requires_fresh_session(login_url="/login?a=b#c")
    handlers: list[Any] = [
        *(litestar.post(path)(form) for path in FORMS),
        litestar.get("/look")(look),
        litestar.route("/next", http_method=both)(next_),
        litestar.route("/late", http_method=both, guards=[late])(next_),
    ]
    return ASGIClient(LitestarApp(handlers, plugins=[on_litestar.WatchwordPlugin(auth)]))


APPLICATIONS: dict[str, Callable[[Auth[User]], Client]] = {
    "wsgi": plain_wsgi,
    "asgi": plain_asgi,
    "flask": flask_app,
    "quart": quart_app,
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "litestar": litestar_app,
    "django": django_app,
    "django-asgi": django_asgi_app,
}
