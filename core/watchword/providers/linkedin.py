"""Sign in with LinkedIn (https://learn.microsoft.com/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class LinkedIn(Provider):
    """LinkedIn accounts.

    Register an application at https://www.linkedin.com/developers/apps and add the product
    "Sign In with LinkedIn using OpenID Connect". The callback URL is one of the "Authorized
    redirect URLs" below "Auth".

    - LinkedIn gives refresh tokens to approved partners only.
    """

    def describe(self) -> Description:
        return Description(
            id="linkedin",
            name="Linkedin",
            authorization_url="https://www.linkedin.com/oauth/v2/authorization",
            token_url="https://www.linkedin.com/oauth/v2/accessToken",
            scopes=("profile", "email", "openid"),
            pkce=False,
            takes_login_hint=True,
            user_info_url="https://api.linkedin.com/v2/userinfo",
            fields=Fields(id="sub", image=("picture",), email_verified="email_verified"),
        )
