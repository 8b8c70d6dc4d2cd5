"""Sign in with Microsoft Entra ID (https://learn.microsoft.com/entra/identity-platform)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Literal, cast

from watchword.errors import Overloaded
from watchword.oauth.client import Client, bearer
from watchword.oauth.description import Description
from watchword.oauth.id_tokens import IdTokenRules
from watchword.oauth.keyed_provider import KeyedProvider
from watchword.oauth.profile import Fields, Identity
from watchword.oauth.tokens import Profile, Tokens
from watchword.runtime.outgoing import OutgoingFailed

_PHOTOS = "https://graph.microsoft.com/v1.0/me/photos"
_LARGEST_PHOTO = 40_000  # bytes: as a text it has to fit where images' addresses are kept
_PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all private accounts."""
_SHARED = ("common", "organizations", "consumers")


@dataclass(frozen=True, kw_only=True, repr=False)
class Microsoft(KeyedProvider):
    """Accounts of organizations and private ones.

    Register an application at https://entra.microsoft.com/ ("App registrations"). The callback
    URL belongs to the platform "Web"; the supported account types have to fit `tenant_id`.

    - An address is believed only if the token says that it is verified: any administrator can
      write any address into a profile. Add the optional claims `verified_primary_email` and
      `verified_secondary_email` to the ID token ("Token configuration") where it matters.
    - For the same reason do not make it one of `trusted_providers` unless `tenant_id` is a
      tenant of yours.
    - People are known by the object id (`oid`). Somebody in two tenants has two.
    - Photos are kept as `data:` URLs, of up to 40 kB; `disable_profile_photo` leaves them out.
    - Instead of a secret `assertion_key` may sign.
    """

    tenant_id: str = "common"
    """`common`, `organizations`, `consumers`, or the id of a tenant."""
    authority: str = "https://login.microsoftonline.com"
    """Another one for the national clouds and External ID."""
    profile_photo_size: Literal[48, 64, 96, 120, 240, 360, 432, 504, 648] = 48
    """Pixels of each side. Photos of more than 40 kB are left out."""
    disable_profile_photo: bool = False
    """Do not ask for a photo."""

    def describe(self) -> Description:
        tenant = f"{self._authority}/{self.tenant_id}"
        return Description(
            id="microsoft",
            name="Microsoft EntraID",
            authorization_url=f"{tenant}/oauth2/v2.0/authorize",
            token_url=f"{tenant}/oauth2/v2.0/token",
            authentication=self.authentication_by("post"),
            scopes=("openid", "profile", "email", "User.Read", "offline_access"),
            takes_login_hint=True,
            fields=Fields(id="oid", image=("picture",), email_verified="email_verified"),
            id_token=IdTokenRules(
                jwks_url=f"{tenant}/discovery/v2.0/keys",
                issuers=() if self.tenant_id in _SHARED else (f"{tenant}/v2.0",),
            ),
        )

    @property
    def _authority(self) -> str:
        return self.authority.rstrip("/")

    def refresh_parameters(self) -> dict[str, str]:
        return {"scope": " ".join(self.scopes_of(()))}

    def accepts_claims(self, claims: Profile) -> bool:
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or claims.get("iss") != f"{self._authority}/{tenant}/v2.0":
            return False
        if self.tenant_id == "organizations":
            return tenant != _PERSONAL
        return self.tenant_id != "consumers" or tenant == _PERSONAL

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        claims = await super().fetch_profile(client, tokens)
        if claims is None or self.disable_profile_photo or not tokens.access_token:
            return claims
        photo = await self._photo(client, tokens.access_token)
        return claims if photo is None else {**claims, "picture": photo}

    def identify(self, profile: Profile) -> Identity:
        # A photo is longer than what a text of a profile may be.
        identity, picture = super().identify(profile), profile.get("picture")
        if isinstance(picture, str) and picture.startswith("data:image/jpeg;base64, "):
            identity = replace(identity, image=picture)
        if "email_verified" in profile:
            return identity
        listed = (profile.get("verified_primary_email"), profile.get("verified_secondary_email"))
        verified = any(
            identity.email in cast("list[object]", one) for one in listed if isinstance(one, list)
        )
        return replace(identity, email_verified=identity.email is not None and verified)

    async def _photo(self, client: Client, access_token: str) -> str | None:
        size = self.profile_photo_size
        url = f"{_PHOTOS}/{size}x{size}/$value"
        try:
            answer = await client.get(url, bearer(access_token))
        except (OutgoingFailed, Overloaded):
            return None  # Nobody stays outside for want of a photo.
        if answer.status != 200 or not 0 < len(answer.body) <= _LARGEST_PHOTO:
            return None
        return f"data:image/jpeg;base64, {base64.b64encode(answer.body).decode()}"
