"""Expo: applications with the client plugin of `@better-auth/expo` (spec: adapters, expo)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from watchword.call import Call
from watchword.configuration.safe_ranges import Safe
from watchword.endpoint import get
from watchword.errors import ErrorCodes
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .application import NativeApplication
from .authorization_proxy import AuthorizationProxy, NativeCodes, to_provider


@dataclass(frozen=True, kw_only=True)
class Expo(NativeApplication):
    """Options of Expo applications. Their schemes belong into `trusted_origins`."""

    id: ClassVar[str] = "expo"
    codes: ClassVar[type[ErrorCodes]] = NativeCodes
    origin_header: ClassVar[str] = "expo-origin"
    safe: ClassVar[Mapping[str, Safe]] = {
        **NativeApplication.safe,
        "expo_go": Safe(
            "any project that is opened in Expo Go may be handed sessions",
            exactly=False,
            severity="error",
        ),
    }

    expo_go: bool = False
    """Trust `exp://`, where applications run in Expo Go while they are written."""

    def trusted_origins(self) -> Sequence[str]:
        """Expo Go's, where it is wanted."""
        return ("exp://",) if self.expo_go else ()

    @get("/expo-authorization-proxy")
    async def expo_authorization_proxy(self, call: Call, query: AuthorizationProxy) -> None:
        """Send the system's browser on to a provider, in a flow that the application began."""
        raise await to_provider(call, query, links=self.link_by_any_browser)


class ExpoAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    expo_authorization_proxy: EndpointCall[M, AuthorizationProxy, None]
    """Send the system's browser on to a provider, in a flow that the application began."""
