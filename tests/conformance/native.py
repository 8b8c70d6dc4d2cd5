"""Profiles of our own for applications on a device, with a provider that is asked for real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.conformance.surroundings import Surroundings
from watchword.oauth.description import Description
from watchword.oauth.profile import Fields
from watchword.oauth.provider import Provider
from watchword.plugins import Bearer, Capacitor, Expo


@dataclass(frozen=True, kw_only=True, repr=False)
class FakeProvider(Provider):
    """The generic part of tests/reference/fake-provider.mjs."""

    site: str

    def describe(self) -> Description:
        return Description(
            id="fakeoidc",
            name="Fake",
            authorization_url=f"{self.site}/oidc/authorize",
            token_url=f"{self.site}/oidc/token",
            scopes=("openid", "profile", "email"),
            user_info_url=f"{self.site}/oidc/userinfo",
            fields=Fields(id="sub", name=("name",), email_verified="email_verified"),
        )


def native(around: Surroundings) -> dict[str, Any]:
    """What both clients are served by."""
    site = around.provider or "http://127.0.0.1:21100"
    provider = FakeProvider(site=site, client_id="oidc-client", client_secret="oidc-secret")
    return {
        "trusted_origins": ("myapp://",),
        "social_providers": [provider],
        "plugins": [Bearer(), Expo(link_by_any_browser=True), Capacitor(link_by_any_browser=True)],
    }
