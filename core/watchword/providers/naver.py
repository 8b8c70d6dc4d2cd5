"""Sign in with Naver (https://developers.naver.com/docs/login/api)."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider


@dataclass(frozen=True, kw_only=True, repr=False)
class Naver(Provider):
    """Naver accounts.

    Register an application at https://developers.naver.com/apps/ that uses Naver Login, with
    the callback URL. What is told (name, address, picture) is chosen there.
    """

    def describe(self) -> Description:
        return Description(
            id="naver",
            name="Naver",
            authorization_url="https://nid.naver.com/oauth2.0/authorize",
            token_url="https://nid.naver.com/oauth2.0/token",
            scopes=("profile", "email"),
            pkce=False,
            user_info_url="https://openapi.naver.com/v1/nid/me",
            user_info_requires={"resultcode": "00"},
            fields=Fields(
                id="response.id",
                name=("response.name", "response.nickname"),
                email=("response.email",),
                image=("response.profile_image",),
            ),
        )
