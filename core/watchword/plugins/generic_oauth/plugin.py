"""The plugin: its providers stand beside the built-in ones, and hear of sign-outs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from watchword.call import Call
from watchword.errors import ConfigurationError, Overloaded
from watchword.features.sessions import SessionEndpoints, SignOut
from watchword.features.social.flow import SocialFlow
from watchword.features.social.plugin import ProviderSource, SocialSignIn
from watchword.http.urls import join_url
from watchword.oauth.provider import Provider
from watchword.plugin_base import Plugin
from watchword.records import Account

from .provider import GenericProvider


@dataclass(frozen=True, kw_only=True)
class GenericOAuth(ProviderSource):
    """Sign-in with any provider of OAuth 2 or OpenID Connect."""

    id: ClassVar[str] = "generic-oauth"

    config: Sequence[GenericProvider]
    """The providers. The endpoints are those of `social_providers`."""

    def __post_init__(self) -> None:
        if not self.config:
            raise ConfigurationError(
                "GenericOAuth.config", "names no provider", "Give providers, or leave it out"
            )

    def identity_providers(self) -> Sequence[Provider]:
        """The providers."""
        return self.config

    def adapt(self, feature: Plugin) -> Plugin:
        """Signing out here signs out there, too."""
        if isinstance(feature, SessionEndpoints):
            return replace(feature, provider_logout=self._logout)
        return feature

    async def _logout(self, call: Call, user_id: str, asked: SignOut) -> str | None:
        """Where the browser ends its session at the provider that the user used last."""
        flow = call.config.plugin(SocialSignIn).flow
        accounts = await call.db.find_many(Account, user_id=user_id)
        for account in sorted(accounts, key=lambda one: one.updated_at, reverse=True):
            url = None if flow is None else await self._end(call, flow, account, asked)
            if url is not None:
                return url
        return None

    async def _end(
        self, call: Call, flow: SocialFlow, account: Account, asked: SignOut
    ) -> str | None:
        try:
            provider = await flow.ready(call, account.provider_id)
        except Overloaded:
            return None  # Whoever signs out is signed out here, whatever becomes of the rest.
        if not isinstance(provider, GenericProvider):
            return None
        target = asked.callback_url or provider.post_logout_redirect_uri
        whole = join_url(call.site.base_url, target) if target else None
        return provider.end_session_url(account.id_token, whole, asked.state)
