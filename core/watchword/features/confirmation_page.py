"""The page with one button, where no plugin draws it in a layout of its own.

It loads nothing and runs nothing: one style, known to its policy by its hash, and one form.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from watchword.http.response import Response

from .confirmation import Confirmation

_STYLE = """
:root{color-scheme:light dark;--text:#1a1c1f;--paper:#fff;--quiet:#53585f;--key:#1d4ed8}
@media(prefers-color-scheme:dark){
:root{--text:#eceef1;--paper:#15171a;--quiet:#a9b0b8;--key:#2f5fe0}}
body{font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--paper);margin:0}
main{max-width:26rem;margin:0 auto;padding:4rem 1.25rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
button{font:inherit;font-weight:600;color:#fff;background:var(--key);border:0;border-radius:.5rem;
padding:.75rem 1.25rem;min-height:2.75rem;width:100%;cursor:pointer}
button:focus-visible{outline:3px solid var(--text);outline-offset:2px}
small{display:block;font-size:.875rem;color:var(--quiet);margin-top:1rem}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def policy(style: str, destinations: tuple[str, ...]) -> str:
    """The Content-Security-Policy of such a page, which has this source of styles."""
    targets = " ".join(("'self'", *destinations))
    return (
        f"default-src 'none'; style-src {style}; base-uri 'none'; form-action {targets}; "
        "frame-ancestors 'none'"
    )


def headers(policy: str) -> tuple[tuple[str, str], ...]:
    """The headers of such a page."""
    return (
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex"),
        # The token is in the page's address, which no Referer has then. With `no-referrer` older
        # browsers would send the form with `Origin: null`, like another site's.
        ("referrer-policy", "strict-origin"),
    )


def draw(page: Confirmation) -> Response:
    """The page as HTML."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in page.fields
    )
    body = (
        f'<!doctype html><html lang="{escape(page.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body>"
        f'<main dir="auto"><h1>{escape(page.title)}</h1><p>{escape(page.text)}</p>'
        f'<form method="post" action="?">{hidden}'
        f'<button type="submit">{escape(page.button)}</button></form>'
        f"<small>{escape(page.warning)}</small></main></body></html>"
    )
    sources = policy(f"'sha256-{_HASH}'", page.destinations)
    return Response(200, headers(sources), body.encode("utf-8", "replace"))
