"""Requests to providers' hosts go to the fake provider (PROFILES.md, section 6)."""

from __future__ import annotations

import httpx2

HOSTS = frozenset(
    (
        *("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"),
        *("openidconnect.googleapis.com", "github.com", "api.github.com", "discord.com"),
        # The derived profiles' own.
        "appleid.apple.com",
    )
)


class ToFakeProvider(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Sends each request by a connection of its own: workers and event loops share none."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with httpx2.HTTPTransport() as connection:
            answer = connection.handle_request(self._there(request))
            answer.read()
        return _kept(answer)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async with httpx2.AsyncHTTPTransport() as connection:
            answer = await connection.handle_async_request(self._there(request))
            await answer.aread()
        return _kept(answer)

    def _there(self, request: httpx2.Request) -> httpx2.Request:
        url = str(request.url)
        if request.url.host in HOSTS:
            url = f"{self._provider}/{url.removeprefix('https://')}"
        headers = [(name, value) for name, value in request.headers.items() if name != "host"]
        return httpx2.Request(
            request.method,
            url,
            headers=headers,
            content=request.content or None,
            extensions=request.extensions,
        )


def _kept(answer: httpx2.Response) -> httpx2.Response:
    return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)
