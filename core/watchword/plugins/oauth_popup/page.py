"""The page with which a popup ends: it tells the outcome to the page that opened it, and closes.

The outcome stands in the page as inert JSON. The one script is always the same, and the only thing
that the page may run or load; it speaks to one origin, which the browser compares.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from watchword.http.json import encode
from watchword.http.response import Response

MESSAGE = "better-auth:oauth-popup"
"""The `type` of the message that the client waits for."""
_ELEMENT = "better-auth-oauth-popup"
_SCRIPT = f"""
const told = JSON.parse(document.getElementById("{_ELEMENT}").textContent);
const {{ type, nonce, token, redirectTo, error, targetOrigin }} = told;
const opener = window.opener || window.parent;
try {{
  const message = {{ type, nonce, token, redirectTo, error }};
  if (opener !== window) opener.postMessage(message, targetOrigin);
}} finally {{
  window.close();
}}
"""
_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        f"default-src 'none'; script-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'",
    ),
    ("pragma", "no-cache"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
_ESCAPED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}


def completion(origin: str, nonce: str, outcome: Mapping[str, object]) -> Response:
    """The page for an outcome: `token` and `redirectTo`, or `error`. Only a page of `origin` hears
    it: that has to be trusted."""
    told = {"type": MESSAGE, "targetOrigin": origin, "nonce": nonce, **outcome}
    # A script element ends at the first `</script>`, wherever in its text that stands.
    data = encode(told).decode().translate(_ESCAPED)
    return Response(
        200,
        _HEADERS,
        (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Signing in</title><body>"
            f'<script type="application/json" id="{_ELEMENT}">{data}</script>'
            f"<script>{_SCRIPT}</script><p>You can close this window.</p></body></html>"
        ).encode(),
    )
