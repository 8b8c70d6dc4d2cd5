"""Sessions: making, finding, renewing and ending them, and their cookies.

Spec: cookies and sessions, sections 1, 5, 10 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import msgspec

from watchword.call import Call
from watchword.cookies import (
    DONT_REMEMBER,
    OAUTH_STATE,
    SESSION_DATA,
    SESSION_TOKEN,
)
from watchword.credential import Asker, CacheDue, SessionLookup
from watchword.database.contract import StorageUnavailable
from watchword.discreet import Discreet
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.http.cookies import CookieAttributes
from watchword.observability.security_log import Event, record
from watchword.records import Session, User
from watchword.results import SessionAndUser

from .account_cookie import forget_account, renew_account_cookie
from .asking import (
    asker_at_once,
    asker_of,
    has_cookies,
    is_beside_cookies,
    is_vouched,
    tokens_shown,
)
from .cache import expire_cache, read_cache, write_cache
from .life import (
    SHORT_SESSION,
    browser_remembers,
    handed_over_until,
    is_fresh,
    lent_by,
    renewal_due,
)

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
    call: Call,
    user: User,
    *,
    remember: bool = True,
    inherits: Session | None = None,
    extra: Mapping[str, object] | None = None,
    until: datetime | None = None,
) -> Session | None:
    """A new session for the user; None if a database hook refused it. Never reuses a token.

    It lives `session.expires_in`, or a day when not to be remembered. Whoever proved nothing just
    now gets one that `inherits` from the session that was shown instead: as fresh as that one, and
    remembered if that one is, with its values of inherited columns. `extra` are values of
    additional fields, `until` is another end. Give it away with `set_session_cookies` alone: what
    asks for a second factor looks at what was given.

    Raises the `APIError` of a plugin that does not admit it.
    """
    given = dict(extra or {})
    values = {name: given[name] for name in given.keys() - {"created_at", "updated_at"}}
    if inherits is not None:
        known = call.config.tables.of(Session).attributes.values()
        proofs = {one.name: getattr(inherits, one.name) for one in known if one.column.inherited}
        lent = lent_by(call, inherits)
        values = {**proofs, **values, "created_at": inherits.created_at, **lent}
        ends = handed_over_until(call, inherits)
    else:
        ends = until or call.after(call.config.lifetimes.session if remember else SHORT_SESSION)
    values.update(
        token=call.random(32),
        user_id=user.id,
        expires_at=ends,
        ip_address=client_address(call) or "",
        user_agent=(call.headers.get("user-agent") or "")[:LONGEST_USER_AGENT],
    )
    made = await call.sessions.insert(call, values)
    if made is None:
        return None
    await _admit(call, made)
    if inherits is None and not lent_by(call, made):
        call.begun = made.token
    await record(call, Event.SIGNED_IN, user.id)
    return made


async def _admit(call: Call, made: Session) -> None:
    try:
        for plugin in call.config.plugins.values():
            await plugin.admit(call, made)
    except APIError:
        await call.sessions.remove(call, made.token)
        raise


def client_address(call: Call) -> str | None:
    """The client's address as configured; None if unknown or not tracked."""
    peer = call.request.client or "" if call.request else None
    return call.config.addresses.find(call.headers, peer)


def set_session_cookies(
    call: Call, session: Session, user: User, *, remember: bool | None = None
) -> None:
    """Give the browser this session; the call's `new_session` is set.

    `remember=False` makes cookies that end with the browser, `remember=True` lasting ones: what the
    user chose. None keeps what the browser has and the session is (`browser_remembers`). Cookies of
    somebody else, beside whom another credential is asking, stay as they are.
    """
    if is_vouched(call, session):
        return
    call.new_session = SessionAndUser(session=session, user=user)
    if is_beside_cookies(call, session, user):
        return
    names = call.cookie_names
    cookie, marker = names.spec(SESSION_TOKEN), names.spec(DONT_REMEMBER)
    if remember is None:
        remember = browser_remembers(call, session)
    max_age = call.config.lifetimes.session if remember else None
    attributes = cookie.attributes.merged(CookieAttributes(max_age=max_age))
    if call.cookies.is_repeated(cookie.name):
        call.cookies.expire(cookie.name, cookie.attributes)
    call.cookies.set_signed(cookie.name, session.token, attributes)
    if not remember:
        call.cookies.set_signed(marker.name, "true", marker.attributes)
    elif call.cookies.get_signed(marker.name) == "true":
        call.cookies.expire(marker.name, marker.attributes)
    call.cache_due = CacheDue(call.new_session, remember)


