"""What becomes of a guest who signs in or up: the application takes over what is the guest's, and
the guest is deleted, once, and together or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from watchword.call import Call
from watchword.features.credentials import lock_user
from watchword.features.removal import erase_user
from watchword.observability.logs import place
from watchword.observability.security_log import Event, record
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.verifications.leases import lease, persevere

from .guests import can_return, is_guest, live_session

_log = logging.getLogger("watchword")

_LIFE, _PATIENCE = 60.0, 30.0
"""Seconds that a callback outside of a transaction has the guest to itself, and others wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedGuest:
    """A guest, and who that turned out to be."""

    anonymous_user: SessionAndUser[User]
    new_user: SessionAndUser[User]


LinkAccount = Callable[[LinkedGuest, Call], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """How guests are linked."""

    callback: LinkAccount | None
    keeps_guests: bool
    in_transaction: bool

    async def link(
        self, call: Call, guest: SessionAndUser[User], new: SessionAndUser[User]
    ) -> None:
        """Hand a guest over to the user who signed in. Raises what the callback raises; then the
        guest is as before, and so is all that was done through `call.db`."""
        keep = self.keeps_guests or is_guest(new.user)
        if self.callback is None:
            if not keep:
                await _clean_up(call, guest.user)
        elif self.in_transaction:
            async with call.db.transaction():
                there = await _held(call, guest)
                if there is None:
                    return
                await call.run(self.callback, _linked(guest, there, new), call)
                if not keep:
                    await _delete(call, there)
        else:
            await persevere(call, lambda: self._hand_over(call, guest, new, keep=keep), _PATIENCE)

    async def _hand_over(
        self, call: Call, guest: SessionAndUser[User], new: SessionAndUser[User], *, keep: bool
    ) -> None:
        """The same for a callback that writes past us: nothing of ours is locked meanwhile."""
        if self.callback is None:
            return
        async with lease(call, f"anonymous:{guest.user.id}", _LIFE):
            async with call.db.transaction():
                there = await _held(call, guest)
            if there is None:
                return
            await call.run(self.callback, _linked(guest, there, new), call)
            if not keep:
                await _clean_up(call, guest.user)


async def _held(call: Call, guest: SessionAndUser[User]) -> User | None:
    """The guest as he is now, held; None if others linked or deleted him, or ended his session, and
    if he can sign in by himself: what is such a user's stays his, whoever's link he clicks."""
    there = await lock_user(call, guest.user.id)
    if there is not None and await can_return(call, there):
        return None
    if call.config.stateless:
        # The row may be in another process: what the cookie says is all that there is to know.
        return there or guest.user
    if there is None or await live_session(call, guest.session.token) is None:
        return None
    return there


async def _delete(call: Call, guest: User) -> None:
    if await erase_user(call, guest):
        await record(call, Event.USER_DELETED, guest.id)


async def _clean_up(call: Call, guest: User) -> None:
    """Delete a guest who is linked: if that fails, the sign-in has succeeded all the same."""
    try:
        async with call.db.transaction():
            there = await lock_user(call, guest.id)
            if there is not None and not await can_return(call, there):
                await _delete(call, there)
    except Exception as error:
        _log.error("the guest %s stays: %s at %s", guest.id, type(error).__name__, place(error))


def _linked(guest: SessionAndUser[User], there: User, new: SessionAndUser[User]) -> LinkedGuest:
    now = SessionAndUser(session=guest.session, user=there)
    return LinkedGuest(anonymous_user=now, new_user=new)
