"""The session endpoints: reading, listing and revoking sessions, and signing out.

Spec: cookies and sessions, sections 10 and 11.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.discreet import Discreet
from watchword.endpoint import Traits, endpoint, get, post
from watchword.errors import APIError, ErrorCodes
from watchword.pipeline.additional_fields import read_fields
from watchword.pipeline.validation import Flag, TargetURL, Token, read_input
from watchword.plugin_base import Plugin
from watchword.records import Session, User
from watchword.results import SessionAndUser, Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import asker_of, tokens_shown
from watchword.sessions.life import is_fresh
from watchword.sessions.sessions import (
    LookupFlags,
    SessionCodes,
    cache_is_partial,
    clear_session_cookies,
    look_up,
    require_stored_sessions,
    set_session_cookies,
)

from .credentials import lock_user
from .generations import account_subject, raise_generation

_log = logging.getLogger("watchword")


class GetSession(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Flags of a look-up; any non-empty value counts as true."""

    disable_cookie_cache: Flag = ""
    disable_refresh: Flag = ""


class UpdateSession(Discreet, msgspec.Struct, frozen=True):
    """An object with additional fields of the session."""


class UpdatedSession(Discreet, msgspec.Struct, frozen=True):
    """The session as it is now."""

    session: Session


class RevokeSession(Discreet, msgspec.Struct, frozen=True):
    """Which session to end."""

    token: Token


class HowLately(Discreet, msgspec.Struct, frozen=True):
    """How long ago, in seconds, a proof may have been given; None: as the server's options say."""

    within: Annotated[int, msgspec.Meta(ge=1)] | None = None


