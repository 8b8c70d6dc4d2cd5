"""The lifespan of an application that a server of its own stands beside."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .asgi_scope import Application, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from watchword.auth import Auth

_log = logging.getLogger("watchword.requests")


class Lifespan:
    """The application's own, at whose end `auth` is closed; `substitute`'s if it has none.

    An application that raises, or returns, before it has answered anything has none (ASGI:
    Lifespan Protocol). Its mails are sent all the same.
    """

    def __init__(self, app: Application, substitute: Application, auth: Auth[Any]) -> None:
        self._app = app
        self._substitute = substitute
        self._auth = auth
        self._received: list[Message] = []
        self._answered = False

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Live through all of it."""

        async def noted() -> Message:
            message = await receive()
            self._received.append(message)
            return message

        async def close_first(message: Message) -> None:
            self._answered = True
            if message["type"].startswith("lifespan.shutdown."):
                await self._auth.close()
            await send(message)

        async def again() -> Message:
            return self._received.pop(0) if self._received else await receive()

        try:
            await self._app(scope, noted, close_first)
        except Exception as error:
            if self._answered:
                raise
            _log.info("the application takes no lifespan (%s)", type(error).__name__)
        if not self._answered:
            await self._substitute(scope, again, send)
