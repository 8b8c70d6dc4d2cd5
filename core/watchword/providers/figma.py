"""Sign in with Figma (https://developers.figma.com/docs/rest-api/authentication)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Figma(Provider):
    """Figma accounts.

    Register an application at https://www.figma.com/developers/apps, with the scope
    `current_user:read` and the callback URL.
    """

    def describe(self) -> Description:
        return Description(
            id="figma",
            name="Figma",
            authorization_url="https://www.figma.com/oauth",
            token_url="https://api.figma.com/v1/oauth/token",
            authentication="basic",
            scopes=("current_user:read",),
            user_info_url="https://api.figma.com/v1/me",
            fields=Fields(id="id", name=("handle",), image=("img_url",)),
            needs_secret=True,
        )
