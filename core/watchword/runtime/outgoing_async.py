"""Outgoing HTTP of the async world: connections belong to one event loop of one process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import cast

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

_CORE_ERRORS = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol)


class AsyncOutgoing:
    """Sends requests on the running loop."""

    def __init__(self, settings: OutgoingSettings) -> None:
        self._settings = settings
        self._places = PerProcess(partial(Places, settings.parallel, settings.queue))
        self._loops: PerProcess[dict[asyncio.AbstractEventLoop, dict[bool, _Transport]]] = (
            PerProcess(dict)
        )

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        target = request.target()
        check_given(request, target, self._settings)
        try:
            async with (
                asyncio.timeout(self._settings.timeout),
                self._turn(target.netloc),
            ):
                with quiet():
                    return await self._exchange(request, target.host)
        except (TimeoutError, httpx2.TimeoutException, httpcore2.TimeoutException):
            raise OutgoingFailed(target.host, "timeout") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError, *_CORE_ERRORS):
            # Names that no resolver takes are a UnicodeError.
            raise OutgoingFailed(target.host, "unreachable") from None

    async def close(self) -> None:
        """Close the running loop's connections; the next request connects anew."""
        here = self._loops.made_here()
        mine = here.pop(asyncio.get_running_loop(), {}) if here else {}
        for transport in mine.values():
            await transport.aclose()

    async def _exchange(self, request: OutgoingRequest, host: str) -> OutgoingAnswer:
        settings = self._settings
        given = settings.transport
        if given is None:
            given = self._transport(request.guarded and not settings.allow_private)
        if not isinstance(given, httpx2.AsyncBaseTransport):
            raise TypeError("this transport serves blocking clients and servers only")
        asked = httpx2.Request(
            request.method,
            request.url,
            headers=prepared_headers(request),
            content=request.body or None,
            extensions={"timeout": httpx2.Timeout(settings.timeout).as_dict()},
        )
        answer = await given.handle_async_request(asked)
        try:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            received = Received(host, headers, settings.most_bytes)
            async for part in cast("httpx2.AsyncByteStream", answer.stream):
                received.add(part)
            return OutgoingAnswer(
                status=answer.status_code,
                headers=headers,
                body=received.body(),
                pairs=tuple(answer.headers.multi_items()),
            )
        finally:
            await answer.aclose()

    def _transport(self, guarded: bool) -> _Transport:
        here, loop = self._loops.here(), asyncio.get_running_loop()
        mine = here.get(loop)
        if mine is None:
            for closed in [one for one in list(here) if one.is_closed()]:
                here.pop(closed, None)
            mine = here.setdefault(loop, {})
        if guarded not in mine:
            mine[guarded] = _Transport(self._settings, guarded)
        return mine[guarded]

    @asynccontextmanager
    async def _turn(self, server: str) -> AsyncGenerator[None]:
        places = self._places.here()
        with ExitStack() as taken:
            turns = places.join(server)
            taken.callback(places.part, server)
            for one in turns:
                turn = one.take()
                taken.callback(leave_or_give_up, one, turn)
                if turn is not None:
                    # Shielded: to give up a turn is the queue's to do.
                    await asyncio.shield(asyncio.wrap_future(turn))
            yield


class _Transport(httpx2.AsyncBaseTransport):
    """Connections of our own, to checked addresses."""

    def __init__(self, settings: OutgoingSettings, guarded: bool) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(),
            max_connections=settings.parallel,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=_Guarded() if guarded else _plain(),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = await self._pool.handle_async_request(
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

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()


def _plain() -> httpcore2.AsyncNetworkBackend:
    # To type checkers it is what stands in where anyio is missing; httpx2 brings it.
    return cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())


class _Guarded(httpcore2.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._plain = _plain()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = httpcore2.ConnectError()
        for address in await _checked(host, port):
            try:
                return await self._plain.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore2.ConnectError as error:
                failure = error
        raise failure


async def _checked(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(map(is_public, addresses)):
        raise OutgoingFailed(host, "private")
    return addresses
