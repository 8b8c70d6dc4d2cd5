"""What the benchmark serves with uvicorn: watchword, and a bare application beside it."""

from __future__ import annotations

import os
from typing import Any

from tests.support.plugins import every_plugin
from watchword import Auth, CookieCache, EmailAndPassword, RateLimit, SessionOptions
from watchword.adapters.asgi import ASGIApp

BODY = b'{"session":' + b'"' + b"x" * 560 + b'"}'
"""As long as the answer to a session check."""


def server(*, cached: bool = False) -> Auth[Any]:
    """The server on the benchmark's database, with all plugins; `cached` with the session cache."""
    return Auth(
        database=f"sqlite:///{os.environ['BENCH_DB']}",
        base_url="http://localhost:3000",
        email_and_password=EmailAndPassword(enabled=True),
        rate_limit=RateLimit(enabled=False),
        session=SessionOptions(cookie_cache=CookieCache(enabled=cached)),
        plugins=every_plugin(),
    )


def watchword() -> ASGIApp:
    """The application factory for uvicorn."""
    return ASGIApp(server())


def bare() -> Any:
    """A constant answer: what the HTTP server itself costs."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})

    return app
