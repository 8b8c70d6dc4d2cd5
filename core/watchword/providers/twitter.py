"""Sign in with X (https://docs.x.com/resources/fundamentals/authentication/oauth-2-0)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.client import Client, bearer
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.profile import Fields, found, text
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens, json_object
from watchword.runtime.outgoing import OutgoingAnswer

_ME = "https://api.x.com/2/users/me?user.fields="


@dataclass(frozen=True, kw_only=True, repr=False)
class Twitter(Provider):
    """X accounts.

    Register an application at https://developer.x.com/en/portal/dashboard and set up its user
    authentication: OAuth 2.0, "Web App", the callback URL, and "Request email from users",
    which wants links to your terms and your privacy policy.

    - Without that permission, and for whoever has confirmed no address, there is a placeholder.
      An address that is told is a confirmed one.
    - The provider is still called `twitter` in paths and rows.
    """

    def describe(self) -> Description:
        return Description(
            id="twitter",
            name="Twitter",
            authorization_url="https://x.com/i/oauth2/authorize",
            token_url="https://api.x.com/2/oauth2/token",
            authentication="basic",
            scopes=("users.read", "tweet.read", "offline.access", "users.email"),
            user_info_url=f"{_ME}profile_image_url",
            fields=Fields(
                id="data.id",
                name=("data.name",),
                email=("confirmed_email",),
                placeholder="twitter.placeholder.invalid",
                image=("data.profile_image_url",),
                email_verified="email_verified",
            ),
        )

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        profile = await super().fetch_profile(client, tokens)
        if profile is None:
            return None
        answer = await client.get(f"{_ME}confirmed_email", bearer(tokens.access_token))
        address = _address(answer, found(profile, "data.id"))
        return {**profile, "confirmed_email": address, "email_verified": address is not None}


def _address(answer: OutgoingAnswer, subject: object) -> str | None:
    # Applications that may not read addresses get an error.
    try:
        told = json_object(answer, "twitter: address")
    except OAuthFailed:
        return None
    return text(told, "data.confirmed_email") if found(told, "data.id") == subject else None
