"""Sign in with Salesforce (https://help.salesforce.com, "OAuth 2.0 web server flow")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Salesforce(Provider):
    """Salesforce accounts.

    Register an external client application (or a connected one) with OAuth in the setup of your
    organization, from https://login.salesforce.com/: with the scopes openid, profile and email
    and the callback URL.

    - Sandboxes have accounts and a host of their own (`environment`), and so may your
      organization (`login_url`).
    - A refresh token comes only with the scope `refresh_token`, in `scope` and in the
      application there.
    """

    environment: Literal["production", "sandbox"] = "production"
    """Which accounts: real ones or those of sandboxes."""
    login_url: str | None = None
    """The host of an organization of its own (My Domain), instead of the environment's."""

    def describe(self) -> Description:
        host = "test.salesforce.com" if self.environment == "sandbox" else "login.salesforce.com"
        given = (self.login_url or host).removeprefix("https://").rstrip("/")
        server = f"https://{given}/services/oauth2"
        return Description(
            id="salesforce",
            name="Salesforce",
            authorization_url=f"{server}/authorize",
            token_url=f"{server}/token",
            scopes=("openid", "email", "profile"),
            user_info_url=f"{server}/userinfo",
            fields=Fields(
                id="user_id",
                image=("photos.picture", "photos.thumbnail"),
                email_verified="email_verified",
            ),
            needs_secret=True,
        )
