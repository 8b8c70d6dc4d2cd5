"""Sign in with Railway (https://docs.railway.com/integrations/oauth)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Railway(Provider):
    """Railway accounts.

    Register a web application at https://railway.com/workspace/developer, with the callback URL
    as redirect URI. It takes an administrator of the workspace.
    """

    def describe(self) -> Description:
        return Description(
            id="railway",
            name="Railway",
            authorization_url="https://backboard.railway.com/oauth/auth",
            token_url="https://backboard.railway.com/oauth/token",
            authentication="basic",
            scopes=("openid", "email", "profile"),
            user_info_url="https://backboard.railway.com/oauth/me",
            fields=Fields(id="sub", image=("picture",)),
        )
