"""The account that holds a user's password: finding it, filling it."""

from __future__ import annotations

from watchword.call import Call
from watchword.observability.security_log import Event, record
from watchword.records import Account, User

CREDENTIAL = "credential"
"""Provider id of the account that holds a password."""


async def credential_of(call: Call, user_id: str) -> Account | None:
    """The account that holds the user's password."""
    return await call.db.find_one(
        Account, user_id=user_id, provider_id=CREDENTIAL, account_id=user_id
    )


async def create_credential(call: Call, user_id: str, hashed: str) -> None:
    """Give a user who has none an account with a password."""
    await call.db.create(
        Account, user_id=user_id, provider_id=CREDENTIAL, account_id=user_id, password=hashed
    )


async def put_password(call: Call, user_id: str, hashed: str) -> None:
    """Replace the user's password, or give the first one. Call it under `lock_user`."""
    changed = await call.db.update(
        Account,
        {"password": hashed},
        user_id=user_id,
        provider_id=CREDENTIAL,
        account_id=user_id,
    )
    if changed is None:
        await create_credential(call, user_id, hashed)
    await record(call, Event.PASSWORD_CHANGED, user_id)


async def lock_user(call: Call, user_id: str) -> User | None:
    """Inside a transaction: let no other such transaction on this user run before its end."""
    return await call.db.increment(User, {}, {"updated_at": call.now}, id=user_id)
