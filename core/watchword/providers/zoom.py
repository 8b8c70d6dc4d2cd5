"""Sign in with Zoom (https://developers.zoom.us/docs/integrations/oauth)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.oauth.description import Description
from watchword.oauth.profile import Fields, Identity
from watchword.oauth.provider import Provider
from watchword.oauth.tokens import Profile


@dataclass(frozen=True, kw_only=True, repr=False)
class Zoom(Provider):
    """Zoom accounts.

    Register a general application, managed by users, at
    https://marketplace.zoom.us/develop/create, with the scope `user:read:user`. The callback
    URL is both the OAuth redirect URL and on the allow list.

    - What is granted is chosen in the application there, not by scopes.
    - There are two pairs of credentials, for development and for production.
    """

    pkce: bool = True
    """False: for applications that do not allow it. The verifier is sent with the code anyway."""

    def describe(self) -> Description:
        return Description(
            id="zoom",
            name="Zoom",
            authorization_url="https://zoom.us/oauth/authorize",
            token_url="https://zoom.us/oauth/token",
            sends_scopes=False,
            pkce=self.pkce,
            sends_verifier=True,
            user_info_url="https://api.zoom.us/v2/users/me",
            fields=Fields(
                id="id",
                name=("display_name",),
                image=("pic_url",),
                email_verified="verified",
            ),
        )

    def identify(self, profile: Profile) -> Identity:
        identity = super().identify(profile)
        # Zoom says 1 or 0.
        return replace(identity, email_verified=identity.email_verified in (1, "true"))
