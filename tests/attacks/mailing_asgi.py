"""For servers of ASGI: an application that refuses lifespan, behind the middleware."""

from __future__ import annotations

from tests.attacks.programs_that_end import made, send_async
from watchword.adapters.asgi import Receive, Scope, Send, WatchwordMiddleware


async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
    """As applications do that know nothing but HTTP."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


app = WatchwordMiddleware(refusing, made(send_async))
