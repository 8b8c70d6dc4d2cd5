"""Sign in with Slack (https://docs.slack.dev/authentication/sign-in-with-slack)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Slack(Provider):
    """Slack accounts.

    Register an application at https://api.slack.com/apps. The callback URL is one of the
    redirect URLs below "OAuth & Permissions", with HTTPS.

    - People are known by their id in a workspace: somebody in two workspaces is two accounts.
    - Tokens have no end, and no refresh token, unless token rotation is switched on there.
    """

    def describe(self) -> Description:
        return Description(
            id="slack",
            name="Slack",
            authorization_url="https://slack.com/openid/connect/authorize",
            token_url="https://slack.com/api/openid.connect.token",
            scopes=("openid", "profile", "email"),
            wanted_scopes_first=True,
            pkce=False,
            user_info_url="https://slack.com/api/openid.connect.userInfo",
            fields=Fields(
                id="https://slack.com/user_id",
                image=("picture", "https://slack.com/user_image_512"),
                email_verified="email_verified",
            ),
        )
