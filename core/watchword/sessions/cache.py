"""The session cache: session and user in a cookie, so that most checks need no query.

Off by default (`session.cookie_cache`); where there is no store, it is the session itself. The
cookie is believed only beside the valid session token of the same session, and until it ends;
whatever is wrong with it, the store is asked (spec: cookies and sessions, session cache cookie and
stateless mode; security C1 to C5).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import SessionCache
from watchword.cookies import SESSION_DATA
from watchword.crypto.session_data import SessionData
from watchword.http.cookie_chunks import ValueTooLong, join_chunks, split_chunks, stale_names
from watchword.http.cookies import CookieAttributes
from watchword.http.json import jsonable
from watchword.records import Session, User
from watchword.results import SessionAndUser

_log = logging.getLogger("watchword")


@dataclass(frozen=True, slots=True)
class Cached:
    """What a cookie said."""

    found: SessionAndUser[User]
    ends_soon: bool
    """Whether the cookie, not the session, is about to end and is to be written anew."""
    outdated: bool
    """Whether it, or the token beside it, was made under an older secret."""


async def read_cache(cache: SessionCache, call: Call, token: str) -> Cached | None:
    """What the cookie says, if it may be believed. One that may not is expired."""
    name = call.cookie_names.spec(SESSION_DATA).name
    value = join_chunks(call.cookies.chunks, name)
    if value is None:
        return None
    data = cache.codec.decode(value, now=call.now.timestamp())
    found = None if data is None else _records(call, data)
    if (
        data is None
        or found is None
        or found.session.token != token
        or found.session.expires_at <= call.now
        or data.version != await _version(cache, call, found)
    ):
        expire_cache(call)
        return None
    left = data.expires_at - call.now.timestamp() * 1000
    outdated = data.outdated or call.cookies.outdated
    return Cached(found, ends_soon=left < cache.update_age * 1000, outdated=outdated)


async def write_cache(
    cache: SessionCache, call: Call, found: SessionAndUser[User], *, remember: bool
) -> bool:
    """Put session and user into the cookie, in pieces where it is large; False: too large."""
    spec = call.cookie_names.spec(SESSION_DATA)
    now = call.config.options.clock().timestamp()
    payload = {
        "session": jsonable(found.session),
        "user": jsonable(found.user),
        "updatedAt": int(now * 1000),
        "version": await _version(cache, call, found),
    }
    life = cache.max_age if remember else cache.short_life
    if not remember and not call.config.stateless:
        life = max(1, min(life, int(found.session.expires_at.timestamp() - now)))
    value = cache.codec.encode(payload, now=now, lifetime=life)
    age = CookieAttributes(max_age=cache.max_age) if remember else CookieAttributes()
    attributes = spec.attributes.merged(age)
    try:
        pieces = split_chunks(spec.name, value, attributes)
    except ValueTooLong:
        _log.warning("the session cache is skipped: session and user are too large for cookies")
        return False
    for old in stale_names(call.cookies.chunks, spec.name, [name for name, _ in pieces]):
        call.cookies.expire(old, spec.attributes)
    for name, piece in pieces:
        call.cookies.set(name, piece, attributes)
    return True


def expire_cache(call: Call) -> None:
    """Make the browser forget what it holds of the cookie, pieces included."""
    spec = call.cookie_names.spec(SESSION_DATA)
    header = call.cookies.header
    if header is None or spec.name not in header:
        return
    for name in stale_names(call.cookies.chunks, spec.name, ()):
        # Clients that keep an empty value would be told to forget it again and again.
        if call.cookies.chunks[name]:
            call.cookies.expire(name, spec.attributes)


def _records(call: Call, data: SessionData) -> SessionAndUser[User] | None:
    session, user = call.config.tables.of(Session), call.config.tables.of(User)
    # A cookie of before a field existed does not know it: its default would be taken for the truth.
    if not session.shown_defaults.issubset(data.session):
        return None
    if not user.shown_defaults.issubset(data.user):
        return None
    try:
        return SessionAndUser(
            session=msgspec.convert(data.session, session.record),
            user=msgspec.convert(data.user, user.record),
        )
    except msgspec.ValidationError:
        return None


async def _version(cache: SessionCache, call: Call, found: SessionAndUser[User]) -> str:
    if callable(cache.version):
        return str(await call.run_with_secret(cache.version, found.session, found.user))
    return cache.version