class SignOut(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """How to go on where an identity provider ends its own session as well."""

    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")
    disable_redirect: bool = False
    """Only tell the provider's URL; the client goes there by itself."""
    state: Annotated[str, msgspec.Meta(max_length=2048)] = ""
    """Comes back with the browser."""


class SignedOut(Discreet, msgspec.Struct, frozen=True, omit_defaults=True):
    """Done; with a `url` where the browser goes to end its session at the identity provider."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("url",))

    success: bool
    url: str | None = None
    redirect: bool | None = None


ProviderLogout: TypeAlias = "Callable[[Call, str, SignOut], Awaitable[str | None]]"
"""Gets the user's id; where that user's browser ends its session at an identity provider."""


@dataclass(frozen=True, kw_only=True)
class SessionEndpoints(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "session"
    codes: ClassVar[type[ErrorCodes]] = SessionCodes

    provider_logout: ProviderLogout | None = None
    """None: signing out is no identity provider's business."""
    seen_by_code: bool = False
    """Whether code makes something else of what is found: it sees fields that no cookie holds."""

    @endpoint(("GET", "POST"), "/get-session", source="query", traits=Traits())
    async def get_session(self, call: Call, query: GetSession) -> SessionAndUser[User] | None:
        """Who is signed in, or None. POST renews when `session.defer_refresh` is on. Raises
        METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED, FAILED_TO_GET_SESSION."""
        posted = call.request is not None and call.request.method == "POST"
        if posted and not call.config.options.session.defer_refresh:
            raise SessionCodes.METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED()
        flags = LookupFlags(bool(query.disable_cookie_cache), bool(query.disable_refresh))
        seen = self.seen_by_code or call.config.options.hooks.after or not call.answers_client
        if seen and cache_is_partial(call):
            flags = flags.from_store()
        return (await look_up(call, flags)).found

    @post("/require-fresh-session", requires="sensitive", server_only=True)
    async def require_fresh_session(self, call: Call, body: HowLately) -> SessionAndUser[User]:
        """Go on only for who signed in lately: within `session.fresh_age`, or seconds of one's own.

        Raises UNAUTHORIZED (401) and SESSION_NOT_FRESH (403).
        """
        if not is_fresh(call, call.session.session, body.within):
            raise SessionCodes.SESSION_NOT_FRESH()
        return call.session

    @post("/update-session", requires="session")
    async def update_session(self, call: Call, body: UpdateSession) -> UpdatedSession:
        """Set additional fields of this browser's session; core fields cannot be set. Raises
        NO_FIELDS_TO_UPDATE, FIELD_NOT_ALLOWED, FAILED_TO_GET_SESSION, SESSION_TOO_LARGE,
        FAILED_TO_UPDATE_SESSION."""
        changes = read_fields(call, Session, creating=False)
        if not changes:
            raise SessionCodes.NO_FIELDS_TO_UPDATE()
        found = call.session
        try:
            session = await call.sessions.change(call, found.session, changes)
        except UniqueViolation:
            raise SessionCodes.FAILED_TO_UPDATE_SESSION() from None
        if session is None:
            clear_session_cookies(call)
            raise SessionCodes.FAILED_TO_GET_SESSION()
        set_session_cookies(call, session, found.user)
        return UpdatedSession(session=session)

    @post("/sign-out")
    async def sign_out(self, call: Call) -> SignedOut:
        """End the session of who is asking; also fine when there is none."""
        body = read_input(SignOut, {} if call.body is None else call.body, "body")
        asker = await asker_of(call)
        found = None
        if self.provider_logout is not None and asker.token is not None:
            found = await call.sessions.load(call, asker.token)
        for token in tokens_shown(call, asker):
            try:
                await call.sessions.remove(call, token)
            except APIError:
                _log.warning("the session could not be removed at sign-out")
        clear_session_cookies(call)
        if self.provider_logout is None or found is None or found.session.expires_at <= call.now:
            return SignedOut(success=True)
        url = await self.provider_logout(call, found.user.id, body)
        if url is None:
            return SignedOut(success=True)
        if not body.disable_redirect:
            call.set_header("location", url)
        return SignedOut(success=True, url=url, redirect=not body.disable_redirect)

    @get("/list-sessions", requires="fresh")
    async def list_sessions(self, call: Call) -> list[Session]:
        """The user's sessions that have not ended, newest first, with their tokens.

        At most a hundred, and this browser's in any case.
        """
        own = call.session.session
        listed = await call.sessions.of_user(call, own.user_id)
        return listed if any(one.token == own.token for one in listed) else [*listed, own]

    @post("/revoke-session", requires="sensitive")
    async def revoke_session(self, call: Call, body: RevokeSession) -> Status:
        """End one of the user's sessions; somebody else's is left alone without a word. Raises
        SESSIONS_NOT_STORED."""
        own = body.token == call.session.session.token
        if not own:
            require_stored_sessions(call)
        await call.sessions.remove_own(call, call.session.user.id, body.token)
        if own:
            clear_session_cookies(call)
        return Status()

    @post("/revoke-sessions", requires="sensitive")
    async def revoke_sessions(self, call: Call) -> Status:
        """End all sessions of the user, this one too. Raises SESSIONS_NOT_STORED."""
        require_stored_sessions(call)
        await end_all_sessions(call, call.session.user.id)
        clear_session_cookies(call)
        return Status()

    @post("/revoke-other-sessions", requires="sensitive")
    async def revoke_other_sessions(self, call: Call) -> Status:
        """End all sessions of the user but this one. Raises SESSIONS_NOT_STORED."""
        require_stored_sessions(call)
        own = call.session.session
        await end_all_sessions(call, own.user_id, keep=own.token)
        return Status()


async def end_all_sessions(call: Call, user_id: str, *, keep: str | None = None) -> None:
    """End the user's sessions, and with them what they had asked for by mail."""
    async with call.db.transaction():
        await lock_user(call, user_id)
        await raise_generation(call, account_subject(user_id))
        await call.sessions.remove_all(call, user_id, keep=keep)


class SessionAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_session: EndpointCall[M, GetSession | None, SessionAndUser[U] | None]
    """Who is signed in, or None. POST renews when `session.defer_refresh` is on. Raises
    METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED, FAILED_TO_GET_SESSION.
    """
    require_fresh_session: EndpointCall[M, HowLately | None, SessionAndUser[U]]
    """Go on only for who signed in lately: within `session.fresh_age`, or seconds of one's own.

    Raises UNAUTHORIZED (401) and SESSION_NOT_FRESH (403).
    """
    update_session: EndpointCall[M, UpdateSession | None, UpdatedSession]
    """Set additional fields of this browser's session; core fields cannot be set. Raises
    NO_FIELDS_TO_UPDATE, FIELD_NOT_ALLOWED, FAILED_TO_GET_SESSION, SESSION_TOO_LARGE,
    FAILED_TO_UPDATE_SESSION.
    """
    sign_out: EndpointCall[M, None, SignedOut]
    """End the session of who is asking; also fine when there is none."""
    list_sessions: EndpointCall[M, None, list[Session]]
    """The user's sessions that have not ended, newest first, with their tokens.

    At most a hundred, and this browser's in any case.
    """
    revoke_session: EndpointCall[M, RevokeSession, Status]
    """End one of the user's sessions; somebody else's is left alone without a word. Raises
    SESSIONS_NOT_STORED.
    """
    revoke_sessions: EndpointCall[M, None, Status]
    """End all sessions of the user, this one too. Raises SESSIONS_NOT_STORED."""
    revoke_other_sessions: EndpointCall[M, None, Status]
    """End all sessions of the user but this one. Raises SESSIONS_NOT_STORED."""
