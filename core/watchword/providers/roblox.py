"""Sign in with Roblox (https://create.roblox.com/docs/cloud/auth/oauth2-overview)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Roblox(Provider):
    """Roblox accounts.

    Register an OAuth 2.0 application at https://create.roblox.com/dashboard/credentials, with
    the scopes openid and profile and the callback URL as redirect URL.

    - Roblox tells no address: everybody gets a placeholder.
    """

    def describe(self) -> Description:
        return Description(
            id="roblox",
            name="Roblox",
            authorization_url="https://apis.roblox.com/oauth/v1/authorize",
            token_url="https://apis.roblox.com/oauth/v1/token",
            scopes=("openid", "profile"),
            pkce=False,
            prompt="select_account consent",
            user_info_url="https://apis.roblox.com/oauth/v1/userinfo",
            fields=Fields(
                id="sub",
                name=("nickname", "preferred_username"),
                email=(),
                placeholder="roblox.placeholder.invalid",
                image=("picture",),
            ),
        )
