"""Sign in with GitLab (https://docs.gitlab.com/api/oauth2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile, Tokens

_SLASHES = re.compile(r"(?<!:)/{2,}")


@dataclass(frozen=True, kw_only=True, repr=False)
class GitLab(Provider):
    """Accounts of gitlab.com or of a server of your own.

    Register a confidential application with the scope `read_user` at
    https://gitlab.com/-/user_settings/applications, or at the same path of your server. The
    callback URL is its redirect URI.

    - Whoever is blocked or locked there does not get in.
    - Ids are of the server: change `issuer` only while there is no account yet.
    """

    issuer: str = "https://gitlab.com"
    """The server's URL."""

    def describe(self) -> Description:
        return Description(
            id="gitlab",
            name="Gitlab",
            authorization_url=self._at("oauth/authorize"),
            token_url=self._at("oauth/token"),
            scopes=("read_user",),
            takes_login_hint=True,
            user_info_url=self._at("api/v4/user"),
            user_info_requires={"state": "active"},
            fields=Fields(
                id="id",
                name=("name", "username"),
                image=("avatar_url",),
                email_verified="email_verified",
            ),
        )

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        profile = await super().fetch_profile(client, tokens)
        return None if profile is None or profile.get("locked") else profile

    def _at(self, path: str) -> str:
        return _SLASHES.sub("/", f"{self.issuer}/{path}")
