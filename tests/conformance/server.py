"""Serves one profile: `python tests/conformance/server.py --profile core --port 21110 --db FILE`.

The contract is in tests/reference/PROFILES.md. `--adapter` chooses the entrance.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import flask
import uvicorn
from litestar import Litestar
from starlette.applications import Starlette
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conformance.profiles import PROFILES, build
from tests.conformance.surroundings import Surroundings, shared_state
from tests.conformance.test_only import Reply, TestOnly
from watchword import Auth
from watchword.adapters.asgi import ASGIApp, ASGIBody
from watchword.adapters.asgi import request_of as asgi_request
from watchword.adapters.flask import Watchword
from watchword.adapters.litestar import WatchwordPlugin
from watchword.adapters.starlette import lifespan, mount
from watchword.adapters.wsgi import WSGIApp
from watchword.adapters.wsgi import request_of as wsgi_request

PAGE = b"<!doctype html><title>app</title>"
BASE = "/api/auth"


def main() -> None:
    """Serve until SIGTERM."""
    given = arguments()
    if given.profile not in PROFILES:
        sys.exit(f"profile {given.profile!r} is not served; there are: {', '.join(PROFILES)}")
    if given.profile == "core-secondary" and given.workers > 1 and not given.secondary:
        sys.exit("several workers share no memory: give --secondary redis://...")
    url = given.db if "://" in given.db else f"sqlite:///{Path(given.db).absolute()}"
    with shared_state(given.workers) as shared:
        around = Surroundings(
            origin=f"http://localhost:{given.port}",
            database=url,
            workers=given.workers,
            provider=given.provider,
            redis=given.secondary,
            password_hash=given.password_hash,
            **shared,
        )
        around.empty_secondary()
        auth = build(given.profile, around)
        auth.blocking.migrate()
        auth.blocking.close()
        listening = socket.create_server(("127.0.0.1", given.port), backlog=1024)
        if given.workers == 1:
            work(given, auth, around, listening)
        else:
            supervise(given.workers, lambda: work(given, auth, around, listening))


def work(
    given: argparse.Namespace, auth: Auth[Any], around: Surroundings, listening: socket.socket
) -> None:
    """Serve in this process until SIGTERM."""
    # uvicorn raises the signal again once it has shut down; the process is to end with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    test_only = TestOnly(given.profile, auth, around)
    if given.adapter in ASGI:
        app = asgi_around(ASGI[given.adapter](auth), auth, test_only)
        config = uvicorn.Config(app, log_level="warning")
        uvicorn.Server(config).run(sockets=[listening])
    else:
        serve_wsgi(wsgi_around(WSGI[given.adapter](auth), auth, test_only), listening)
        auth.blocking.close()


def supervise(workers: int, work: Callable[[], None]) -> None:
    """Fork workers and end them with this process."""
    children: list[int] = []
    for _ in range(workers):
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(0)
        children.append(child)

    def end(*_: object) -> None:
        for child in children:
            os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
    for child in children:
        os.waitpid(child, 0)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="core")
    parser.add_argument("--port", type=int, default=21110)
    parser.add_argument("--db", required=True, help="path of an SQLite file, or a database URL")
    parser.add_argument("--provider", default="", help="base URL of the fake OAuth provider")
    parser.add_argument("--secondary", default="", help="URL of a Redis for core-secondary")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve")
    parser.add_argument("--password-hash", choices=("argon2id", "scrypt"), default="argon2id")
    parser.add_argument("--adapter", choices=[*ASGI, *WSGI], default="asgi")
    return parser.parse_args()


def starlette_app(auth: Auth[Any]) -> Any:
    return Starlette(routes=[mount(auth)], lifespan=lifespan(auth))


def litestar_app(auth: Auth[Any]) -> Any:
    return Litestar([], plugins=[WatchwordPlugin(auth)])


def flask_app(auth: Auth[Any]) -> Any:
    app = flask.Flask("conformance")
    Watchword(auth, app)
    return app


ASGI: dict[str, Callable[[Auth[Any]], Any]] = {
    "asgi": ASGIApp,
    "starlette": starlette_app,
    "litestar": litestar_app,
}
WSGI: dict[str, Callable[[Auth[Any]], Any]] = {"wsgi": WSGIApp, "flask": flask_app}


def asgi_around(app: Any, auth: Auth[Any], test_only: TestOnly) -> Any:
    """The application with the test-only endpoints beside it and a page everywhere else."""

    async def around(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path == BASE or path.startswith(f"{BASE}/"):
            await app(scope, receive, send)
            return
        request = asgi_request(scope, ASGIBody(scope, receive))
        if path == "/__me":
            reply = test_only.me(await auth.check(request.headers, request))
        elif path.startswith("/__"):
            body = await request.body.read(1_000_000)
            given = (request.method, path, request.query, body, request.headers)
            reply = await asyncio.to_thread(test_only.answer, *given)
        else:
            reply = None
        status, headers, body = rendered(reply)
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    return around


def wsgi_around(app: Any, auth: Auth[Any], test_only: TestOnly) -> Any:
    """The same for WSGI."""

    def around(environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == BASE or path.startswith(f"{BASE}/"):
            return app(environ, start_response)
        if path == "/__me":
            request = wsgi_request(environ)
            reply = test_only.me(auth.blocking.check(request.headers, request))
        elif path.startswith("/__"):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            method = environ["REQUEST_METHOD"]
            headers = wsgi_request(environ).headers
            reply = test_only.answer(method, path, environ["QUERY_STRING"], body, headers)
        else:
            reply = None
        status, headers, body = rendered(reply)
        start_response(f"{status} OK", headers)
        return [body]

    return around


def rendered(reply: Reply | None) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of a test-only answer, or of the page."""
    if reply is None:
        return 200, [("content-type", "text/html"), ("content-length", str(len(PAGE)))], PAGE
    headers = [("content-type", "application/json"), ("content-length", str(len(reply.body)))]
    headers += [("set-cookie", cookie) for cookie in reply.cookies]
    return reply.status, headers, reply.body


def serve_wsgi(app: Any, listening: socket.socket) -> None:
    """A threaded server that ends on SIGTERM."""
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    WSGIRequestHandler.log_request = lambda *_: None  # type: ignore[method-assign]
    host, port = listening.getsockname()
    server = make_server(host, port, app, threaded=True, fd=listening.fileno())
    # Of several workers that wake for one connection, the others must not wait for it.
    server.socket.setblocking(False)
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
