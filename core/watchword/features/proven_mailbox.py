"""Signing in by a mailbox: who opens a mailed link or types a mailed code owns the address.

Spec: plugin conventions 1, section 11; security requirements, M7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.observability.security_log import Event, record
from watchword.records import Account, User

from .addresses import user_of_address
from .credentials import lock_user
from .email_password_wire import EmailPasswordCodes
from .generations import account_subject, raise_generation
from .promises import Redeemed, Void
from .provisioning import create_user


class MailboxOwner(NamedTuple):
    """The user to whom a proven address belongs, and what proved it."""

    user: User
    is_new: bool
    proof: Redeemed


async def owner_of_mailbox(
    call: Call,
    email: str,
    new_user: Mapping[str, object] | None,
    *,
    proof: Redeemed,
    method: str,
) -> MailboxOwner | None:
    """The user of an address (lower-case) that was just proven, made from `new_user` if unknown.

    `proof` is the promise that was redeemed, `method` how, for `validate_user_info`.

    None if the address is unknown and `new_user` is None (no sign-up). Raises `Void` if the promise
    does not stand for that user any more, FAILED_TO_CREATE_USER (400) when a hook of the
    application refuses the user.
    """
    user = await user_of_address(call, email)
    if user is None and proof.names_account:
        # Whom it was made for is gone, or has another address.
        raise Void
    if user is None and new_user is not None:
        values = {**new_user, "email": email, "email_verified": True}
        try:
            made = await create_user(call, method, **values)
        except UniqueViolation:
            user = await user_of_address(call, email)
        else:
            if made is None:
                raise EmailPasswordCodes.FAILED_TO_CREATE_USER()
            return MailboxOwner(made, True, proof.given_to(made))
    if user is None:
        return None
    return MailboxOwner(await mailbox_proven(call, user, proof), False, proof)


async def mailbox_proven(call: Call, user: User, proof: Redeemed) -> User:
    """The user with a verified address. Raises `Void` if the proof does not stand any more.

    Whoever registered an address without proving it loses what they left behind: passwords, linked
    accounts, sessions and links to another address go, since they may be a stranger's. Verified
    users stay as they are.
    """
    if user.email_verified:
        # Looked at once more, under the lock, when the session is made.
        if not await proof.stands(call, user):
            raise Void
        return user
    async with call.db.transaction():
        now_there = await lock_user(call, user.id)
        if now_there is None or not await proof.stands(call, now_there):
            raise Void
        if now_there.email_verified:
            return now_there
        return await give_to_owner(call, now_there)


async def give_to_owner(call: Call, user: User, *, verified: bool = True) -> User:
    """The user without all that a stranger may have left. Call it in a transaction, under
    `lock_user`, where the owner of the address was just proven; `verified` is False where that is
    only believed, and the address stays as it is."""
    await call.db.delete(Account, user_id=user.id)
    for plugin in call.config.plugins.values():
        await plugin.give_to_owner(call, user)
    await call.sessions.remove_all(call, user.id)
    await raise_generation(call, account_subject(user.id), mailbox=False)
    if not verified:
        return await call.db.find_one(User, id=user.id) or user
    proven = await call.db.update(User, {"email_verified": True}, id=user.id)
    await record(call, Event.EMAIL_VERIFIED, user.id)
    return proven or user


async def end_ways_in(call: Call, user: User) -> None:
    """Leave a user whose address nobody had proven no way in: a stranger may hold it.

    For a password that was mailed for: like `give_to_owner`, but a second factor stays. Where no
    address is ever proven, a mailbox alone would otherwise take every factor off.
    """
    await call.db.delete(Account, user_id=user.id)
    for plugin in call.config.plugins.values():
        await plugin.end_ways_in(call, user)
