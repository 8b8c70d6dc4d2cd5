"""What the benchmark serves with uvicorn: watchword, and a bare application beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tests.support.plugins import every_plugin
from watchword import Auth, CookieCache, EmailAndPassword, Plugin, RateLimit, SessionOptions
from watchword.adapters.asgi import ASGIApp
from watchword.plugins import CustomSession

BODY = b'{"session":' + b'"' + b"x" * 560 + b'"}'
"""As long as the answer to a session check."""


def server() -> Auth[Any]:
    """The server on the benchmark's database, with all plugins that leave the answer as it is.

    A token in its headers, and a session of another shape, are measured by themselves.
    """
    plugins = every_plugin(JWT={"disable_setting_jwt_header": True})
    return minimal(plugins=[one for one in plugins if not isinstance(one, CustomSession)])


def minimal(
    *, plugins: Sequence[Plugin] = (), cache: CookieCache | None = None, database: str = ""
) -> Auth[Any]:
    """The server without plugins, or with some; with a session cache, or on another database."""
    return Auth(
        database=database or f"sqlite:///{os.environ['BENCH_DB']}",
        base_url="http://localhost:3000",
        email_and_password=EmailAndPassword(enabled=True),
        rate_limit=RateLimit(enabled=False),
        session=SessionOptions(cookie_cache=cache),
        plugins=plugins,
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
