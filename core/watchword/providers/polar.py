"""Sign in with Polar (https://docs.polar.sh/integrate/oauth2)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Polar(Provider):
    """Polar accounts.

    Register an OAuth client at https://polar.sh/dashboard/account/developer, with the scopes
    openid, profile and email and the callback URL as redirect URI.

    - Redirect URIs have HTTPS, except for `localhost`.
    """

    def describe(self) -> Description:
        return Description(
            id="polar",
            name="Polar",
            authorization_url="https://polar.sh/oauth2/authorize",
            token_url="https://api.polar.sh/v1/oauth2/token",
            scopes=("openid", "profile", "email"),
            user_info_url="https://api.polar.sh/v1/oauth2/userinfo",
            fields=Fields(
                id="id",
                name=("public_name", "username"),
                image=("avatar_url",),
                email_verified="email_verified",
            ),
        )
