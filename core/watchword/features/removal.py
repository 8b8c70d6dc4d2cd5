"""Removing a user with all that is the user's."""

from __future__ import annotations

from watchword.call import Call
from watchword.records import Account, User

from .generations import account_subject, address_subject, raise_generation
from .reset_tokens import forget_reset_tokens


async def erase_user(call: Call, user: User) -> bool:
    """Delete a user, the sessions and the accounts; False if the row was gone, or a hook kept it.

    Call it in a transaction, under `lock_user`.
    """
    # An id may come again where the database counts them: what was mailed must not.
    await raise_generation(call, account_subject(user.id))
    await raise_generation(call, address_subject(user.email))
    # The user first: of several deletions at once, one finds it, and no sign-in at the same time
    # can add a session to a user who is gone.
    deleted = await call.db.delete(User, id=user.id)
    await call.sessions.remove_all(call, user.id)
    await call.db.delete(Account, user_id=user.id)
    await forget_reset_tokens(call, user.id)
    return bool(deleted)