def refresh_cache(call: Call, found: SessionAndUser[User]) -> None:
    """Have the session cache written anew for who is asking, once the call is done."""
    if has_cookies(call):
        call.cache_due = CacheDue(found, browser_remembers(call, found.session))


def clear_session_cookies(call: Call) -> None:
    """Make the browser forget the session of who is asking, and a flow to a provider that is in a
    cookie; somebody else's cookies stay."""
    call.new_session = call.cache_due = None
    if has_cookies(call):
        expire_cookies(call, SESSION_TOKEN, SESSION_DATA, DONT_REMEMBER)


def expire_cookies(call: Call, *base_names: str) -> None:
    """Make the browser forget these cookies, and what is kept beside a session."""
    for base_name in base_names:
        cookie = call.cookie_names.spec(base_name)
        call.cookies.expire(cookie.name, cookie.attributes)
        if base_name == SESSION_DATA:
            expire_cache(call)
            forget_account(call)
            if call.config.state_strategy == "cookie":
                flow = call.cookie_names.spec(OAUTH_STATE)
                call.cookies.expire(flow.name, flow.attributes)


class LookupFlags(Discreet, msgspec.Struct, frozen=True):
    """How a session is looked up."""

    disable_cookie_cache: bool = False
    disable_refresh: bool = False
    writes_cache: bool = True
    """Whether what the store says is put into the cookie cache, as far as that is due."""

    @classmethod
    def of(cls, call: Call) -> LookupFlags:
        """What a client asks for in the query: any non-empty value counts as true."""
        query = call.query
        if not query:
            return _NO_FLAGS
        return cls(bool(query.get("disableCookieCache")), bool(query.get("disableRefresh")))

    def from_store(self) -> LookupFlags:
        """Ask the store and leave the cache alone: what was not read from it is not due."""
        return msgspec.structs.replace(self, disable_cookie_cache=True, writes_cache=False)


_NO_FLAGS = LookupFlags()

WITHOUT_RENEWAL = {"disableRefresh": "true"}
"""Query of calls whose cookies reach no browser: they must not renew the session."""


async def current_session(call: Call, *, from_store: bool = False) -> SessionAndUser[User] | None:
    """Who is signed in, looked up once per call; may renew the session and set cookies.

    `from_store` insists on the store's word, whatever a cached cookie says. So does a record with
    hidden fields: the cookie does not hold them.
    """
    known = call.lookup
    if known is None or (from_store and not known.from_store):
        flags = LookupFlags.of(call)
        if from_store or cache_is_partial(call):
            flags = flags.from_store()
        known = call.lookup = await look_up(call, flags)
    return known.found


def cache_is_partial(call: Call) -> bool:
    """Whether a cached cookie lacks fields that code would see."""
    cache = call.config.session_cache
    return cache is not None and cache.partial


async def look_up(call: Call, flags: LookupFlags) -> SessionLookup:
    """Find the session of who is asking, end it if it is over, renew it if that is due.

    Raises `APIError` FAILED_TO_GET_SESSION when the session vanished during its renewal, and that
    of a credential that is refused.
    """
    asker = asker_at_once(call) or await asker_of(call)
    cache = call.config.session_cache
    if cache is None:
        expire_cache(call)
    elif not asker.has_cookies:
        # What the cookies say is about somebody else.
        cache = None
    token = asker.token
    if token is None:
        return NOBODY if asker.vouched is None else SessionLookup(asker.vouched, from_store=True)
    if cache is not None and (not flags.disable_cookie_cache or call.config.stateless):
        cached = await read_cache(cache, call, token)
        # Without a store, what the cookie says is all that there is to know.
        if cached is not None and call.config.stateless:
            if (cached.ends_soon or cached.outdated) and not flags.disable_refresh:
                set_session_cookies(call, cached.found.session, cached.found.user)
            return SessionLookup(cached.found, from_store=True)
        if cached is not None and not cached.outdated:
            return SessionLookup(cached.found, from_store=False)
    found = await call.sessions.load(call, token)
    if found is None or found.session.expires_at <= call.now:
        if found is not None and not _reads_only(call):
            # Whose session is over is nobody, also where its row stays, as on a replica.
            with suppress(StorageUnavailable):
                await call.sessions.remove(call, token)
        return await _look_further(call, asker, flags)
    if not flags.disable_refresh and (
        renewal_due(call, found.session)
        or cache is not None
        or call.cookies.outdated
        or call.config.options.session.defer_refresh
    ):
        found = await _kept_alive(call, found, writes_cache=flags.writes_cache)
    return SessionLookup(found, from_store=True)


