"""`/ok` and `/error`: whether the server lives, and where failed redirects end."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.endpoint import get
from watchword.errors import Redirect
from watchword.http.query import append_query
from watchword.http.response import Response
from watchword.pipeline.validation import Identifier, Words
from watchword.plugin_base import Plugin
from watchword.server_api import EndpointCall, M, ServerAPI, U

_STYLE = "body{font:16px/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    # It shows what a URL says: it loads nothing, runs nothing, is framed by nobody, and tells
    # nobody where its visitor came from.
    (
        "content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
)
_CODE = r"[A-Za-z0-9_'-]+"


class Ok(Discreet, msgspec.Struct, frozen=True):
    """The server lives."""

    ok: bool = True


class ErrorQuery(Discreet, msgspec.Struct, frozen=True):
    """What a failed redirect says about itself."""

    error: Identifier = ""
    error_description: Words = ""


@dataclass(frozen=True, kw_only=True)
class StatusPages(Plugin):
    """Installed in every `Auth`."""

    id: ClassVar[str] = "status"

    @get("/ok")
    async def ok(self, call: Call) -> Ok:
        """Whether the server lives."""
        return Ok()

    @get("/error")
    async def error(self, call: Call, query: ErrorQuery) -> Response:
        """The page at the end of a failed redirect, or a redirect to the application's own."""
        code = query.error if re.fullmatch(_CODE, query.error) else "UNKNOWN"
        options = call.config.options.on_api_error
        if options.error_url:
            raise Redirect(append_query(options.error_url, _details(code, query)))
        if call.config.production and not options.show_default_page:
            raise Redirect(append_query("/", _details(code, query)))
        return Response(200, _PAGE_HEADERS, _page(code, query))


def error_page_url(call: Call) -> str:
    """Where a browser is sent when a flow that it navigates fails."""
    return call.config.options.on_api_error.error_url or f"{call.site.base_url}/error"


def _details(code: str, query: ErrorQuery) -> dict[str, str]:
    details = {"error": code}
    if query.error_description:
        details["error_description"] = query.error_description
    return details


def _page(code: str, query: ErrorQuery) -> bytes:
    # Its table of entities is loaded with the first failure that is shown.
    escape: Callable[[str], str] = import_module("html").escape
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Error</title>"
        f"<style>{_STYLE}</style><body>"
        f"<h1>Something went wrong</h1><p>{escape(query.error_description)}</p>"
        f"<p>Error code: <code>{escape(code)}</code></p></body></html>"
    ).encode()


class StatusAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    ok: EndpointCall[M, None, Ok]
    """Whether the server lives."""
    error: EndpointCall[M, ErrorQuery | None, Response]
    """The page at the end of a failed redirect, or a redirect to the application's own."""
