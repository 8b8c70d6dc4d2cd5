"""Outgoing HTTP of the blocking world: one set of connections per process, shared by threads."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from ssl import SSLContext
from typing import Any, cast

import httpcore2
import httpx2

from .addresses import is_public
from .outgoing import (
    OutgoingAnswer,
    OutgoingFailed,
    OutgoingRequest,
    OutgoingSettings,
    Received,
    check_given,
    prepared_headers,
)
from .outgoing_quiet import quiet
from .places import Places, leave_or_give_up
from .process import PerProcess
from .turns import Turns

_end: ContextVar[float] = ContextVar("watchword_outgoing_end")
"""When the request of this thread has to be over, by the monotonic clock."""


class BlockingOutgoing:
    """Sends requests in the caller's thread."""

    def __init__(self, settings: OutgoingSettings) -> None:
        self._settings = settings
        self._places = PerProcess(partial(Places, settings.parallel, settings.queue))
        self._transports = {
            guarded: PerProcess(partial(_Transport, settings, guarded)) for guarded in (False, True)
        }

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        target = request.target()
        check_given(request, target, self._settings)
        end = time.monotonic() + self._settings.timeout
        before = _end.set(end)
        try:
            with self._turn(target.netloc, end), quiet():
                return self._exchange(request, target.host)
        except (httpx2.TimeoutException, httpcore2.TimeoutException, TookTooLong):
            raise OutgoingFailed(target.host, "timeout") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError, *_CORE_ERRORS):
            # Names that no resolver takes are a UnicodeError.
            raise OutgoingFailed(target.host, "unreachable") from None
        finally:
            _end.reset(before)

    def close(self) -> None:
        """Close all connections; the next request connects anew."""
        for one in self._transports.values():
            if (transport := one.take()) is not None:
                transport.close()

    def _exchange(self, request: OutgoingRequest, host: str) -> OutgoingAnswer:
        settings = self._settings
        given = settings.transport
        if given is None:
            guarded = request.guarded and not settings.allow_private
            given = self._transports[guarded].here()
        if not isinstance(given, httpx2.BaseTransport):
            raise TypeError("this transport serves asynchronous clients and servers only")
        asked = httpx2.Request(
            request.method,
            request.url,
            headers=prepared_headers(request),
            content=request.body or None,
            extensions={"timeout": httpx2.Timeout(settings.timeout).as_dict()},
        )
        answer = given.handle_request(asked)
        try:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            received = Received(host, headers, settings.most_bytes)
            for part in cast("httpx2.SyncByteStream", answer.stream):
                received.add(part)
                _left()
            return OutgoingAnswer(
                status=answer.status_code,
                headers=headers,
                body=received.body(),
                pairs=tuple(answer.headers.multi_items()),
            )
        finally:
            answer.close()

    @contextmanager
    def _turn(self, server: str, end: float) -> Generator[None]:
        places = self._places.here()
        with ExitStack() as taken:
            turns = places.join(server)
            taken.callback(places.part, server)
            for one in turns:
                _take(one, end, taken)
            yield


def _take(turns: Turns, end: float, taken: ExitStack) -> None:
    turn = turns.take()
    taken.callback(leave_or_give_up, turns, turn)
    if turn is not None:
        turn.result(max(0, end - time.monotonic()))


_CORE_ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)


class _Transport(httpx2.BaseTransport):
    """Connections of our own: to checked addresses, and within the request's time."""

    def __init__(self, settings: OutgoingSettings, guarded: bool) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=settings.parallel,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=_Network(guarded),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.content,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Network(httpcore2.NetworkBackend):
    def __init__(self, guarded: bool) -> None:
        self._guarded = guarded
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError()
        for address in _checked(host, port) if self._guarded else (host,):
            try:
                return _Stream(
                    self._plain.connect_tcp(
                        address, port, _left(timeout), local_address, socket_options
                    )
                )
            except httpcore2.ConnectError as error:
                failure = error
        raise failure


def _checked(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(map(is_public, addresses)):
        raise OutgoingFailed(host, "private")
    return addresses


class _Stream(httpcore2.NetworkStream):
    """A connection whose every step ends when the request has to."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None = None) -> float:
    """Seconds that this thread's request may still take."""
    rest = _end.get() - time.monotonic()
    if rest <= 0:
        raise httpcore2.ReadTimeout
    return rest if timeout is None else min(rest, timeout)
