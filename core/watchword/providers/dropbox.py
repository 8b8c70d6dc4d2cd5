"""Sign in with Dropbox (https://developers.dropbox.com/oauth-guide)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Dropbox(Provider):
    """Dropbox accounts.

    Register a scoped application at https://www.dropbox.com/developers/apps, with the
    permission `account_info.read` and the callback URL among its redirect URIs.

    - A refresh token comes only with `access_type="offline"`.
    """

    access_type: Literal["offline", "online", "legacy"] | None = None
    """`offline`: a refresh token comes along."""

    def describe(self) -> Description:
        return Description(
            id="dropbox",
            name="Dropbox",
            authorization_url="https://www.dropbox.com/oauth2/authorize",
            token_url="https://api.dropboxapi.com/oauth2/token",
            scopes=("account_info.read",),
            parameters={"token_access_type": self.access_type} if self.access_type else {},
            user_info_url="https://api.dropboxapi.com/2/users/get_current_account",
            user_info_body=b"",
            fields=Fields(
                id="account_id",
                name=("name.display_name",),
                image=("profile_photo_url",),
                email_verified="email_verified",
            ),
        )
