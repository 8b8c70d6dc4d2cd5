"""An `APIError` as Litestar answers it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import WebSocketException
from litestar.response.base import ASGIResponse

from watchword.errors import APIError

from .asgi_answers import POLICY_VIOLATION
from .wire import answer_of


def answer_error(_: Request[Any, Any, Any], error: APIError) -> Response[bytes]:
    """The exception handler for errors of the core, unless the application has one of its own."""
    return _Verbatim(error)


@contextmanager
def refusing(connection: ASGIConnection[Any, Any, Any, Any]) -> Generator[None]:
    """A guard's refusal as Litestar takes it: of a web socket, by the code as the reason."""
    try:
        yield
    except APIError as error:
        if connection.scope["type"] != "websocket":
            raise
        raise WebSocketException(detail=error.code or "", code=POLICY_VIOLATION) from None


class _Verbatim(Response[bytes]):
    """Sends the headers that it was given, also those that come several times."""

    def __init__(self, error: APIError) -> None:
        made = answer_of(error)
        super().__init__(made.body, status_code=made.status)
        self._pairs = made.headers

    def to_asgi_response(self, *args: Any, **options: Any) -> ASGIResponse:
        return ASGIResponse(body=self.content, status_code=self.status_code, headers=self._pairs)
