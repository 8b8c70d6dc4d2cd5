"""Sign in with Google (https://developers.google.com/identity/openid-connect)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from watchword.oauth.authorization import Authorization
from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.id_tokens import IdTokenRules
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens

ID_TOKENS = IdTokenRules(
    jwks_url="https://www.googleapis.com/oauth2/v3/certs",
    issuers=("https://accounts.google.com", "accounts.google.com"),
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Google(Provider):
    """Google accounts, of people and of Workspace domains.

    Register an OAuth client ID of the type "Web application" at
    https://console.cloud.google.com/apis/credentials. The callback URL is one of the
    "Authorized redirect URIs".

    - A refresh token comes with `access_type="offline"`, and only with the first consent;
      `prompt="consent"` makes every one the first.
    - `hd` is checked in the ID token: the parameter of the URL only chooses what is offered.
    - While the consent screen is in testing, only listed people get in, and refresh tokens end
      after seven days.
    """

    access_type: Literal["offline", "online"] | None = None
    """`offline`: a refresh token comes along, with the first consent."""
    display: Literal["page", "popup", "touch", "wap"] | None = None
    """How the consent page is shown."""
    hd: str | None = None
    """Only accounts of this Workspace domain; `*`: of any."""
    include_granted_scopes: bool = True
    """Tokens are good for what was granted earlier, too."""

    def describe(self) -> Description:
        return Description(
            id="google",
            name="Google",
            authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
            token_url="https://oauth2.googleapis.com/token",
            scopes=("email", "profile", "openid"),
            takes_login_hint=True,
            parameters={"include_granted_scopes": "true"} if self.include_granted_scopes else {},
            fields=Fields(id="sub", image=("picture",), email_verified="email_verified"),
            id_token=ID_TOKENS,
            needs_secret=True,
        )

    def early_parameters(self, asked: Authorization) -> dict[str, str | None]:
        return {
            "display": self.display,
            **super().early_parameters(asked),
            "hd": self.hd,
            "access_type": self.access_type,
        }

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        claims = await super().fetch_profile(client, tokens)
        if claims is not None and not self.accepts_claims(claims):
            raise OAuthFailed("google: an account of another domain")
        return claims

    def accepts_claims(self, claims: Profile) -> bool:
        # The parameter only chooses what is offered: it can be taken out of the URL.
        domain = claims.get("hd")
        return self.hd is None or (bool(domain) if self.hd == "*" else domain == self.hd)
