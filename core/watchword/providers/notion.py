"""Sign in with Notion (https://developers.notion.com/docs/authorization)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Notion(Provider):
    """Notion accounts.

    Register a public integration at https://www.notion.so/profile/integrations, with the
    callback URL as redirect URI and the capability to read user information including
    addresses.

    - What is granted is chosen in the integration, not by scopes. Without the capability there
      is no address and no sign-in.
    """

    def describe(self) -> Description:
        return Description(
            id="notion",
            name="Notion",
            authorization_url="https://api.notion.com/v1/oauth/authorize",
            token_url="https://api.notion.com/v1/oauth/token",
            authentication="basic",
            refresh_authentication="post",
            pkce=False,
            takes_login_hint=True,
            fixed_parameters={"owner": "user"},
            user_info_url="https://api.notion.com/v1/users/me",
            user_info_headers={"notion-version": "2022-06-28"},
            user_info_at="bot.owner.user",
            fields=Fields(id="id", email=("person.email",), image=("avatar_url",)),
        )
