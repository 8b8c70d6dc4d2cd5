"""What an adapter hands to the core: one HTTP request as a value, its body still unread."""

from __future__ import annotations

from typing import ClassVar, Protocol

import msgspec

from watchword.discreet import Discreet

from .headers import EMPTY, Headers, asks_for_websocket


class BodyTooLarge(Exception):
    """The body is longer than the limit. Raised by `Body.read` as soon as that is known."""


class Body(Protocol):
    """The bytes of a request, read when the core needs them and never beyond the limit."""

    async def read(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes of it. Raises `BodyTooLarge`.

        In a blocking server the coroutine must not suspend.
        """
        ...


class BytesBody:
    """A body that is already in memory (a framework read it before us)."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    async def read(self, limit: int) -> bytes:
        if len(self._data) > limit:
            raise BodyTooLarge
        return self._data


NO_BODY = BytesBody()


class Request(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """One request. Construct it from what the server interface says, not from forwarded headers.

    `path` is undecoded and includes the mount prefix; `query` is the raw text after `?`; `scheme`
    and `host` are those of the server (`host` usually is the Host header); `client` is the address
    of the peer, if known.
    """

    __secrets__: ClassVar[frozenset[str]] = frozenset(("path", "query"))

    method: str
    path: str
    query: str = ""
    scheme: str = "http"
    host: str = ""
    headers: Headers = EMPTY
    body: Body = NO_BODY
    client: str | None = None
    websocket: bool | None = None
    """Whether it opens a web socket, if the server interface says so; None: the headers say it."""

    @property
    def opens_websocket(self) -> bool:
        """Whether it is the opening handshake of a web socket (RFC 6455, 4.1; RFC 8441)."""
        if self.websocket is None:
            return asks_for_websocket(self.headers)
        return self.websocket

    @property
    def url(self) -> str:
        """The full URL as the server saw it."""
        tail = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{tail}"

    def with_headers(self, headers: Headers) -> Request:
        """The same request with other header fields."""
        return msgspec.structs.replace(self, headers=headers)
