"""Sign in with Cloudflare (https://developers.cloudflare.com/fundamentals)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.keyed_provider import KeyedProvider
from watchword.oauth.profile import Fields


@dataclass(frozen=True, kw_only=True, repr=False)
class Cloudflare(KeyedProvider):
    """Cloudflare accounts.

    Register an OAuth client at https://dash.cloudflare.com/?to=/:account/oauth-clients ("Manage
    Account", "OAuth clients") with the code flow, `client_secret_basic`, the scope User Details
    Read and the callback URL.

    - Without a secret the application is a public client; `assertion_key` signs instead of a
      secret.
    - The person is asked for at Cloudflare's API: its OpenID user info has nothing but an id.
    """

    def describe(self) -> Description:
        return Description(
            id="cloudflare",
            name="Cloudflare",
            authorization_url="https://dash.cloudflare.com/oauth2/auth",
            takes_parameters=False,
            token_url="https://dash.cloudflare.com/oauth2/token",
            authentication=self.authentication_by("basic"),
            scopes=("user-details.read",),
            user_info_url="https://api.cloudflare.com/client/v4/user",
            user_info_requires={"success": True},
            user_info_at="result",
            fields=Fields(id="id", name=("first_name last_name", "email")),
        )

    def scopes_of(self, wanted: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(super().scopes_of(wanted)))
