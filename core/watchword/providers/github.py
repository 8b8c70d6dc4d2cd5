"""Sign in with GitHub (https://docs.github.com/apps/oauth-apps)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from watchword.http.json import InvalidJSON, decode
from watchword.oauth.client import Client, bearer
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed, WithoutTokens
from watchword.oauth.profile import Fields
from watchword.oauth.provider import CodeGrant, Provider
from watchword.oauth.tokens import Profile, Tokens

_EMAILS = "https://api.github.com/user/emails"
_AGENT = {"user-agent": "better-auth"}  # GitHub answers nobody without one.


@dataclass(frozen=True, kw_only=True, repr=False)
class GitHub(Provider):
    """GitHub accounts.

    Register an OAuth App at https://github.com/settings/developers. It has one callback URL.

    - Who keeps the address private is asked for it by the scope `user:email`. An address counts
      as verified if GitHub's list of addresses says so.
    - A GitHub App does as well. It needs the account permission "Email addresses: read-only"
      instead of the scope, or there is no address.
    - Tokens of OAuth Apps have no end, and no refresh token. Those of GitHub Apps end after
      eight hours and have one.
    """

    def describe(self) -> Description:
        return Description(
            id="github",
            name="GitHub",
            authorization_url="https://github.com/login/oauth/authorize",
            token_url="https://github.com/login/oauth/access_token",
            scopes=("read:user", "user:email"),
            takes_login_hint=True,
            user_info_url="https://api.github.com/user",
            user_info_headers=_AGENT,
            fields=Fields(
                id="id",
                name=("name", "login"),
                image=("avatar_url",),
                email_verified="email_verified",
            ),
        )

    async def exchange(self, client: Client, grant: CodeGrant) -> Tokens:
        try:
            return await super().exchange(client, grant)
        except WithoutTokens as error:
            # GitHub says of a code that is not good, with a status of 200, that it is an error.
            raise OAuthFailed(str(error)) from None

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        profile = await super().fetch_profile(client, tokens)
        if profile is None:
            return None
        answer = await client.get(_EMAILS, {**bearer(tokens.access_token), **_AGENT})
        # A token without the scope gets no list; the public address is never vouched for then.
        emails = _emails(answer.body) if answer.status == 200 else []
        address = profile.get("email") or _chosen(emails)
        verified = any(
            one.get("email") == address and one.get("verified") is True for one in emails
        )
        return {**profile, "email": address, "email_verified": verified}


def _emails(body: bytes) -> list[Profile]:
    try:
        found = decode(body)
    except InvalidJSON:
        return []
    listed = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Profile", one) for one in listed if isinstance(one, dict)]


def _chosen(emails: list[Profile]) -> object:
    primary = [one for one in emails if one.get("primary") is True]
    return next((one.get("email") for one in [*primary, *emails]), None)
