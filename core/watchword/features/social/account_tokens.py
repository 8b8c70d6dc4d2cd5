"""Renewing the tokens of accounts: one refresh for all who want one at the same moment, in all
processes.

Many providers rotate refresh tokens, and take a second use of one for theft (security, races).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from watchword.call import Call
from watchword.configuration.durations import in_seconds
from watchword.errors import APIError, ErrorCode
from watchword.oauth.client import Client
from watchword.oauth.key_sets import KeySets
from watchword.oauth.profile import UserInfo
from watchword.oauth.provider import Provider
from watchword.oauth.scopes import stored_scopes
from watchword.oauth.tokens import Tokens
from watchword.records import Account
from watchword.sessions.account_cookie import keep_account
from watchword.sessions.asking import has_cookies
from watchword.verifications.leases import lease, persevere

from .person import FAILURES, tell_failure
from .stored_tokens import read_token, token_columns
from .tokens_wire import (
    AccessToken,
    AccountAtProvider,
    AccountInfo,
    AccountTokenCodes,
    RefreshedTokens,
)

_LEAST = timedelta(seconds=5)
"""Tokens with less to their end are renewed."""


class TokenKeeper:
    """The tokens of accounts at the providers of one server."""

    def __init__(self, providers: Mapping[str, Provider], key_sets: KeySets) -> None:
        self._providers = providers
        self._key_sets = key_sets

    async def access_token(self, call: Call, account: Account) -> AccessToken:
        """Answer `/get-access-token`."""
        provider = self._provider(account, AccountTokenCodes.PROVIDER_NOT_SUPPORTED)
        account = await self._valid(call, provider, account)
        access = read_token(call, account.access_token)
        if access is None:
            raise AccountTokenCodes.FAILED_TO_GET_ACCESS_TOKEN()
        return AccessToken(
            access_token=access,
            access_token_expires_at=account.access_token_expires_at,
            scopes=stored_scopes(account.scope),
            id_token=account.id_token,
        )

    async def refresh(self, call: Call, account: Account, *, from_cookie: bool) -> RefreshedTokens:
        """Answer `/refresh-token`; `from_cookie`: the browser's cookie said for which account."""
        provider = self._provider(account, AccountTokenCodes.PROVIDER_NOT_SUPPORTED)
        if not provider.can_refresh:
            raise AccountTokenCodes.TOKEN_REFRESH_NOT_SUPPORTED()
        if not account.refresh_token:
            raise AccountTokenCodes.REFRESH_TOKEN_NOT_FOUND()
        renewed = await self._renewed(call, provider, account)
        await _check_session(call)
        access = None if renewed is None else read_token(call, renewed.access_token)
        if renewed is None or access is None:
            raise AccountTokenCodes.FAILED_TO_REFRESH_ACCESS_TOKEN()
        if from_cookie and has_cookies(call):
            keep_account(call, renewed)
        return RefreshedTokens(
            access_token=access,
            refresh_token=read_token(call, renewed.refresh_token),
            access_token_expires_at=renewed.access_token_expires_at,
            refresh_token_expires_at=renewed.refresh_token_expires_at,
            scope=renewed.scope,
            id_token=renewed.id_token,
            provider_id=renewed.provider_id,
            account_id=renewed.id,
        )

    async def info(self, call: Call, account: Account) -> AccountInfo:
        """Answer `/account-info`."""
        provider = self._provider(account, AccountTokenCodes.PROVIDER_NOT_CONFIGURED)
        account = await self._valid(call, provider, account)
        access = read_token(call, account.access_token)
        if access is None:
            raise AccountTokenCodes.ACCESS_TOKEN_NOT_FOUND()
        tokens = Tokens(
            access_token=access,
            id_token=account.id_token,
            access_token_expires_at=account.access_token_expires_at,
            scopes=tuple(stored_scopes(account.scope)),
        )
        client = Client.of(call, self._key_sets)
        found = await _told(client, provider, tokens)
        if found is None and provider.description.id_token_alone and tokens.id_token is not None:
            # The ID token is of the sign-in, and over by now; the access token is of now.
            found = await _told(client, provider, replace(tokens, id_token=None))
        await _check_session(call)
        if found is None or found.identity.subject != account.account_id:
            raise AccountTokenCodes.FAILED_TO_GET_USER_INFO()
        one = found.identity
        user = {
            **one.fields,
            "name": one.name,
            "email": one.email,
            "image": one.image,
            "emailVerified": one.vouches,
        }
        about = AccountAtProvider(account.id, account.provider_id, account.account_id)
        return AccountInfo(user, found.profile, about)

    def _provider(self, account: Account, missing: ErrorCode) -> Provider:
        provider = self._providers.get(account.provider_id)
        if provider is None:
            raise missing(f"Provider {account.provider_id} is not supported.")
        return provider

    async def _valid(self, call: Call, provider: Provider, account: Account) -> Account:
        """The account with an access token that lives for some seconds more, where it can."""
        ends = account.access_token_expires_at
        due = ends is not None and ends - call.now < _LEAST
        if not due or not account.refresh_token or not provider.can_refresh:
            return account
        renewed = await self._renewed(call, provider, account)
        await _check_session(call)
        if renewed is None:
            raise AccountTokenCodes.FAILED_TO_GET_ACCESS_TOKEN()
        if has_cookies(call):
            keep_account(call, renewed)
        return renewed

    async def _renewed(self, call: Call, provider: Provider, account: Account) -> Account | None:
        """The account with new tokens, whoever of several got them; None if nobody could."""

        async def look() -> Account | None:
            there = await self._stored(call, account)
            if there is None or not _same_tokens(there, account):
                return there
            async with lease(call, f"refresh {account.id}", life):
                return await self._renewed_alone(call, provider, account)

        limit = in_seconds(call.config.options.advanced.outgoing.timeout)
        # Providers may be asked twice, for credentials first. Who waits longer is told so.
        life = 2 * limit + 5
        return await call.runtime.once(
            f"refresh {account.id}", lambda: persevere(call, look, limit)
        )

    async def _renewed_alone(
        self, call: Call, provider: Provider, account: Account
    ) -> Account | None:
        there = await self._stored(call, account)
        if there is None or not _same_tokens(there, account):
            return there
        tokens = await self._asked(call, provider, account)
        if tokens is not None:
            # Guarded by the old token: what another server got meanwhile is never overwritten.
            changes = token_columns(call, tokens)
            guard = {"id": account.id, "refresh_token": account.refresh_token}
            changed = await call.db.update(Account, changes, **guard)
            if changed is None and not call.config.has_database:
                changed = await call.db.amend(account, changes)
            if changed is not None:
                return changed
        there = await self._stored(call, account)
        return None if there is not None and _same_tokens(there, account) else there

    async def _stored(self, call: Call, account: Account) -> Account | None:
        """The account as it is now. Without a database, rows may be of another process: then what
        the browser's cookie says is all that there is to know."""
        there = await call.db.find_one(Account, id=account.id, user_id=account.user_id)
        return account if there is None and not call.config.has_database else there

    async def _asked(self, call: Call, provider: Provider, account: Account) -> Tokens | None:
        token = read_token(call, account.refresh_token)
        if token is None:
            return None
        client = Client.of(call, self._key_sets)
        try:
            return await (await provider.prepared(client)).refresh(client, token)
        except FAILURES as error:
            tell_failure(provider, error)
            return None


async def _check_session(call: Call) -> None:
    """Providers take their time, and sessions end meanwhile: 401 for who is signed in no more."""
    asker, found = call.asker, None if call.lookup is None else call.lookup.found
    vouched = asker is not None and asker.vouched is not None
    if found is None or vouched or call.config.stateless:
        return
    there = await call.sessions.load(call, found.session.token)
    if there is None or there.session.expires_at <= call.now:
        raise APIError(401)


async def _told(client: Client, provider: Provider, tokens: Tokens) -> UserInfo | None:
    try:
        return await (await provider.prepared(client)).user_info(client, tokens)
    except FAILURES as error:
        tell_failure(provider, error)
        return None


def _same_tokens(one: Account, other: Account) -> bool:
    return (one.access_token, one.refresh_token) == (other.access_token, other.refresh_token)
