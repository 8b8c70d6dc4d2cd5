"""Sign in with Hugging Face (https://huggingface.co/docs/hub/oauth)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class HuggingFace(Provider):
    """Hugging Face accounts.

    Register an OAuth application at https://huggingface.co/settings/applications/new, with the
    scopes openid, profile and email and the callback URL.
    """

    def describe(self) -> Description:
        return Description(
            id="huggingface",
            name="Hugging Face",
            authorization_url="https://huggingface.co/oauth/authorize",
            token_url="https://huggingface.co/oauth/token",
            scopes=("openid", "profile", "email"),
            user_info_url="https://huggingface.co/oauth/userinfo",
            fields=Fields(
                id="sub",
                name=("name", "preferred_username"),
                image=("picture",),
                email_verified="email_verified",
            ),
        )
