"""Sign in with PayPal (https://developer.paypal.com/docs/log-in-with-paypal)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens, unverified_claims


@dataclass(frozen=True, kw_only=True, repr=False)
class PayPal(Provider):
    """PayPal accounts.

    Register an application at https://developer.paypal.com/dashboard/applications/ and switch
    on "Log in with PayPal". The callback URL is its return URL; the address and the name have
    to be among the information that is requested.

    - What is granted is chosen in the application there, not by scopes.
    - Without `environment="live"` it is the sandbox, with accounts and credentials of its own.
    """

    environment: Literal["sandbox", "live"] = "sandbox"
    """`live` for real accounts."""

    def describe(self) -> Description:
        domain = "paypal.com" if self.environment == "live" else "sandbox.paypal.com"
        return Description(
            id="paypal",
            name="PayPal",
            authorization_url=f"https://www.{domain}/signin/authorize",
            token_url=f"https://api-m.{domain}/v1/oauth2/token",
            authentication="basic",
            sends_scopes=False,
            user_info_url=f"https://api-m.{domain}/v1/identity/oauth2/userinfo?schema=paypalv1.1",
            user_info_headers={"accept": "application/json"},
            fields=Fields(id="user_id", image=("picture",), email_verified="email_verified"),
            needs_secret=True,
        )

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        profile = await super().fetch_profile(client, tokens)
        if profile is None or tokens.id_token is None:
            return profile
        # Both have to speak of the same person (OpenID Connect Core, 5.3.2).
        subject = (unverified_claims(tokens.id_token) or {}).get("sub")
        if not subject or subject not in (profile.get("sub"), profile.get("user_id")):
            raise OAuthFailed("paypal: the ID token is about somebody else")
        return profile
