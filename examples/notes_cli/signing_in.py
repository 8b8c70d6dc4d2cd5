"""How a program without a browser signs somebody in (RFC 8628).

It shows a code and an address, and polls until somebody let it in at that address, in a browser.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_MORE = 5  # seconds that every `slow_down` adds to the pause (RFC 8628, 3.5)
_LONGEST = 60  # seconds
_ASKED = {"device_code", "user_code", "verification_uri", "expires_in"}


class NotSignedIn(Exception):
    """Why nobody is signed in, for people."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to show: type `user_code` at `uri`, or open `complete_uri` and compare the code."""

    user_code: str
    uri: str
    complete_uri: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """The session that this program has now."""

    value: str = field(repr=False)
    expires_in: int


_WHY = {
    "access_denied": "It was turned away.",
    "expired_token": "That took too long. Begin again.",
    "invalid_client": "The server does not know this program.",
}


def sign_in(
    server: httpx2.Client,
    client_id: str,
    show: Callable[[Asked], object],
    *,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Token:
    """A token, once somebody let this program in. Raises `NotSignedIn`.

    `server` has the base URL of the authentication, as in `https://example.com/api/auth`.
    """
    codes = _asked(server, client_id)
    complete = codes.get("verification_uri_complete", codes["verification_uri"])
    show(Asked(user_code=codes["user_code"], uri=codes["verification_uri"], complete_uri=complete))
    poll = {"grant_type": GRANT, "device_code": codes["device_code"], "client_id": client_id}
    pause, end = float(codes.get("interval", 5)), clock() + codes["expires_in"]
    while clock() < end:
        sleep(pause)
        try:
            answer = server.post("/device/token", json=poll)
        except httpx2.TransportError:
            pause = min(pause * 2, _LONGEST)  # the network is away, or slow
            continue
        found = _read(answer)
        if answer.is_success:
            return Token(value=found["access_token"], expires_in=found["expires_in"])
        error = found.get("error")
        if error == "slow_down" or answer.status_code == 429:
            pause += _MORE
        elif error != "authorization_pending" and answer.status_code < 500:
            raise NotSignedIn(_WHY.get(str(error), _told(answer, found)))
    raise NotSignedIn(_WHY["expired_token"])


def _asked(server: httpx2.Client, client_id: str) -> dict[str, Any]:
    try:
        answer = server.post("/device/code", json={"client_id": client_id})
    except httpx2.TransportError as error:
        raise NotSignedIn(f"The server cannot be reached: {error}") from None
    found = _read(answer)
    if not answer.is_success:
        raise NotSignedIn(_WHY.get(str(found.get("error")), _told(answer, found)))
    if not found.keys() >= _ASKED:
        raise NotSignedIn("The server does not sign programs in.")
    return found


def _read(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(answer: httpx2.Response, found: dict[str, Any]) -> str:
    given = found.get("error_description") or found.get("message")
    return str(given or f"The server answered {answer.status_code}.")
