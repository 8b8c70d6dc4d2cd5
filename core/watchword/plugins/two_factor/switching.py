"""Turning the second factor on or off, which gives the browser another session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from watchword.call import Call
from watchword.database.records import attributes_of
from watchword.features.credentials import credential_of, lock_user
from watchword.features.passwords import PasswordCodes, check_password
from watchword.features.promises import session_promise, stands
from watchword.observability.security_log import Event, record
from watchword.records import Session, User
from watchword.results import SessionAndUser
from watchword.sessions.life import is_fresh
from watchword.sessions.sessions import SessionCodes, create_session, set_session_cookies

from .noting import forget_notes, given_now, never_given
from .wire import TwoFactorCodes

_OF_THE_CORE = frozenset(one.name for one in attributes_of(Session))

Work = Callable[[], Awaitable[object]]


async def prove(call: Call, password: str, *, passwordless: bool) -> None:
    """Refuse who is signed in and does not give his password.

    With `passwordless`, who has none must have signed in lately instead. Raises INVALID_PASSWORD,
    PASSWORD_TOO_LONG, SESSION_NOT_FRESH and `TooManyRequests`.
    """
    if passwordless:
        account = await credential_of(call, call.session.user.id)
        if account is None or account.password is None:
            if not is_fresh(call, call.session.session):
                raise SessionCodes.SESSION_NOT_FRESH()
            return
    if not password:
        raise PasswordCodes.INVALID_PASSWORD()
    await check_password(call, password, without=PasswordCodes.INVALID_PASSWORD)


async def while_signed_in(call: Call, work: Work) -> None:
    """Do something to the account of who is signed in, unless the session has ended meanwhile.

    No two such things happen to one account at a time. Raises UNAUTHORIZED.
    """
    promise = await session_promise(call)
    async with call.db.transaction():
        there = await lock_user(call, call.session.user.id)
        if there is None or not await stands(call, there, promise):
            raise SessionCodes.UNAUTHORIZED()
        await work()


async def switch(
    call: Call, *, enabled: bool, work: Work, given: bool = False
) -> SessionAndUser[User]:
    """Turn the second factor of who is signed in on or off, together with what `work` does.

    The browser gets another session, as fresh and as long as the one that ends; `given` says that
    it gave the second factor just now. Raises UNAUTHORIZED, FAILED_TO_CREATE_SESSION.
    """
    old, made = call.session.session, list[SessionAndUser[User]]()

    async def turn() -> None:
        await work()
        change = {"two_factor_enabled": enabled}
        user = await call.db.update(User, change, id=old.user_id)
        if user is None:
            raise TwoFactorCodes.FAILED_TO_CREATE_SESSION()
        known = call.config.tables.of(Session).attributes
        extra = {name: getattr(old, name) for name in known if name not in _OF_THE_CORE}
        extra.update(given_now(call) if given else never_given(call))
        await forget_notes(call, user.id)
        session = await create_session(call, user, inherits=old, extra=extra)
        if session is None:
            raise TwoFactorCodes.FAILED_TO_CREATE_SESSION()
        await call.sessions.remove(call, old.token)
        event = Event.TWO_FACTOR_ENABLED if enabled else Event.TWO_FACTOR_DISABLED
        await record(call, event, user.id)
        made.append(SessionAndUser(session=session, user=user))

    await while_signed_in(call, turn)
    [now] = made
    set_session_cookies(call, now.session, now.user)
    return now
