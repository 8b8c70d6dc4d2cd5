"""Sign in with Vercel (https://vercel.com/docs/sign-in-with-vercel)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.keyed_provider import KeyedProvider
from watchword.oauth.profile import Fields


@dataclass(frozen=True, kw_only=True, repr=False)
class Vercel(KeyedProvider):
    """Vercel accounts.

    Register an application in the settings of a team ("Apps") from
    https://vercel.com/dashboard, with the callback URL among the "Authorization Callback URLs",
    and permit the scopes openid, email and profile.

    - No scope is asked for unless you name one, and without `email` there is no address and no
      sign-in.
    - Without a secret the application is a public client; `assertion_key` signs instead of a
      secret.
    """

    def describe(self) -> Description:
        return Description(
            id="vercel",
            name="Vercel",
            authorization_url="https://vercel.com/oauth/authorize",
            token_url="https://api.vercel.com/login/oauth/token",
            authentication=self.authentication_by("post"),
            refreshes=False,
            user_info_url="https://api.vercel.com/login/oauth/userinfo",
            fields=Fields(
                id="sub",
                name=("name", "preferred_username"),
                image=("picture",),
                email_verified="email_verified",
            ),
        )
