"""Sessions: making, finding, renewing and ending them, and their cookies.

Spec: cookies and sessions, sections 1, 5, 10 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from .call import CacheDue, Call, SessionLookup
from .cookies import DONT_REMEMBER, SESSION_DATA, SESSION_TOKEN
from .errors import APIError, ErrorCode, ErrorCodes
from .http.cookies import CookieAttributes
from .records import Session, User
from .results import SessionAndUser
from .security_log import Event, record
from .session_cache import expire_cache, read_cache, write_cache

SHORT_SESSION = 86_400
"""Seconds that a session lives that the user did not want remembered (1 day)."""
LONGEST_USER_AGENT = 1024
"""Characters of it that are noted in a session; the rest is cut off."""


class SessionCodes(ErrorCodes):
    """Errors about sessions."""

    UNAUTHORIZED = ErrorCode(401, "UNAUTHORIZED", "Sign in first")
    SESSION_NOT_FRESH = ErrorCode(403, "SESSION_NOT_FRESH", "Sign in again to do this")
    FAILED_TO_GET_SESSION = ErrorCode(401, "FAILED_TO_GET_SESSION", "The session has ended")
    NO_FIELDS_TO_UPDATE = ErrorCode(400, None, "No fields to update")
    METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED = ErrorCode(
        405,
        "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
        "The session is read with GET here",
    )
    FAILED_TO_UPDATE_SESSION = ErrorCode(
        422, "FAILED_TO_UPDATE_SESSION", "Another session has one of these values"
    )
    SESSIONS_NOT_STORED = ErrorCode(
        400, "SESSIONS_NOT_STORED", "Sessions live in cookies here and cannot be ended from afar"
    )
    SESSION_TOO_LARGE = ErrorCode(400, "SESSION_TOO_LARGE", "The session is too large for cookies")


async def create_session(
    call: Call, user: User, *, remember: bool = True, extra: Mapping[str, object] | None = None
) -> Session | None:
    """A new session for the user; None if a database hook refused it.

    It lives `session.expires_in`, or a day when not to be remembered. Never reuses a token.
    """
    life = call.config.lifetimes.session if remember else SHORT_SESSION
    values: dict[str, object] = dict(extra or {})
    values.update(
        token=call.random(32),
        user_id=user.id,
        expires_at=call.after(life),
        ip_address=client_address(call) or "",
        user_agent=(call.headers.get("user-agent") or "")[:LONGEST_USER_AGENT],
    )
    made = await call.sessions.insert(call, values)
    if made is not None:
        await record(call, Event.SIGNED_IN, user.id)
    return made


def client_address(call: Call) -> str | None:
    """The client's address as configured; None if unknown or not tracked."""
    peer = call.request.client if call.request else None
    return call.config.addresses.find(call.headers, peer)


def set_session_cookies(
    call: Call, session: Session, user: User, *, remember: bool | None = None
) -> None:
    """Give the browser this session; the call's `new_session` is set.

    `remember=False` makes cookies that end with the browser. None keeps what the browser has: a
    valid `dont_remember` cookie means False.
    """
    names = call.cookie_names
    cookie = names.spec(SESSION_TOKEN)
    if remember is None:
        remember = call.cookies.get_signed(names.spec(DONT_REMEMBER).name) != "true"
    max_age = call.config.lifetimes.session if remember else None
    attributes = cookie.attributes.merged(CookieAttributes(max_age=max_age))
    call.cookies.set_signed(cookie.name, session.token, attributes)
    if not remember:
        marker = names.spec(DONT_REMEMBER)
        call.cookies.set_signed(marker.name, "true", marker.attributes)
    call.new_session = SessionAndUser(session=session, user=user)
    call.cache_due = CacheDue(call.new_session, remember)


def clear_session_cookies(call: Call) -> None:
    """Make the browser forget the session."""
    call.cache_due = None
    for base_name in (SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER):
        cookie = call.cookie_names.spec(base_name)
        call.cookies.expire(cookie.name, cookie.attributes)
        if base_name == SESSION_DATA:
            expire_cache(call)


@dataclass(frozen=True, slots=True)
class LookupFlags:
    """What a client may ask for when it reads its session."""

    disable_cookie_cache: bool = False
    disable_refresh: bool = False

    @classmethod
    def of(cls, call: Call) -> LookupFlags:
        """From the query: any non-empty value counts as true."""
        query = call.query
        if not query:
            return _NO_FLAGS
        return cls(bool(query.get("disableCookieCache")), bool(query.get("disableRefresh")))


_NO_FLAGS = LookupFlags()


async def current_session(call: Call, *, from_store: bool = False) -> SessionAndUser[User] | None:
    """Who is signed in, looked up once per call; may renew the session and set cookies.

    `from_store` insists on the store's word, whatever a cached cookie says.
    """
    known = call.lookup
    if known is None or (from_store and not known.from_store):
        flags = LookupFlags.of(call)
        if from_store:
            flags = LookupFlags(disable_cookie_cache=True, disable_refresh=flags.disable_refresh)
        known = call.lookup = await look_up(call, flags)
    return known.found


