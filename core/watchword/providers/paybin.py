"""Sign in with Paybin (https://idp.paybin.io)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Paybin(Provider):
    """Paybin accounts.

    Register an OAuth application in the developer settings of https://portfolio.paybin.io, with
    the callback URL as redirect URI.
    """

    issuer: str = "https://idp.paybin.io"
    """The server's URL."""

    def describe(self) -> Description:
        server = self.issuer.rstrip("/")
        return Description(
            id="paybin",
            name="Paybin",
            authorization_url=f"{server}/oauth2/authorize",
            token_url=f"{server}/oauth2/token",
            scopes=("openid", "email", "profile"),
            takes_login_hint=True,
            fields=Fields(
                id="sub",
                name=("name", "preferred_username"),
                image=("picture",),
                email_verified="email_verified",
            ),
            needs_secret=True,
        )
