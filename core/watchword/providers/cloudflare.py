"""Sign in with Cloudflare (https://developers.cloudflare.com/fundamentals)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.keyed_provider import KeyedProvider
from watchword.oauth.profile import Fields


@dataclass(frozen=True, kw_only=True, repr=False)
class Cloudflare(KeyedProvider):
    """Cloudflare accounts."""

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
