"""Sign in with Atlassian (https://developer.atlassian.com/cloud/oauth/getting-started)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Atlassian(Provider):
    """Atlassian accounts.

    Register an OAuth 2.0 integration at https://developer.atlassian.com/console/myapps/. The
    callback URL belongs to "Authorization"; "Permissions" needs the User Identity API, and Jira
    for the scope that is asked for by default.

    - Add the scope `read:me`: without it Atlassian does not say who it is.
    - Where Jira is of no interest, `disable_default_scope=True` with `scope=["read:me",
      "offline_access"]` asks for nothing of it.
    """

    def describe(self) -> Description:
        return Description(
            id="atlassian",
            name="Atlassian",
            authorization_url="https://auth.atlassian.com/authorize",
            token_url="https://auth.atlassian.com/oauth/token",
            scopes=("read:jira-user", "offline_access"),
            fixed_parameters={"audience": "api.atlassian.com"},
            user_info_url="https://api.atlassian.com/me",
            fields=Fields(id="account_id", image=("picture",)),
            needs_secret=True,
        )
