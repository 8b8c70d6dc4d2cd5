"""Tokens of linked accounts for the application's own calls to a provider (spec: social, 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from watchword.call import Call
from watchword.endpoint import get, post
from watchword.errors import APIError, ErrorCodes
from watchword.features.accounts import AccountCodes
from watchword.pipeline.validation import invalid
from watchword.plugin_base import Plugin
from watchword.records import Account
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.account_cookie import kept_account
from watchword.sessions.sessions import current_session

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
        """An access token that is valid now; it is renewed before, where that is due. Raises
        USER_ID_OR_SESSION_REQUIRED, ACCOUNT_NOT_FOUND, PROVIDER_NOT_SUPPORTED,
        TOKEN_REFRESH_NOT_SUPPORTED, REFRESH_TOKEN_NOT_FOUND, FAILED_TO_REFRESH_ACCESS_TOKEN,
        FAILED_TO_GET_ACCESS_TOKEN."""
        account = await _own(call, body)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_SUPPORTED()
        return await self.flow.tokens.access_token(call, account)

    @post("/refresh-token")
    async def refresh_token(self, call: Call, body: OfAccount) -> RefreshedTokens:
        """Renew the tokens of an account. Raises USER_ID_OR_SESSION_REQUIRED, ACCOUNT_NOT_FOUND,
        PROVIDER_NOT_SUPPORTED, TOKEN_REFRESH_NOT_SUPPORTED, REFRESH_TOKEN_NOT_FOUND,
        FAILED_TO_REFRESH_ACCESS_TOKEN."""
        account = await _own(call, body)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_SUPPORTED()
        from_cookie = body.use_account_cookie is True
        return await self.flow.tokens.refresh(call, account, from_cookie=from_cookie)

    @get("/account-info")
    async def account_info(self, call: Call, query: OfAccount) -> AccountInfo:
        """Ask the provider who the person is. Raises USER_ID_OR_SESSION_REQUIRED,
        ACCOUNT_NOT_FOUND, PROVIDER_NOT_CONFIGURED, PROVIDER_NOT_SUPPORTED,
        ACCESS_TOKEN_NOT_FOUND, FAILED_TO_GET_ACCESS_TOKEN, FAILED_TO_GET_USER_INFO."""
        account = await _own(call, query)
        if self.flow is None:
            raise AccountTokenCodes.PROVIDER_NOT_CONFIGURED()
        return await self.flow.tokens.info(call, account)


async def _own(call: Call, given: OfAccount) -> Account:
    """The account that is meant, if it is the caller's."""
    by_id, by_cookie = given.account_id, given.use_account_cookie
    if (by_cookie is not True) if by_id is msgspec.UNSET else by_cookie is not msgspec.UNSET:
        raise invalid([("body", "Give accountId, or useAccountCookie as true")])
    found = await current_session(call, from_store=True)
    if found is not None:
        owner = found.user.id
    elif not call.for_itself:
        raise APIError(401)
    elif given.user_id is msgspec.UNSET:
        raise AccountTokenCodes.USER_ID_OR_SESSION_REQUIRED()
    else:
        owner = given.user_id
    account = kept_account(call, owner) if by_id is msgspec.UNSET else None
    if account is not None and not call.config.has_database:
        return account
    # Where there are rows, a copy in a browser only says which one is meant.
    account_id = by_id if account is None else account.id
    if account_id is not msgspec.UNSET:
        account = await call.db.find_one(Account, id=account_id, user_id=owner)
    if account is None:
        raise AccountCodes.ACCOUNT_NOT_FOUND()
    return account


class AccountTokensAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_access_token: EndpointCall[M, OfAccount | None, AccessToken]
    """An access token that is valid now; it is renewed before, where that is due. Raises
    USER_ID_OR_SESSION_REQUIRED, ACCOUNT_NOT_FOUND, PROVIDER_NOT_SUPPORTED,
    TOKEN_REFRESH_NOT_SUPPORTED, REFRESH_TOKEN_NOT_FOUND, FAILED_TO_REFRESH_ACCESS_TOKEN,
    FAILED_TO_GET_ACCESS_TOKEN.
    """
    refresh_token: EndpointCall[M, OfAccount | None, RefreshedTokens]
    """Renew the tokens of an account. Raises USER_ID_OR_SESSION_REQUIRED, ACCOUNT_NOT_FOUND,
    PROVIDER_NOT_SUPPORTED, TOKEN_REFRESH_NOT_SUPPORTED, REFRESH_TOKEN_NOT_FOUND,
    FAILED_TO_REFRESH_ACCESS_TOKEN.
    """
    account_info: EndpointCall[M, OfAccount | None, AccountInfo]
    """Ask the provider who the person is. Raises USER_ID_OR_SESSION_REQUIRED,
    ACCOUNT_NOT_FOUND, PROVIDER_NOT_CONFIGURED, PROVIDER_NOT_SUPPORTED,
    ACCESS_TOKEN_NOT_FOUND, FAILED_TO_GET_ACCESS_TOKEN, FAILED_TO_GET_USER_INFO.
    """
