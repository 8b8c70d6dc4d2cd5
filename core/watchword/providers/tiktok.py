"""Sign in with TikTok (https://developers.tiktok.com/doc/login-kit-web)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class TikTok(Provider):
    """TikTok accounts.

    Register an application with Login Kit at https://developers.tiktok.com/apps/. The client
    key is the client id; the callback URL is a redirect URI of the web platform, with HTTPS and
    without parameters.

    - TikTok tells no address: everybody gets a placeholder.
    - Ids are of the application: in another one the same person has another id.
    """

    client_id: str | Sequence[str] = ""
    """Here, or as `client_key`."""
    client_key: str | None = None
    """What the console calls the client id; goes before it."""

    def describe(self) -> Description:
        return Description(
            id="tiktok",
            name="TikTok",
            authorization_url="https://www.tiktok.com/v2/auth/authorize",
            token_url="https://open.tiktokapis.com/v2/oauth/token/",
            scopes=("user.info.profile",),
            scope_separator=",",
            client_id_name="client_key",
            opening=("scope", "response_type", "client_key", "redirect_uri", "state"),
            pkce=False,
            sends_verifier=True,
            user_info_url=(
                "https://open.tiktokapis.com/v2/user/info/"
                "?fields=open_id,avatar_large_url,display_name,username"
            ),
            fields=Fields(
                id="data.user.open_id",
                name=("data.user.display_name", "data.user.username"),
                email=("data.user.email",),
                placeholder="tiktok.placeholder.invalid",
                image=("data.user.avatar_large_url",),
            ),
        )

    @property
    def client_ids(self) -> tuple[str, ...]:
        return (self.client_key,) if self.client_key else super().client_ids
