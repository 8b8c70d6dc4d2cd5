"""Guards of an application's own routes: what they add to a route, over the check in process.

Without the guard the application knows nothing of watchword at all, so that whatever the guard
needs around it (a middleware, a hook, a route beside it) counts as its own.

A check that is run over and over finds all of itself in the processor's caches; within a request,
after the framework's own work, the very same check takes up to twice as long. So a third view asks
`auth.check` by hand, and what the guard adds is held against what that adds as well.
"""

from __future__ import annotations

import asyncio
import io
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from flask import Flask
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.benchmarks.rounds import Row, Work, alternate, called
from tests.benchmarks.serve import minimal
from tests.benchmarks.session_checks import asgi_call, awaited_check, blocking_check
from watchword import Auth, User
from watchword.adapters import fastapi as fastapi_adapter
from watchword.adapters import starlette as starlette_adapter
from watchword.adapters.flask import Watchword, login_required, roles_required
from watchword.plugins import Admin

WANTED = "<= 1.3x"
ROLE = "Flask roles_required"


def guards(cookie: str) -> list[Row]:
    """One row for each framework."""
    auth, administered = minimal(), minimal(plugins=[Admin()])
    with asyncio.Runner() as runner:
        asked = {
            "Flask login_required": (
                wsgi_call(guarded_flask(auth), cookie),
                wsgi_call(plain_flask(), cookie),
                wsgi_call(asking_flask(auth), cookie),
                "blocking",
            ),
            "Starlette middleware": (
                asgi_call(runner, guarded_starlette(auth), "/me", cookie),
                asgi_call(runner, plain_starlette(), "/me", cookie),
                asgi_call(runner, asking_starlette(auth), "/me", cookie),
                "awaited",
            ),
            "FastAPI dependency": (
                asgi_call(runner, guarded_fastapi(auth), "/me", cookie),
                asgi_call(runner, plain_fastapi(), "/me", cookie),
                asgi_call(runner, asking_fastapi(auth), "/me", cookie),
                "awaited",
            ),
            ROLE: (
                wsgi_call(flask_with_a_role(administered), cookie),
                wsgi_call(plain_flask(), cookie),
                wsgi_call(asking_flask(auth), cookie),
                "blocking",
            ),
        }
        works = {
            "blocking": blocking_check(auth, cookie),
            "awaited": awaited_check(runner, auth, cookie),
        }
        for name, (guarded, plain, asking, _) in asked.items():
            works |= {f"{name} guarded": guarded, f"{name} plain": plain}
            works[f"{name} asking"] = asking
        measured = alternate(works)
        runner.run(auth.close())
    auth.blocking.close()
    administered.blocking.close()
    rows: list[Row] = []
    for name, (_, _, _, check) in asked.items():
        guarded, plain = f"{name} guarded", f"{name} plain"
        ratio = measured.added(guarded, plain, check)
        more = measured.median(guarded) - measured.median(plain)
        figure = f"{ratio:.2f}x ({more:.1f} / {measured.median(check):.1f} us)"
        wanted = "" if name == ROLE else WANTED
        rows.append((f"guard over the check: {name}", figure, wanted))
        within = measured.within(guarded, plain, f"{name} asking")
        rows.append(("... over the check by hand in the view", f"{within:.2f}x", ""))
    return rows


def plain_flask() -> Flask:
    """A view that anybody may see."""
    app = Flask("plain")

    @app.get("/me")
    def me() -> dict[str, bool]:
        return {"seen": True}

    return app


def asking_flask(auth: Auth[Any]) -> Flask:
    """A view that asks by hand."""
    app = Flask("asking")

    @app.get("/me")
    def me() -> dict[str, bool]:
        checked = auth.blocking.check({"cookie": flask_request.headers["Cookie"]})
        return {"seen": checked.session is not None}

    return app


def guarded_flask(auth: Auth[Any]) -> Flask:
    """The same view below `login_required`."""
    app = Flask("guarded")
    Watchword(auth, app)

    @app.get("/me")
    @login_required
    def me() -> dict[str, bool]:
        return {"seen": True}

    return app


def flask_with_a_role(auth: Auth[Any]) -> Flask:
    """The same view below `roles_required`, which asks the store about session and user."""
    app = Flask("role")
    Watchword(auth, app)

    @app.get("/me")
    @roles_required("user")
    def me() -> dict[str, bool]:
        return {"seen": True}

    return app


def plain_starlette() -> Starlette:
    """A route that anybody may see."""

    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"seen": True})

    return Starlette(routes=[Route("/me", me)])


def asking_starlette(auth: Auth[Any]) -> Starlette:
    """A route that asks by hand."""

    async def me(request: Request) -> JSONResponse:
        checked = await auth.check({"cookie": request.headers["cookie"]})
        return JSONResponse({"seen": checked.session is not None})

    return Starlette(routes=[Route("/me", me)])


def guarded_starlette(auth: Auth[Any]) -> Starlette:
    """The same route behind the session middleware and Starlette's own `requires`."""

    @requires("authenticated")
    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"seen": True})

    return Starlette(
        routes=[starlette_adapter.mount(auth), Route("/me", me)],
        middleware=[Middleware(starlette_adapter.SessionMiddleware, auth=auth)],
    )


def plain_fastapi() -> FastAPI:
    """A route that anybody may see."""
    app = FastAPI()

    @app.get("/me")
    async def me() -> dict[str, bool]:
        return {"seen": True}

    return app


def asking_fastapi(auth: Auth[Any]) -> FastAPI:
    """A route that asks by hand."""
    app = FastAPI()

    async def me(request: Request) -> dict[str, bool]:
        checked = await auth.check({"cookie": request.headers["cookie"]})
        return {"seen": checked.session is not None}

    me.__annotations__ = {"request": Request, "return": dict[str, bool]}
    app.get("/me")(me)
    return app


def guarded_fastapi(auth: Auth[Any]) -> FastAPI:
    """The same route with the user as a dependency."""
    app = FastAPI()
    fastapi_adapter.mount(app, auth)
    current = fastapi_adapter.CurrentUser(auth)

    async def me(user: User) -> dict[str, bool]:
        return {"seen": True}

    # The dependency is made here, where postponed annotations do not see it.
    me.__annotations__ = {"user": Annotated[User, Depends(current)], "return": dict[str, bool]}
    app.get("/me")(me)
    return app


def wsgi_call(app: Flask, cookie: str) -> Work:
    """`GET /me` of a WSGI application by hand, which must answer 200."""
    answers: list[str] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        answers.append(status)
        return None

    def call() -> bool:
        answers.clear()
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/me",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "3000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost:3000",
            "HTTP_COOKIE": cookie,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        body = app(environ, start_response)
        for _ in body:
            pass
        if close := getattr(body, "close", None):
            close()
        return answers == ["200 OK"]

    return called(call)
