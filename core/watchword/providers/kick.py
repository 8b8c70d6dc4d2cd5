"""Sign in with Kick (https://docs.kick.com/getting-started/generating-tokens-oauth2-flow)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Kick(Provider):
    """Kick accounts.

    Register an application at https://kick.com/settings/developer, with the scope `user:read`
    and the callback URL. Kick shows this page to accounts with two factors only.
    """

    def describe(self) -> Description:
        return Description(
            id="kick",
            name="Kick",
            authorization_url="https://id.kick.com/oauth/authorize",
            token_url="https://id.kick.com/oauth/token",
            scopes=("user:read",),
            user_info_url="https://api.kick.com/public/v1/users",
            user_info_at="data.0",
            fields=Fields(id="user_id", image=("profile_picture",)),
        )
