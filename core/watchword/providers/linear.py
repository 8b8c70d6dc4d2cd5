"""Sign in with Linear (https://linear.app/developers/oauth-2-0-authentication)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider

_QUESTION = b'{"query":"query { viewer { id name email avatarUrl active createdAt updatedAt } }"}'


@dataclass(frozen=True, kw_only=True, repr=False)
class Linear(Provider):
    """Linear accounts.

    Register an OAuth application at https://linear.app/settings/api/applications/new, with the
    callback URL.
    """

    def describe(self) -> Description:
        return Description(
            id="linear",
            name="Linear",
            authorization_url="https://linear.app/oauth/authorize",
            token_url="https://api.linear.app/oauth/token",
            scopes=("read",),
            pkce=False,
            takes_login_hint=True,
            user_info_url="https://api.linear.app/graphql",
            user_info_headers={"content-type": "application/json"},
            user_info_body=_QUESTION,
            user_info_at="data.viewer",
            fields=Fields(id="id", image=("avatarUrl",)),
        )