async def _look_further(call: Call, asker: Asker, flags: LookupFlags) -> SessionLookup:
    # Behind the cookie of a session that is over there may be another one of the same name, such
    # as that of the whole domain behind one that an older configuration gave to the host.
    tokens = tokens_shown(call, asker)
    rest = tokens[tokens.index(asker.token) + 1 :] if asker.token in tokens else []
    if not rest:
        clear_session_cookies(call)
        return NOBODY
    asker.token = rest[0]
    looked = await look_up(call, flags)
    cookie = call.cookie_names.spec(SESSION_TOKEN)
    if looked.found is not None and cookie.attributes.domain and not flags.disable_refresh:
        set_session_cookies(call, looked.found.session, looked.found.user)
    return looked


async def finish_call(call: Call) -> None:
    """Write the session cache, once, for the session that this call ended with.

    Raises SESSION_TOO_LARGE where the cookie is the session and cannot hold it.
    """
    cache, due = call.config.session_cache, call.cache_due
    if cache is not None and due is not None:
        call.cache_due = None
        found = due.found
        if call.lookup is not None and not call.lookup.from_store:
            stored = await call.sessions.load(call, found.session.token)
            if stored is None:
                expire_cache(call)
                return
            found = stored
        written = await write_cache(cache, call, found, remember=due.remember)
        if not written and call.config.stateless:
            clear_session_cookies(call)
            raise SessionCodes.SESSION_TOO_LARGE()
        renew_account_cookie(call, found.user)


def require_stored_sessions(call: Call) -> None:
    """Refuse to promise an end of sessions that only their browsers hold: SESSIONS_NOT_STORED."""
    if call.config.stateless:
        raise SessionCodes.SESSIONS_NOT_STORED()


NOBODY = SessionLookup(None, from_store=True)


async def _kept_alive(
    call: Call, found: SessionAndUser[User], *, writes_cache: bool
) -> SessionAndUser[User]:
    if renewal_due(call, found.session) and browser_remembers(call, found.session):
        if not _reads_only(call):
            return await renew(call, found)
        found = SessionAndUser(session=found.session, user=found.user, needs_refresh=True)
    elif _reads_only(call):
        told = False if browser_remembers(call, found.session) else None
        found = SessionAndUser(session=found.session, user=found.user, needs_refresh=told)
    if call.cookies.outdated:
        set_session_cookies(call, found.session, found.user)
    elif writes_cache and call.config.session_cache is not None and _sent_cookie(call):
        refresh_cache(call, found)
    return found


def _sent_cookie(call: Call) -> bool:
    # A client that shows its session in another way has no use for the cache, and may take every
    # cookie for news.
    if call.request is None:
        return True
    name = call.cookie_names.spec(SESSION_TOKEN).name
    return name in (call.request.headers.get("cookie") or "")


def _reads_only(call: Call) -> bool:
    # With deferred refresh only POST /get-session writes (spec: get-session, step 10).
    if not call.config.options.session.defer_refresh:
        return False
    return call.request is None or call.request.method != "POST"


async def renew(call: Call, found: SessionAndUser[User]) -> SessionAndUser[User]:
    """Extend the session by `session.expires_in` from now, and its cookie with it."""
    renewed = await call.sessions.renew(call, found, call.after(call.config.lifetimes.session))
    if renewed is None:
        # Another request renewed it at the same moment, or it was revoked: ask once more.
        renewed = await call.sessions.load(call, found.session.token)
        if renewed is None:
            clear_session_cookies(call)
            raise SessionCodes.FAILED_TO_GET_SESSION()
    set_session_cookies(call, renewed.session, renewed.user)
    return renewed


async def signed_in(call: Call) -> SessionAndUser[User] | None:
    """Who is signed in by the store's word; None also where the look-up is refused."""
    try:
        return await current_session(call, from_store=True)
    except APIError:
        return None


async def require_session(call: Call, *, from_store: bool = False, fresh: bool = False) -> None:
    """Refuse the call unless somebody is signed in.

    Raises UNAUTHORIZED, SESSION_NOT_FRESH, and the error of a credential that is refused.
    """
    await asker_of(call)
    try:
        found = await current_session(call, from_store=from_store)
    except APIError:
        found = None
    if found is None:
        raise SessionCodes.UNAUTHORIZED()
    if fresh and not is_fresh(call, found.session):
        raise SessionCodes.SESSION_NOT_FRESH()
