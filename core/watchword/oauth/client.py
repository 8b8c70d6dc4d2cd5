"""What a provider's coroutines may use of a call: requests, the time, the application's callbacks.

They get nothing else: no database, no cookies. So a provider can be tried without a server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from watchword.call import Call
from watchword.http.query import encode_form
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingHTTP, OutgoingRequest

from .key_sets import KeySets, Once


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The world as a provider sees it. Sending raises `OutgoingFailed`, or `Overloaded` (503)."""

    http: OutgoingHTTP
    once: Once
    run: Callable[..., Awaitable[object]]
    """Runs an application's callback that is given a token."""
    now: datetime
    random: Callable[[], str]
    """32 random letters and digits."""
    key_sets: KeySets
    call: Call | None = None
    """For the application's callbacks alone."""
    guarded: bool = False
    """Whether the provider's URLs came from a tenant (`OutgoingRequest.guarded`)."""

    @classmethod
    def of(cls, call: Call, key_sets: KeySets) -> Client:
        """What one call offers."""
        return cls(
            http=call.runtime.http,
            once=call.runtime.once,
            run=call.run_with_secret,
            now=call.now,
            random=call.random,
            key_sets=key_sets,
            call=call,
        )

    def guarding(self) -> Client:
        """The same for a provider that a tenant registered."""
        return replace(self, guarded=True)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> OutgoingAnswer:
        """Ask for something. Header names are lower-case."""
        return await self._send(OutgoingRequest(url=url, headers=headers or {}))

    async def post_form(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> OutgoingAnswer:
        """Send a form."""
        named = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        body = encode_form(form).encode()
        return await self.post(url, body, named)

    async def post(
        self, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> OutgoingAnswer:
        """Send anything."""
        asked = OutgoingRequest(method="POST", url=url, headers=headers or {}, body=body)
        return await self._send(asked)

    async def _send(self, request: OutgoingRequest) -> OutgoingAnswer:
        return await self.http.send(replace(request, guarded=True) if self.guarded else request)


def bearer(access_token: str | None) -> dict[str, str]:
    """The header that shows an access token (RFC 6750, 2.1)."""
    return {"authorization": f"Bearer {access_token}"}
