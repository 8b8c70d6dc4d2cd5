"""Outgoing HTTP: what the core may ask of other servers, and within which bounds.

Both worlds offer it as `runtime.http`. No redirect is followed, no cookie kept, no proxy or
password taken from the environment; TLS is verified; time and size of an answer are bounded
(spec: security, H7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import msgspec

from watchword.discreet import Discreet
from watchword.http.urls import URL, parse_url

from .addresses import is_private_name

if TYPE_CHECKING:
    import httpx2

    Transport = httpx2.BaseTransport | httpx2.AsyncBaseTransport

Reason = Literal[
    "timeout", "unreachable", "private", "too large", "encoded", "no web address", "no header"
]

DEFAULT_HEADERS = {"user-agent": "watchword", "accept": "*/*", "accept-encoding": "identity"}
"""Where a request has none. What is compressed could not be bounded by what is read."""


# A struct would evaluate the type of `transport` where `help` prints it.
@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSettings:
    """Bounds of outgoing requests in one process and world."""

    timeout: float = 10
    """Seconds for all of one request: waiting for a turn, connecting, sending, reading."""
    most_bytes: int = 1_048_576
    """Of an answer's body."""
    parallel: int = 100
    """Requests at a time; to one server half of that, so that one that hangs stops no other."""
    queue: int = 1000
    """Requests that wait for their turn; beyond, the answer is 503."""
    allow_private: bool = False
    """Let guarded requests go to private addresses as well."""
    transport: Transport | None = None
    """Connects instead of our own, and is the application's to close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """One request to another server. Header names are lower-case."""

    url: str = field(repr=False)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    guarded: bool = False
    """Whether users or tenants had a hand in the URL: it is never sent to a private, loopback or
    link-local address then, whatever its name resolves to."""

    def target(self) -> URL:
        """The parsed URL. Raises `OutgoingFailed` for what is no http(s) address."""
        found = parse_url(self.url)
        if found is None or not found.is_web:
            raise OutgoingFailed("", "no web address")
        return found


class OutgoingAnswer(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What another server answered. Header names are lower-case; the last one of a name counts."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("headers", "body", "pairs"))

    status: int
    headers: Mapping[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()
    """All header fields as they came, repeated ones too."""


class OutgoingFailed(Exception):
    """A server could not be asked, or did not answer within the bounds.

    Names the host and a reason, and nothing that may be secret: no URL, no header, no body.
    """

    def __init__(self, host: str, reason: Reason) -> None:
        super().__init__(f"{host or 'another server'}: {reason}")
        self.host = host
        self.reason: Reason = reason


class OutgoingHTTP(Protocol):
    """Sends requests to other servers."""

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        """The answer, whatever its status; redirects are answers.

        Raises `OutgoingFailed`, or `Overloaded` (503) where too many requests wait.
        """
        ...


def prepared_headers(request: OutgoingRequest) -> dict[str, str]:
    """All headers that are sent, but for `host` and `content-length`."""
    return {**DEFAULT_HEADERS, **request.headers}


def check_given(request: OutgoingRequest, target: URL, settings: OutgoingSettings) -> None:
    """What can be told of a request from its text. A transport of the application's own resolves
    names by itself: there it is all that is looked at. Raises `OutgoingFailed`."""
    if request.guarded and not settings.allow_private and is_private_name(target.host):
        raise OutgoingFailed(target.host, "private")
    if not all(value.isascii() and value.isprintable() for value in request.headers.values()):
        raise OutgoingFailed(target.host, "no header")


class Received:
    """The body of an answer as it comes in. Raises `OutgoingFailed` if it is out of bounds."""

    def __init__(self, host: str, headers: Mapping[str, str], most: int) -> None:
        self._host = host
        self._most = most
        self._size = 0
        self._parts: list[bytes] = []
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise OutgoingFailed(host, "encoded")
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > most):
            raise OutgoingFailed(host, "too large")

    def add(self, part: bytes) -> None:
        """One more piece."""
        self._size += len(part)
        if self._size > self._most:
            raise OutgoingFailed(self._host, "too large")
        self._parts.append(part)

    def body(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)
