"""What goes out over ASGI: responses of the core, and errors that the application raised."""

from __future__ import annotations

from watchword.errors import APIError
from watchword.http.response import Constant, Response, encoded

from .asgi_scope import Application, Message, Receive, Scope, Send
from .wire import answer_of, framed

POLICY_VIOLATION = 1008
_START, _BODY = "http.response.start", "http.response.body"


async def send_response(response: Response, method: str, send: Send) -> None:
    """A response to a request."""
    pairs, body = framed(response, method)
    headers = [pair.encoded if type(pair) is Constant else encoded(*pair) for pair in pairs]
    await send({"type": _START, "status": response.status, "headers": headers})
    await send({"type": _BODY, "body": body})


async def send_error(error: APIError, scope: Scope, send: Send) -> None:
    """An error as JSON; what is no request but a web socket is closed, its code as the reason.

    One that was not accepted yet gets the same JSON where the server can send it, or 403.
    """
    if scope["type"] == "http":
        await send_response(answer_of(error), scope["method"], send)
    elif "websocket.http.response" in scope.get("extensions", ()):
        await send_response(answer_of(error), "GET", _denial(send))
    else:
        reason = error.code or ""
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})


def _denial(send: Send) -> Send:
    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny


class ErrorAnswers:
    """ASGI middleware: an `APIError` that comes out of the application becomes its answer.

    An application within the application may have answered 500 before the error came out of it, as
    those of Starlette do: such an answer waits until it is known whether one does.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outlet = _Outlet(send)
        try:
            await self._app(scope, receive, outlet.send)
        except Exception as raised:
            error = outlet.error_of(raised)
            if error is None:
                await outlet.let_go()
                raise
            if outlet.state:
                scope = {**scope, "extensions": {}}
            await send_error(error, scope, send)
        else:
            await outlet.let_go()


class _Outlet:
    """Where the messages of one response go, but for a 500, which waits."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[Message] = []
        self.state = ""
        """The kind of the last message that went out."""

    def error_of(self, raised: Exception) -> APIError | None:
        """The error to answer with; None for others, and where another answer has gone out."""
        if self._waiting and not isinstance(raised, APIError):
            # Starlette's word for an error that it had a handler for, but no time.
            raised = raised.__cause__ if isinstance(raised.__cause__, APIError) else raised
        open_still = self.state in ("", "websocket.accept", "websocket.send")
        return raised if open_still and isinstance(raised, APIError) else None

    async def send(self, message: Message) -> None:
        if not self.state and self._waits(message):
            self._waiting.append(message)
            return
        await self.let_go()
        self.state = message["type"]
        await self._send(message)

    def _waits(self, message: Message) -> bool:
        if self._waiting:
            return message["type"] == _BODY and not message.get("more_body")
        return message["type"] == _START and message["status"] == 500

    async def let_go(self) -> None:
        while self._waiting:
            message = self._waiting.pop(0)
            self.state = message["type"]
            await self._send(message)
