"""Providers that are known by discovery: Auth0, Okta, Keycloak, Microsoft Entra ID."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from watchword.errors import Overloaded
from watchword.http.urls import parse_url
from watchword.oauth.client import Client
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.profile import Fields, Identity
from watchword.oauth.tokens import Profile, Tokens, unverified_claims
from watchword.runtime.outgoing import OutgoingFailed

from .provider import GenericProvider

_DOCUMENT = "/.well-known/openid-configuration"
_TENANT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True, repr=False)
class Auth0(GenericProvider):
    """Accounts of a tenant of Auth0."""

    provider_id: str = "auth0"
    scope: Sequence[str] = ("openid", "profile", "email")
    domain: str
    """Of the tenant: `my-tenant.eu.auth0.com`."""

    @property
    def document_url(self) -> str | None:
        given = self.domain if "://" in self.domain else f"https://{self.domain}"
        found = parse_url(given)
        return None if found is None else f"https://{found.netloc}{_DOCUMENT}"

    def check(self) -> None:
        if not self.domain or self.document_url is None:
            raise self.wrong("domain", f"{self.domain!r} is no host", "Take it from the tenant")
        super().check()


@dataclass(frozen=True, kw_only=True, repr=False)
class _OfIssuer(GenericProvider):
    """A provider whose `issuer` says where it tells about itself."""

    scope: Sequence[str] = ("openid", "profile", "email")

    @property
    def document_url(self) -> str | None:
        return f"{(self.issuer or '').removesuffix('/')}{_DOCUMENT}"

    def check(self) -> None:
        if not self.issuer or parse_url(self.issuer) is None:
            raise self.wrong("issuer", f"{self.issuer!r} is no URL", "Take it from the provider")
        super().check()


@dataclass(frozen=True, kw_only=True, repr=False)
class Okta(_OfIssuer):
    """Accounts of an authorization server of Okta: `https://my.okta.com/oauth2/default`."""

    provider_id: str = "okta"


@dataclass(frozen=True, kw_only=True, repr=False)
class Keycloak(_OfIssuer):
    """Accounts of a realm of Keycloak: `https://id.example.com/realms/my-realm`."""

    provider_id: str = "keycloak"


@dataclass(frozen=True, kw_only=True, repr=False)
class MicrosoftEntraID(GenericProvider):
    """Accounts of one tenant of Microsoft Entra ID; `watchword.providers.Microsoft` has those of
    many.

    An ID token that Microsoft signed has to come, and its `oid` names the account. Who has no
    address gets one that does not exist.
    """

    provider_id: str = "microsoft-entra-id"
    scope: Sequence[str] = ("openid", "profile", "email")
    require_id_token_verification: bool = True
    tenant_id: str
    """The tenant's GUID."""

    def describe(self) -> Description:
        login = f"https://login.microsoftonline.com/{self.tenant_id.lower()}/oauth2/v2.0"
        return replace(
            super().describe(),
            authorization_url=f"{login}/authorize",
            token_url=f"{login}/token",
            user_info_url="https://graph.microsoft.com/oidc/userinfo",
        )

    @property
    def document_url(self) -> str | None:
        return f"https://login.microsoftonline.com/{self.tenant_id.lower()}/v2.0{_DOCUMENT}"

    def check(self) -> None:
        if not _TENANT.fullmatch(self.tenant_id.lower()):
            remedy = "Give the GUID; for common and the like there is watchword.providers.Microsoft"
            raise self.wrong("tenant_id", f"{self.tenant_id!r} is no GUID", remedy)
        super().check()

    async def fetch_profile(self, client: Client, tokens: Tokens) -> Profile | None:
        claims = unverified_claims(tokens.id_token)  # `user_info` has verified it.
        if claims is None or not isinstance(claims.get("oid"), str):
            return None
        try:
            more = await self.ask_user_info(client, tokens)
        except (OAuthFailed, OutgoingFailed, Overloaded):
            return claims  # The token says enough.
        same = more is not None and more.get("sub") == claims.get("sub")
        return {**more, **claims} if more is not None and same else claims

    def identify(self, profile: Profile) -> Identity:
        return _ENTRA.identify(profile)


_ENTRA = Fields(
    id="oid",
    name=("name", "given_name family_name", "givenname familyname"),
    placeholder="microsoft-entra-id.placeholder.invalid",
    image=("picture",),
    email_verified="email_verified",
)