async def look_up(call: Call, flags: LookupFlags) -> SessionLookup:
    """Find the session of the request's cookie, end it if it is over, renew it if that is due.

    Raises `APIError` FAILED_TO_GET_SESSION when the session vanished during its renewal.
    """
    names, cookies, cache = call.cookie_names, call.cookies, call.config.session_cache
    if cache is None:
        expire_cache(call)
    token = cookies.get_signed(names.spec(SESSION_TOKEN).name)
    if token is None:
        return NOBODY
    if cache is not None and (not flags.disable_cookie_cache or call.config.stateless):
        cached = await read_cache(cache, call, token)
        if cached is not None:
            if cached.ends_soon and not flags.disable_refresh:
                set_session_cookies(call, cached.found.session, cached.found.user)
            # Without a store, what the cookie says is all that there is to know.
            return SessionLookup(cached.found, from_store=call.config.stateless)
    found = await call.sessions.load(call, token)
    if found is None or found.session.expires_at <= call.now:
        clear_session_cookies(call)
        if found is not None and not _reads_only(call):
            await call.sessions.remove(call, token)
        return NOBODY
    if flags.disable_refresh or cookies.get_signed(names.spec(DONT_REMEMBER).name) == "true":
        return SessionLookup(found, from_store=True)
    if renewal_due(call, found.session):
        found = await _renewed(call, found)
    elif cache is not None:
        call.cache_due = CacheDue(found, remember=True)
    return SessionLookup(found, from_store=True)


async def finish_call(call: Call) -> None:
    """Write the session cache, once, for the session that this call ended with.

    Raises SESSION_TOO_LARGE where the cookie is the session and cannot hold it.
    """
    cache, due = call.config.session_cache, call.cache_due
    if cache is not None and due is not None:
        call.cache_due = None
        written = await write_cache(cache, call, due.found, remember=due.remember)
        if not written and call.config.stateless:
            clear_session_cookies(call)
            raise SessionCodes.SESSION_TOO_LARGE()


def require_stored_sessions(call: Call) -> None:
    """Refuse to promise an end of sessions that only their browsers hold: SESSIONS_NOT_STORED."""
    if call.config.stateless:
        raise SessionCodes.SESSIONS_NOT_STORED()


NOBODY = SessionLookup(None, from_store=True)


async def _renewed(call: Call, found: SessionAndUser[User]) -> SessionAndUser[User]:
    if _reads_only(call):
        call.cache_due = CacheDue(found, remember=True)
        return SessionAndUser(session=found.session, user=found.user, needs_refresh=True)
    return await renew(call, found)


def _reads_only(call: Call) -> bool:
    # With deferred refresh only POST /get-session writes (spec: get-session, step 10).
    request = call.request
    return call.config.session.defer_refresh and (request is None or request.method == "GET")


def renewal_due(call: Call, session: Session) -> bool:
    """Whether the last renewal is `session.update_age` ago (spec: get-session, step 9)."""
    if call.config.session.disable_refresh:
        return False
    lifetimes = call.config.lifetimes
    extended_at = session.expires_at - timedelta(seconds=lifetimes.session)
    return extended_at + timedelta(seconds=lifetimes.update_age) <= call.now


async def renew(call: Call, found: SessionAndUser[User]) -> SessionAndUser[User]:
    """Extend the session by `session.expires_in` from now, and its cookie with it."""
    session = await call.sessions.renew(
        call, found.session, call.after(call.config.lifetimes.session)
    )
    if session is None:
        # Another request renewed it at the same moment, or it was revoked: ask once more.
        again = await call.sessions.load(call, found.session.token)
        if again is None:
            clear_session_cookies(call)
            raise SessionCodes.FAILED_TO_GET_SESSION()
        found, session = again, again.session
    renewed = SessionAndUser(session=session, user=found.user)
    set_session_cookies(call, session, found.user, remember=True)
    return renewed


def is_fresh(call: Call, session: Session) -> bool:
    """Whether the session was created less than `session.fresh_age` ago (0: always)."""
    limit = call.config.lifetimes.fresh_age
    return limit == 0 or call.now - session.created_at < timedelta(seconds=limit)


async def require_session(call: Call, *, from_store: bool = False, fresh: bool = False) -> None:
    """Refuse the call unless somebody is signed in. Raises UNAUTHORIZED, SESSION_NOT_FRESH."""
    try:
        found = await current_session(call, from_store=from_store)
    except APIError:
        found = None
    if found is None:
        raise SessionCodes.UNAUTHORIZED()
    if fresh and not is_fresh(call, found.session):
        raise SessionCodes.SESSION_NOT_FRESH()
