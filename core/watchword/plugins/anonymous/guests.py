"""Who is a guest, and whether one is asking."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec

from watchword.call import Call
from watchword.cookies import TWO_FACTOR
from watchword.database.records import Column
from watchword.discreet import Discreet
from watchword.errors import APIError
from watchword.records import Account, User
from watchword.results import SessionAndUser
from watchword.sessions.asking import asker_of, tokens_shown
from watchword.sessions.cache import read_cache
from watchword.sessions.life import lent_by

IN_STATE = "anonymousUserId"
"""Where a flow to a provider remembers whom it began with, out of the client's reach."""
_CARRIED = "anonymous"
_CARRIED_FOR = 600
"""Seconds that the second factor may take."""


class Anonymity(Discreet, msgspec.Struct):
    """What is added to users."""

    is_anonymous: Annotated[bool | None, Column(input=False)] = False


def is_guest(user: User) -> bool:
    """Whether nobody has said yet who the user is."""
    return getattr(user, "is_anonymous", None) is True


async def can_return(call: Call, user: User) -> bool:
    """Whether a guest has found a way to sign in again: a provider, a proven address, a passkey."""
    if user.email_verified or await call.db.count(Account, user_id=user.id):
        return True
    for plugin in call.config.plugins.values():
        if await plugin.lets_in(call, user):
            return True
    return False


async def asking_guest(call: Call) -> SessionAndUser[User] | None:
    """The guest who is asking, or on whose behalf a flow or a second factor ends here.

    Nothing is renewed, and no cookie cleared: what the browser is about to get must not suffer from
    what it had. That a session is over is no error either.
    """
    async for found in _shown(call):
        # Whoever is in the place of a guest is not the guest, and takes nothing along.
        if is_guest(found.user) and not lent_by(call, found.session):
            return found
    known = (call.flow_context or {}).get(IN_STATE)
    user = await call.db.find_one(User, id=known) if isinstance(known, str) else None
    if user is None or not is_guest(user):
        return None
    live = await call.sessions.of_user(call, user.id)
    return SessionAndUser(session=live[0], user=user) if live else None


async def live_session(call: Call, token: str) -> SessionAndUser[User] | None:
    """The session with a token, unless it is over."""
    cache = call.config.session_cache
    if call.config.stateless and cache is not None:
        cached = await read_cache(cache, call, token)
        return None if cached is None else cached.found
    found = await call.sessions.load(call, token)
    return None if found is None or found.session.expires_at <= call.now else found


def carry_guest(call: Call, guest: SessionAndUser[User]) -> None:
    """Have the browser remember the guest while a sign-in waits for its second factor."""
    cookie = call.cookie_names.spec(_CARRIED, max_age=_CARRIED_FOR)
    call.cookies.set_signed(cookie.name, guest.session.token, cookie.attributes)


def drop_guest(call: Call) -> None:
    """Have the browser forget a guest who was carried."""
    cookie = call.cookie_names.spec(_CARRIED)
    if cookie.name in call.cookies.incoming:
        call.cookies.expire(cookie.name, cookie.attributes)


def waits_for_second_factor(call: Call) -> bool:
    """Whether this call took a session back until a second factor is given."""
    return bool(call.cookies.set_so_far(call.cookie_names.spec(TWO_FACTOR).name))


async def _shown(call: Call) -> AsyncGenerator[SessionAndUser[User], None]:
    """What the credentials of the call stand for, as far as it lives.

    A guest's API key does not stand for the guest here: whoever has it must not end the guest's
    account, nor take along what is in it (security X11, X12).
    """
    try:
        asker = await asker_of(call)
    except APIError:
        return  # A credential that is refused shows nobody.
    carried = call.cookies.get_signed(call.cookie_names.spec(_CARRIED).name)
    for token in (*tokens_shown(call, asker), carried):
        found = None if token is None else await live_session(call, token)
        if found is not None:
            yield found
