"""Sign in with Twitch (https://dev.twitch.tv/docs/authentication/getting-tokens-oidc)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Twitch(Provider):
    """Twitch accounts.

    Register an application at https://dev.twitch.tv/console/apps. The callback URL is one of
    its "OAuth Redirect URLs". Twitch wants two factors for the account that registers.

    - The address is in the ID token because it is asked for there, and granted by the scope
      `user:read:email`.
    """

    claims: tuple[str, ...] = ("email", "email_verified", "preferred_username", "picture")
    """What the ID token is to say; the address always."""

    def describe(self) -> Description:
        claims = dict.fromkeys(("email", "email_verified", *self.claims))
        return Description(
            id="twitch",
            name="Twitch",
            authorization_url="https://id.twitch.tv/oauth2/authorize",
            token_url="https://id.twitch.tv/oauth2/token",
            scopes=("user:read:email", "openid"),
            pkce=False,
            parameters={"claims": json.dumps({"id_token": claims}, separators=(",", ":"))},
            fields=Fields(
                id="sub",
                name=("preferred_username",),
                image=("picture",),
                email_verified="email_verified",
            ),
        )
