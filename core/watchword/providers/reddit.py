"""Sign in with Reddit (https://github.com/reddit-archive/reddit/wiki/OAuth2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from watchword.oauth.authorization import Authorization
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, Identity
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile

_AGENT = {"user-agent": "better-auth"}  # Reddit turns away those of libraries.


@dataclass(frozen=True, kw_only=True, repr=False)
class Reddit(Provider):
    """Reddit accounts.

    Register an application of the type "web app" at https://www.reddit.com/prefs/apps, with the
    callback URL as redirect URI.

    - Reddit tells no address: everybody gets a placeholder.
    - A refresh token comes only with `duration="permanent"`.
    """

    duration: Literal["temporary", "permanent"] | None = None
    """`permanent`: a refresh token comes along."""

    def describe(self) -> Description:
        return Description(
            id="reddit",
            name="Reddit",
            authorization_url="https://www.reddit.com/api/v1/authorize",
            token_url="https://www.reddit.com/api/v1/access_token",
            authentication="basic",
            token_headers={"accept": "text/plain", **_AGENT},
            scopes=("identity",),
            pkce=False,
            user_info_url="https://oauth.reddit.com/api/v1/me",
            user_info_headers=_AGENT,
            fields=Fields(
                id="id",
                email=(),
                placeholder="reddit.placeholder.invalid",
                image=("icon_img",),
            ),
        )

    def early_parameters(self, asked: Authorization) -> dict[str, str | None]:
        return {"duration": self.duration, **super().early_parameters(asked)}

    def identify(self, profile: Profile) -> Identity:
        identity = super().identify(profile)
        # The query holds a signature for one size.
        return replace(identity, image=(identity.image or "").partition("?")[0] or None)
