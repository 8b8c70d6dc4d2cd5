"""Sign in with Kakao (https://developers.kakao.com/docs/latest/en/kakaologin/rest-api)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, Identity, found
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile


@dataclass(frozen=True, kw_only=True, repr=False)
class Kakao(Provider):
    """Kakao accounts.

    Register an application at https://developers.kakao.com/console/app and switch on Kakao
    Login. The REST API key is the client id, the callback URL a redirect URI; the consent items
    account_email, profile_nickname and profile_image have to be set up.

    - The consent item account_email is for business applications. Without it, or if the person
      does not agree to it, there is no address and no sign-in.
    - An address counts as verified if Kakao calls it both valid and verified: one that has
      passed to another account since is not.
    """

    def describe(self) -> Description:
        return Description(
            id="kakao",
            name="Kakao",
            authorization_url="https://kauth.kakao.com/oauth/authorize",
            token_url="https://kauth.kakao.com/oauth/token",
            scopes=("account_email", "profile_image", "profile_nickname"),
            pkce=False,
            takes_login_hint=True,
            user_info_url="https://kapi.kakao.com/v2/user/me",
            fields=Fields(
                id="id",
                name=("kakao_account.profile.nickname", "kakao_account.name"),
                email=("kakao_account.email",),
                image=(
                    "kakao_account.profile.profile_image_url",
                    "kakao_account.profile.thumbnail_image_url",
                ),
                email_verified="kakao_account.is_email_verified",
            ),
        )

    def identify(self, profile: Profile) -> Identity:
        identity = super().identify(profile)
        # An address that was verified once, and has passed to another account since, is not valid.
        if found(profile, "kakao_account.is_email_valid") is True:
            return identity
        return replace(identity, email_verified=False)
