"""The plugin: its options, and the two endpoints of the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

import msgspec
from msgspec.structs import replace

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.options import RateLimitRule
from watchword.endpoint import Endpoint, get
from watchword.errors import ConfigurationError
from watchword.http.response import Response
from watchword.plugin_base import Plugin, RateRule
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .document import for_server, made_document
from .page import page

Theme = Literal["default", "light", "dark"]

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_NONCE = re.compile(r"[A-Za-z0-9+/_-]{1,128}={0,2}")
_COPIES = 30


@dataclass(frozen=True, kw_only=True)
class OpenAPI(Plugin):
    """Options of the document."""

    id: ClassVar[str] = "open-api"

    path: str = "/reference"
    """Where the page is, below the base path."""
    disable_default_reference: bool = False
    """Whether there is no page. The document is there all the same."""
    theme: Theme = "default"
    """`default` is light or dark as the browser asks for."""
    nonce: str | None = None
    """Stands as `nonce` on the page's script and style, for a Content-Security-Policy that the
    application sends. The page's own one goes by their hashes."""
    _made: dict[int, tuple[Configuration, bytes]] = field(
        default_factory=dict[int, tuple[Configuration, bytes]],
        init=False,
        repr=False,
        compare=False,
    )

    def __post_init__(self) -> None:
        if _PATH.fullmatch(self.path) is None:
            raise ConfigurationError(
                "OpenAPI.path", f"{self.path!r} is no path", "Give one such as '/reference'"
            )
        if self.theme not in get_args(Theme):
            known = ", ".join(map(repr, get_args(Theme)))
            raise ConfigurationError(
                "OpenAPI.theme", f"there is no theme {self.theme!r}", f"Choose one of {known}"
            )
        if self.nonce is not None and _NONCE.fullmatch(self.nonce) is None:
            raise ConfigurationError(
                "OpenAPI.nonce", "this is no nonce", "Give base64 text, as browsers take it"
            )

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """The document, and the page at its path unless that is switched off."""
        for own in super().endpoints():
            if own is not OpenAPI.open_api_reference:
                yield own
            elif not self.disable_default_reference:
                yield replace(own, path=self.path)

    def rate_rules(self) -> Sequence[RateRule]:
        """Few copies: they are large, and nobody has to sign in for one."""
        few = RateLimitRule(window=60, max=_COPIES)
        return [RateRule(one.path, few) for one in self.endpoints()]

    def document(self, config: Configuration, base_url: str) -> dict[str, Any]:
        """The document of a configuration for a server at `base_url` (with the base path).

        It is made once, when it is first asked for; what is returned is the caller's own.
        """
        return for_server(self._encoded(config), base_url)

    @get("/open-api/generate-schema")
    async def generate_open_api_schema(self, call: Call) -> dict[str, Any]:
        """The document of all endpoints that are installed."""
        await self._ready(call)
        return self.document(call.config, call.site.base_url)

    @get("/reference")
    async def open_api_reference(self, call: Call) -> Response:
        """The same as a page to read, which loads nothing from anywhere."""
        await self._ready(call)
        document, base_url = self._encoded(call.config), call.site.base_url
        return await call.offload(page, document, base_url, self.theme, self.nonce)

    def _encoded(self, config: Configuration) -> bytes:
        known = self._made.get(id(config))
        if known is None:
            # Of several first callers at once, all go on with the same one.
            made = msgspec.json.encode(made_document(config))
            known = self._made.setdefault(id(config), (config, made))
        return known[1]

    async def _ready(self, call: Call) -> None:
        """Make the document where it stalls nobody, and once. Raises `Overloaded` (503)."""
        if id(call.config) not in self._made:
            await call.runtime.once(self.id, lambda: call.offload(self._encoded, call.config))


class OpenAPIEndpoints(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    generate_open_api_schema: EndpointCall[M, None, dict[str, Any]]
    """The document of all endpoints that are installed."""
    open_api_reference: EndpointCall[M, None, Response]
    """The same as a page to read, which loads nothing from anywhere."""
