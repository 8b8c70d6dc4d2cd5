"""Sign in with Spotify (https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Spotify(Provider):
    """Spotify accounts.

    Register an application at https://developer.spotify.com/dashboard. The callback URL is one
    of its redirect URIs.

    - Redirect URIs have HTTPS, or `http://127.0.0.1`: `localhost` is refused. Open the
      application under that address as well while you develop it.
    - Spotify itself has not verified the address.
    - An application in development mode lets in listed people only.
    """

    def describe(self) -> Description:
        return Description(
            id="spotify",
            name="Spotify",
            authorization_url="https://accounts.spotify.com/authorize",
            token_url="https://accounts.spotify.com/api/token",
            scopes=("user-read-email",),
            user_info_url="https://api.spotify.com/v1/me",
            fields=Fields(id="id", name=("display_name",), image=("images.0.url",)),
        )
