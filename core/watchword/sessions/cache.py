"""The session cache: session and user in a cookie, so that most checks need no query.

Off by default (`session.cookie_cache`); where there is no store, it is the session itself. The
cookie is believed only beside the valid session token of the same session, and until it ends;
whatever is wrong with it, the store is asked (spec: cookies and sessions, session cache cookie and
stateless mode; security C1 to C5).
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import msgspec

from watchword.call import Call
from watchword.configuration.configuration import SessionCache
from watchword.cookies import SESSION_DATA
from watchword.crypto.session_data import Content, Moment, content_decoder, end_of
from watchword.database.schema import FieldType
from watchword.database.table import Table
from watchword.database.tables import Tables
from watchword.discreet import Discreet
from watchword.http.cookie_chunks import ValueTooLong
from watchword.http.cookies import CookieAttributes
from watchword.http.json import decode, jsonable
from watchword.records import Session, User
from watchword.results import SessionAndUser

from .pieces import expire_pieces, read_pieces, set_pieces

_log = logging.getLogger("watchword")


class Cached(Discreet, msgspec.Struct, frozen=True):
    """What a cookie said."""

    found: SessionAndUser[User]
    ends_soon: bool
    """Whether the cookie, not the session, is about to end and is to be written anew."""
    outdated: bool
    """Whether it, or the token beside it, was made under an older secret."""


async def read_cache(cache: SessionCache, call: Call, token: str) -> Cached | None:
    """What the cookie says, if it may be believed. One that may not is expired."""
    name = call.site.cookies.session_data
    value = read_pieces(call, name)
    if value is None:
        return None
    now = call.now.timestamp()
    opened = cache.codec.open(value, now=now)
    content = None if opened is None else _content(call.config.tables, opened.text)
    end = None if opened is None or content is None else end_of(opened, content, now)
    if opened is None or content is None or end is None:
        expire_cache(call)
        return None
    found: SessionAndUser[User] = SessionAndUser(session=content.session, user=content.user)
    version = (
        cache.version if isinstance(cache.version, str) else await _version(cache, call, found)
    )
    if (
        found.session.token != token
        or found.session.expires_at <= call.now
        or content.version != version
    ):
        expire_cache(call)
        return None
    ends_soon = end - now * 1000 < cache.update_age * 1000
    return Cached(found, ends_soon, opened.outdated or call.cookies.outdated)


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
        set_pieces(call, spec, value, attributes)
    except ValueTooLong:
        _log.warning("the session cache is skipped: session and user are too large for cookies")
        return False
    return True


def expire_cache(call: Call) -> None:
    """Make the browser forget what it holds of the cookie, pieces included."""
    header = call.cookies.header
    if header is None or call.site.cookies.session_data not in header:
        return
    expire_pieces(call, call.cookie_names.spec(SESSION_DATA))


def _content(tables: Tables, text: bytes) -> Content | None:
    held, records = _decoders(tables.of(Session), tables.of(User))
    try:
        if b"\\u" in text:
            decode(text)  # Only that knows lone surrogates.
        held.decode(text)
        return records.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=16)
def _decoders(
    session: Table[Session], user: Table[User]
) -> tuple[msgspec.json.Decoder[Content], msgspec.json.Decoder[Content]]:
    """What looks whether a cookie holds all that it must, and what makes records of it."""
    made = content_decoder(session.record, user.record)
    return content_decoder(_held(session), _held(user)), made


def _held(table: Table[Any]) -> type:
    # A cookie of before a field existed does not know it: its default would be taken for the truth.
    # Dates without a zone cannot be held against others.
    fields: list[tuple[str, object]] = [(wire, msgspec.Raw) for wire in table.shown_defaults]
    fields += [
        (attribute.wire, Moment)
        for attribute in table.attributes.values()
        if attribute.field.type is FieldType.DATE and attribute.field.required
    ]
    return msgspec.defstruct("Held", fields)


async def _version(cache: SessionCache, call: Call, found: SessionAndUser[User]) -> str:
    if callable(cache.version):
        return str(await call.run_with_secret(cache.version, found.session, found.user))
    return cache.version
