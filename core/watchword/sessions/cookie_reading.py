"""Reading session cookies without an `Auth`: for middleware at the edge, without a database.

`get_session_cookie` only says that there is a cookie; `get_cookie_cache` verifies the session cache
and says whose it is. Neither replaces a session check where something is at stake
(spec: cookies and sessions, server-side helpers).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from watchword.configuration.configuration import cache_codec
from watchword.cookies import SESSION_DATA, SESSION_TOKEN
from watchword.crypto.secrets_list import Secrets, VersionedSecret
from watchword.crypto.session_data import SessionData
from watchword.errors import ConfigurationError
from watchword.http.cookie_chunks import join_chunks
from watchword.http.cookies import parse_cookie_chunks, parse_cookies
from watchword.http.headers import Headers, HeaderSource


def get_session_cookie(
    headers: HeaderSource, *, cookie_prefix: str = "better-auth", name: str = SESSION_TOKEN
) -> str | None:
    """The raw session cookie, **not verified**; None if there is none.

    Good for sending visitors without a session to the sign-in page; anybody can make such a
    cookie up.
    """
    header = Headers.of(headers).get("cookie")
    return _first(parse_cookies(header), cookie_prefix, name) if header else None


def get_cookie_cache(
    headers: HeaderSource,
    *,
    secret: str | None = None,
    secrets: tuple[VersionedSecret, ...] = (),
    strategy: Literal["compact", "jwt", "jwe"] = "compact",
    version: str = "1",
    cookie_prefix: str = "better-auth",
    name: str = SESSION_DATA,
    environ: Mapping[str, str] | None = None,
    now: float | None = None,
) -> SessionData | None:
    """Session and user from a genuine session cache cookie that has not ended, or None.

    The secret is taken from `BETTER_AUTH_SECRET` if not given (`environ` None: of the process); of
    several `secrets` the first one counts, and an older one until its `accept_until`. `now` is in
    Unix seconds. Hidden fields (`returned=False`) are not in the cookie. Raises
    `ConfigurationError` without a secret.
    """
    header = Headers.of(headers).get("cookie")
    if not header:
        return None
    cookies = parse_cookie_chunks(header)
    value = next(
        (found for full in _names(cookie_prefix, name) if (found := join_chunks(cookies, full))),
        None,
    )
    if value is None:
        return None
    moment = time.time() if now is None else now
    try:
        known = Secrets.resolve(secret, secrets, os.environ if environ is None else environ)
    except ValueError as error:
        raise ConfigurationError("secret", str(error), "Give secret=, or set it") from None
    data = cache_codec(strategy, known).decode(value, now=moment)
    if data is None or data.version != version or _ended(data, moment):
        return None
    return data


def _names(prefix: str, name: str) -> tuple[str, ...]:
    # The secure name first: a server behind https sets that one.
    return tuple(f"{secure}{prefix}{dot}{name}" for secure in ("__Secure-", "") for dot in ".-")


def _first(cookies: Mapping[str, str], prefix: str, name: str) -> str | None:
    return next((cookies[full] for full in _names(prefix, name) if full in cookies), None)


def _ended(data: SessionData, now: float) -> bool:
    return msgspec.convert(data.session["expiresAt"], datetime).timestamp() <= now
