"""Capacitor: applications with the client plugin `better-auth-capacitor`.

That client keeps the cookies that it is given, and sends the session's as a bearer token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.endpoint import get
from watchword.errors import ErrorCodes
from watchword.features.social.wire import SocialRedirect
from watchword.plugin_base import Plugin, after
from watchword.plugins.bearer import Bearer
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .application import NativeApplication
from .authorization_proxy import AuthorizationProxy, NativeCodes, to_provider
from .deep_links import WEB_VIEWS


@dataclass(frozen=True, kw_only=True)
class Capacitor(NativeApplication):
    """Options of Capacitor applications. Their schemes belong into `trusted_origins`."""

    id: ClassVar[str] = "capacitor"
    codes: ClassVar[type[ErrorCodes]] = NativeCodes
    requires: ClassVar[tuple[type[Plugin], ...]] = (Bearer,)
    origin_header: ClassVar[str] = "capacitor-origin"

    def trusted_origins(self) -> Sequence[str]:
        """Those of the pages in its web views."""
        return [f"{scheme}://" for scheme in WEB_VIEWS]

    @get("/capacitor-authorization-proxy")
    async def capacitor_authorization_proxy(self, call: Call, query: AuthorizationProxy) -> None:
        """Send the system's browser on to a provider, in a flow that the application began."""
        raise await to_provider(call, query, links=self.link_by_any_browser)

    async def _stay(self, call: Call) -> SocialRedirect | None:
        """The client opens the system's browser itself; its page stays where it is."""
        going = call.returned
        if not isinstance(going, SocialRedirect) or not call.headers.get(self.origin_header):
            return None
        return msgspec.structs.replace(going, redirect=False)

    after_sign_in = after("/sign-in/*")(_stay)
    after_link = after("/link-social")(_stay)


class CapacitorAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    capacitor_authorization_proxy: EndpointCall[M, AuthorizationProxy, None]
    """Send the system's browser on to a provider, in a flow that the application began."""
