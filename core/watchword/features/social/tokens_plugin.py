"""Tokens of linked accounts for the application's own calls to a provider (spec: social, 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from watchword.call import Call
from watchword.endpoint import get, post
from watchword.errors import ErrorCodes
from watchword.features.accounts import AccountCodes
from watchword.plugin_base import Plugin
from watchword.records import Account
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import SessionCodes, current_session

from .tokens_wire import (
    AccessToken,
    AccountInfo,
    AccountTokenCodes,
    OfAccount,
    RefreshedTokens,
)

if TYPE_CHECKING:
    from .flow import SocialFlow


@dataclass(frozen=True, kw_only=True)
class AccountTokens(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "account-tokens"
    codes: ClassVar[type[ErrorCodes]] = AccountTokenCodes

    flow: SocialFlow | None = None
    """None: there is no provider."""

    @post("/get-access-token")
    async def get_access_token(self, call: Call, body: OfAccount) -> AccessToken:
        """An access token that is valid now; it is renewed before, where that is due."""
        account = await _own(call, body)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_SUPPORTED()
        return await self.flow.tokens.access_token(call, account)

    @post("/refresh-token")
    async def refresh_token(self, call: Call, body: OfAccount) -> RefreshedTokens:
        """Renew the tokens of an account."""
        account = await _own(call, body)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_SUPPORTED()
        return await self.flow.tokens.refresh(call, account)

    @get("/account-info")
    async def account_info(self, call: Call, query: OfAccount) -> AccountInfo:
        """Ask the provider who the person is."""
        account = await _own(call, query)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_CONFIGURED()
        return await self.flow.tokens.info(call, account)


async def _own(call: Call, given: OfAccount) -> Account:
    """The account that is meant, if it is the caller's."""
    found = await current_session(call, from_store=True)
    if found is not None:
        owner = found.user.id
    elif not call.for_itself:
        raise SessionCodes.UNAUTHORIZED()
    elif given.user_id is msgspec.UNSET:
        raise AccountTokenCodes.USER_ID_OR_SESSION_REQUIRED()
    else:
        owner = given.user_id
    account = await call.db.find_one(Account, id=given.account_id, user_id=owner)
    if account is None:
        raise AccountCodes.ACCOUNT_NOT_FOUND()
    return account


class AccountTokensAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_access_token: EndpointCall[M, OfAccount, AccessToken]
    """An access token that is valid now; it is renewed before, where that is due."""
    refresh_token: EndpointCall[M, OfAccount, RefreshedTokens]
    """Renew the tokens of an account."""
    account_info: EndpointCall[M, OfAccount, AccountInfo]
    """Ask the provider who the person is."""
