"""Signing in by a mailbox: who opens a mailed link or types a mailed code owns the address.

Spec: plugin conventions 1, section 11; security requirements, M7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.provisioning import create_user
from watchword.records import Account, User
from watchword.security_log import Event, record

from .addresses import user_of_address
from .credentials import lock_user
from .email_password import EmailPasswordCodes
from .email_verification import EmailVerification


class MailboxOwner(NamedTuple):
    """The user to whom a proven address belongs."""

    user: User
    is_new: bool


async def owner_of_mailbox(
    call: Call, email: str, new_user: Mapping[str, object] | None, *, method: str
) -> MailboxOwner | None:
    """The user of an address (lower-case) that was just proven, made from `new_user` if unknown.

    `method` is how it was proven, for `validate_user_info`.

    None if the address is unknown and `new_user` is None (no sign-up). Raises
    FAILED_TO_CREATE_USER (400) when a hook of the application refuses the user.
    """
    user = await user_of_address(call, email)
    if user is None and new_user is not None:
        values = {**new_user, "email": email, "email_verified": True}
        try:
            made = await create_user(call, method, **values)
        except UniqueViolation:
            user = await user_of_address(call, email)
        else:
            if made is None:
                raise EmailPasswordCodes.FAILED_TO_CREATE_USER()
            return MailboxOwner(made, True)
    return None if user is None else MailboxOwner(await mailbox_proven(call, user), False)


async def mailbox_proven(call: Call, user: User) -> User:
    """The user with a verified address.

    Whoever registered an address without proving it loses what they left behind: passwords, linked
    accounts, sessions and links to another address go, since they may be a stranger's. Verified
    users stay as they are.
    """
    if user.email_verified:
        return user
    async with call.db.transaction():
        now_there = await lock_user(call, user.id)
        if now_there is None or now_there.email_verified:
            return now_there or user
        await call.db.delete(Account, user_id=user.id)
        await call.sessions.remove_all(call, user.id)
        await call.config.plugin(EmailVerification).void_change_links(call, user.id)
        proven = await call.db.update(User, {"email_verified": True}, id=user.id)
        await record(call, Event.EMAIL_VERIFIED, user.id)
    return proven or user
