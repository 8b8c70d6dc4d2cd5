"""The accounts of a user: listing the ways to sign in, giving one up.

Spec: account endpoints; security S7, A8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import ClassVar, cast

import msgspec

from watchword.call import Call
from watchword.database.records import attributes_of
from watchword.discreet import Discreet
from watchword.endpoint import get, post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import Identifier
from watchword.plugin_base import Plugin
from watchword.records import Account
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import SessionCodes

from .credentials import lock_user
from .promises import session_promise, stands


class AccountCodes(ErrorCodes):
    """Errors of a user's accounts."""

    FAILED_TO_UNLINK_LAST_ACCOUNT = ErrorCode(
        400, "FAILED_TO_UNLINK_LAST_ACCOUNT", "This is the last way to sign in"
    )
    ACCOUNT_NOT_FOUND = ErrorCode(400, "ACCOUNT_NOT_FOUND", "There is no such account")


class LinkedAccount(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One way to sign in, without its tokens and passwords."""

    id: str
    account_id: str
    provider_id: str
    user_id: str
    scopes: list[str]
    created_at: datetime
    updated_at: datetime


class UnlinkAccount(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Which account to give up, by its id in the listing."""

    account_id: Identifier


@dataclass(frozen=True, kw_only=True)
class Accounts(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "accounts"
    codes: ClassVar[type[ErrorCodes]] = AccountCodes

    @get("/list-accounts", requires="session")
    async def list_user_accounts(self, call: Call) -> list[LinkedAccount]:
        """The ways in which the user can sign in."""
        found = await call.db.find_many(Account, user_id=call.session.user.id)
        kind = _listing(call.config.tables.of(Account).record)
        return [_listed(kind, account) for account in found]

    @post("/unlink-account", requires="fresh")
    async def unlink_account(self, call: Call, body: UnlinkAccount) -> Status:
        """Give up one way to sign in, but never the last; other people's are left alone. Raises
        FAILED_TO_UNLINK_LAST_ACCOUNT, ACCOUNT_NOT_FOUND."""
        user_id, promise = call.session.user.id, await session_promise(call)
        least = 0 if call.config.options.account.allow_unlinking_all else 1
        async with call.db.transaction():
            user = await lock_user(call, user_id)
            # Whoever ends sessions while this waits for the user is heard, too.
            gone = user is None or not await stands(call, user, promise)
            if gone and not call.config.stateless:
                raise SessionCodes.UNAUTHORIZED()
            if await call.db.count(Account, user_id=user_id) <= least:
                raise AccountCodes.FAILED_TO_UNLINK_LAST_ACCOUNT()
            if await call.db.find_one(Account, id=body.account_id, user_id=user_id) is None:
                raise AccountCodes.ACCOUNT_NOT_FOUND()
            await call.db.delete(Account, id=body.account_id, user_id=user_id)
            await record(call, Event.ACCOUNT_UNLINKED, user_id)
        return Status()


@cache
def _listing(record: type[Account]) -> type[LinkedAccount]:
    # The fields that the application's own class, or a plugin, adds; but for hidden ones.
    core = {attribute.name for attribute in attributes_of(Account)}
    own = [a for a in attributes_of(record) if a.name not in core and a.column.returned]
    if not own:
        return LinkedAccount
    made = msgspec.defstruct(
        LinkedAccount.__name__,
        [(a.name, a.annotation) for a in own],  # pyright: ignore[reportArgumentType]
        bases=(LinkedAccount,),
        frozen=True,
        kw_only=True,
        rename="camel",
    )
    return cast("type[LinkedAccount]", made)


def _listed(kind: type[LinkedAccount], account: Account) -> LinkedAccount:
    core = msgspec.structs.fields(LinkedAccount)
    own = [f.name for f in msgspec.structs.fields(kind)[len(core) :]]
    return kind(
        **{name: getattr(account, name) for name in own},
        id=account.id,
        account_id=account.account_id,
        provider_id=account.provider_id,
        user_id=account.user_id,
        scopes=[scope.strip() for scope in (account.scope or "").split(",") if scope.strip()],
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


class AccountAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    list_user_accounts: EndpointCall[M, None, list[LinkedAccount]]
    """The ways in which the user can sign in."""
    unlink_account: EndpointCall[M, UnlinkAccount, Status]
    """Give up one way to sign in, but never the last; other people's are left alone. Raises
    FAILED_TO_UNLINK_LAST_ACCOUNT, ACCOUNT_NOT_FOUND.
    """
