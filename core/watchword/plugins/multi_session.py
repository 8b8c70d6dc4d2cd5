"""Multi session: several people signed in with one browser, one of them at a time.

Each session has a cookie of its own beside the one that counts; to switch is to let another one
count (spec: plugin multi-session).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.option_checks import check_number
from watchword.cookies import SESSION_TOKEN
from watchword.discreet import Discreet
from watchword.endpoint import get, post
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.http.cookies import CookieAttributes
from watchword.pipeline.validation import Token
from watchword.plugin_base import Plugin, after
from watchword.records import User
from watchword.results import SessionAndUser, Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import has_cookies
from watchword.sessions.life import is_remembered
from watchword.sessions.sessions import clear_session_cookies, set_session_cookies

_log = logging.getLogger("watchword")

_MOST = 100
"""Sessions that one browser may ever have."""


class MultiSessionCodes(ErrorCodes):
    """Errors of browsers with several sessions."""

    INVALID_SESSION_TOKEN = ErrorCode(
        401, "INVALID_SESSION_TOKEN", "This browser has no such session"
    )


class DeviceSession(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """One of the browser's sessions."""

    session_token: Token


@dataclass(frozen=True, kw_only=True)
class MultiSession(Plugin):
    """Options of browsers with several sessions."""

    id: ClassVar[str] = "multi-session"
    codes: ClassVar[type[ErrorCodes]] = MultiSessionCodes

    maximum_sessions: int = 5
    """Sessions that one browser remembers. Whoever signs in beyond that is signed in as ever, and
    forgotten with the next one who does."""

    def __post_init__(self) -> None:
        check_number("MultiSession.maximum_sessions", self.maximum_sessions, 1, _MOST)

    @get("/multi-session/list-device-sessions")
    async def list_device_sessions(self, call: Call) -> list[SessionAndUser[User]]:
        """The browser's sessions that have not ended, one for each user."""
        found: dict[str, SessionAndUser[User]] = {}
        for token in _held(call).values():
            live = await _live(call, token)
            if live is not None:
                found.setdefault(live.user.id, live)
        return list(found.values())

    @post("/multi-session/set-active")
    async def set_active_session(self, call: Call, body: DeviceSession) -> SessionAndUser[User]:
        """Go on as another one of those who are signed in. Raises INVALID_SESSION_TOKEN."""
        token = _shown(call, body)
        found = await _live(call, token)
        if found is None:
            _forget(call, token)
            raise MultiSessionCodes.INVALID_SESSION_TOKEN()
        _activate(call, found)
        return found

    @post("/multi-session/revoke", requires="session")
    async def revoke_device_session(self, call: Call, body: DeviceSession) -> Status:
        """End one of the browser's sessions; if it was the one that counts, another one does.

        Raises INVALID_SESSION_TOKEN.
        """
        token = _shown(call, body)
        await call.sessions.remove(call, token)
        _forget(call, token)
        if call.session.session.token == token:
            await _succeed(call, token)
        return Status()

    @after(new_session=True)
    async def track(self, call: Call) -> None:
        """Give a session that the browser just got a cookie of its own.

        An earlier one of the same user ends.
        """
        made, active = call.new_session, call.cookie_names.session_token
        if made is None or not call.cookies.set_so_far(active):
            return
        token, held = made.session.token, _held(call)
        name = _name(call, token)
        if name in held or call.cookies.set_so_far(name) is not None:
            return
        others = 0
        for other in held.values():
            live = await _live(call, other)
            if live is not None and live.user.id != made.user.id:
                others += 1
                continue
            if live is not None:
                await call.sessions.remove(call, other)
            _forget(call, other)
        if others < self.maximum_sessions:
            life = call.config.lifetimes.session if is_remembered(call, made.session) else None
            attributes = call.cookie_names.spec(SESSION_TOKEN).attributes
            age = CookieAttributes(max_age=life)
            call.cookies.set_signed(name, token, attributes.merged(age))

    @after("/sign-out")
    async def leave(self, call: Call) -> None:
        """Sign out everybody: whoever leaves the browser leaves nobody behind."""
        if call.raised() is not None or not has_cookies(call):
            return
        for token in _held(call).values():
            try:
                await call.sessions.remove(call, token)
            except APIError:
                _log.warning("a session could not be removed at sign-out")
            _forget(call, token)


def _name(call: Call, token: str) -> str:
    return f"{call.cookie_names.session_token}_multi-{token.lower()}"


def _held(call: Call) -> Mapping[str, str]:
    """The tokens of the browser's sessions, by the names of their cookies; as many as count."""
    start = f"{call.cookie_names.session_token}_multi-"
    found: dict[str, str] = {}
    for name in call.cookies.incoming:
        token = call.cookies.get_signed(name) if name.startswith(start) else None
        # A token under the name of another one was put there by hand.
        if token is not None and _name(call, token) == name and len(found) < _MOST:
            found[name] = token
    return found


def _shown(call: Call, body: DeviceSession) -> str:
    """The token in the cookie of the session that is meant."""
    token = call.cookies.get_signed(_name(call, body.session_token))
    if token is None or token.lower() != body.session_token.lower():
        raise MultiSessionCodes.INVALID_SESSION_TOKEN()
    return token


async def _live(call: Call, token: str) -> SessionAndUser[User] | None:
    found = await call.sessions.load(call, token)
    return None if found is None or found.session.expires_at <= call.now else found


def _forget(call: Call, token: str) -> None:
    call.cookies.expire(_name(call, token), call.cookie_names.spec(SESSION_TOKEN).attributes)


def _activate(call: Call, found: SessionAndUser[User]) -> None:
    remember = is_remembered(call, found.session)
    set_session_cookies(call, found.session, found.user, remember=remember)


async def _succeed(call: Call, ended: str) -> None:
    """Let another session count in place of one that ended; nobody's, if there is none."""
    for token in _held(call).values():
        found = None if token == ended else await _live(call, token)
        if found is not None:
            _activate(call, found)
            return
    clear_session_cookies(call)


class MultiSessionAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    list_device_sessions: EndpointCall[M, None, list[SessionAndUser[U]]]
    """The browser's sessions that have not ended, one for each user."""
    set_active_session: EndpointCall[M, DeviceSession, SessionAndUser[U]]
    """Go on as another one of those who are signed in. Raises INVALID_SESSION_TOKEN."""
    revoke_device_session: EndpointCall[M, DeviceSession, Status]
    """End one of the browser's sessions; if it was the one that counts, another one does.

    Raises INVALID_SESSION_TOKEN.
    """
