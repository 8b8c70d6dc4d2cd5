"""A challenge: what stands between the first factor and a session, and who answers it.

Its cookie names a stored row that names the user. It is bound to the account's credentials as a
mailed promise is, good once, and takes five wrong guesses (spec: plugin two-factor, (d) and (f);
security F1, F2).
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec

from watchword.call import Call
from watchword.cookies import DONT_REMEMBER, TWO_FACTOR, CookieSpec
from watchword.crypto.random_strings import URL_SAFE
from watchword.discreet import Discreet
from watchword.errors import APIError
from watchword.features.promises import (
    Promise,
    Void,
    account_promise,
    begin_session,
    bind,
    find_promise,
    take_promise,
)
from watchword.records import Session, User
from watchword.sessions.sessions import SessionCodes, current_session, set_session_cookies
from watchword.verifications.verifications import (
    create_verification,
    sweep_verifications,
    take_verification,
)

from .trusted_devices import trust_device
from .wire import SecondFactorPassed, TwoFactorCodes

_ALLOWED = 5
"""Wrong codes of the app and on paper, together."""
_IDENTIFIER = re.compile(r"2fa-[A-Za-z0-9_-]{20}", re.ASCII)
_ATTEMPTS = "2fa-attempts-"


class Verifying(Discreet, msgspec.Struct, frozen=True):
    """Who gives a code: somebody signed in, or somebody whose sign-in waits for it."""

    __secrets__ = frozenset(("identifier",))

    user: User
    session: Session | None
    identifier: str = ""
    """That of the challenge, where there is no session."""

    @property
    def key(self) -> str:
        """What codes are sent to: the challenge, or the session."""
        return self.identifier or f"{self.user.id}!{self.session.id if self.session else ''}"


async def binding(call: Call, user: User, begun: Session) -> Promise:
    """What the challenge of a sign-in is bound to. Raises UNAUTHORIZED if its session was ended."""
    promise = await account_promise(call, user)
    # Whoever raises the generation and ends all sessions may have been here just before.
    if not call.config.stateless and await call.sessions.load(call, begun.token) is None:
        raise SessionCodes.UNAUTHORIZED()
    return promise


async def challenge(call: Call, user: User, promise: Promise, life: int) -> None:
    """Ask this browser for the second factor of a user."""
    identifier, ends = f"2fa-{call.random(20, URL_SAFE)}", call.after(life)
    await sweep_verifications(call)
    await bind(call, identifier, promise, ends)
    await create_verification(call, identifier, user.id, ends)
    await create_verification(call, _ATTEMPTS + identifier, "0", ends)
    cookie = _cookie(call, life)
    call.cookies.set_signed(cookie.name, identifier, cookie.attributes)


async def who_verifies(call: Call) -> Verifying:
    """Who gives a code. Raises INVALID_TWO_FACTOR_COOKIE."""
    found = await current_session(call, from_store=True)
    if found is not None:
        return Verifying(found.user, found.session)
    identifier = call.cookies.get_signed(_cookie(call).name)
    # Cookies of other kinds are signed as well.
    if identifier is None or _IDENTIFIER.fullmatch(identifier) is None:
        raise TwoFactorCodes.INVALID_TWO_FACTOR_COOKIE()
    promised = await find_promise(call, identifier)
    user = None if promised is None else await call.db.find_one(User, id=promised.row.value)
    if promised is None or user is None or not await promised.stands(call, user):
        raise TwoFactorCodes.INVALID_TWO_FACTOR_COOKIE()
    call.subject = user.id
    return Verifying(user, None, identifier)


@asynccontextmanager
async def attempt(call: Call, who: Verifying) -> AsyncGenerator[None, None]:
    """Inside, a code may be compared: one at a time for each challenge, and five at most.

    What is raised with `guess` was wrong and is counted; after any other failure it counts as if it
    had not been. Raises INVALID_TWO_FACTOR_COOKIE, TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE.
    """
    if who.session is not None:
        yield
        return
    ticket = await take_verification(call, _ATTEMPTS + who.identifier)
    if ticket is None:
        raise TwoFactorCodes.INVALID_TWO_FACTOR_COOKIE()
    wrong = int(ticket.value) if re.fullmatch("[0-9]{1,9}", ticket.value) else _ALLOWED
    if wrong >= _ALLOWED:
        _expire(call)
        await take_promise(call, who.identifier)
        raise TwoFactorCodes.TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE()
    try:
        yield
    except Exception as error:
        wrong += isinstance(error, APIError) and error.guess
        await create_verification(call, _ATTEMPTS + who.identifier, str(wrong), ticket.expires_at)
        raise


async def passed(
    call: Call, who: Verifying, *, trust: bool, trusted_life: int
) -> SecondFactorPassed[User]:
    """The answer to a right code; whoever was signing in is signed in now, for one caller.

    Raises INVALID_TWO_FACTOR_COOKIE, FAILED_TO_CREATE_SESSION.
    """
    user = who.user
    if who.session is not None:
        return SecondFactorPassed(token=who.session.token, user=user)
    taken = await take_promise(call, who.identifier, by_session=True)
    if taken is None or taken.row.value != user.id:
        _expire(call)
        raise TwoFactorCodes.INVALID_TWO_FACTOR_COOKIE()

    async def allowed(there: User) -> bool:
        return await taken.stands(call, there)

    marker = call.cookie_names.spec(DONT_REMEMBER)
    remember = call.cookies.get_signed(marker.name) is None
    try:
        session = await begin_session(call, user, allowed, remember=remember)
    except Void:
        _expire(call)
        raise TwoFactorCodes.INVALID_TWO_FACTOR_COOKIE() from None
    if session is None:
        raise TwoFactorCodes.FAILED_TO_CREATE_SESSION()
    set_session_cookies(call, session, user, remember=remember)
    _expire(call)
    if trust:
        await trust_device(call, user, trusted_life)
        call.cookies.expire(marker.name, marker.attributes)
    return SecondFactorPassed(token=session.token, user=user)


def _cookie(call: Call, life: int | None = None) -> CookieSpec:
    spec = call.cookie_names.spec(TWO_FACTOR)
    if life is None or spec.attributes.max_age is not None:
        return spec
    return CookieSpec(spec.name, replace(spec.attributes, max_age=life))


def _expire(call: Call) -> None:
    cookie = _cookie(call)
    call.cookies.expire(cookie.name, cookie.attributes)
