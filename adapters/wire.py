"""What all adapters know about HTTP on the wire: undecoded paths, body lengths, framing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, unquote_to_bytes

from watchword.auth import Auth
from watchword.errors import APIError
from watchword.http.headers import Headers
from watchword.http.json import encode
from watchword.http.response import Response, header_value

_ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_PATH_SAFE = "/:@!$&'()*+,;=~"
_EVERYTHING_ASCII = "".join(map(chr, range(0x80)))
_MOST_LAYERS = 100

is_plain = re.compile(r"[A-Za-z0-9/_.-]+").fullmatch
"""Whether a path is the same decoded and undecoded, and not empty."""


def check_around(app: object, auth: Auth[Any]) -> None:
    """Refuse `auth` around an application in which another server does not go with it.

    Raises `ConfigurationError`.
    """
    for _ in range(_MOST_LAYERS):
        other: object = getattr(app, "_auth", None)
        if isinstance(other, Auth) and other is not auth:
            auth.check_beside(cast("Auth[Any]", other))
        # Middleware of ours, and that of Starlette.
        app = getattr(app, "_app", None) or getattr(app, "app", None)
        if app is None:
            return


def covers(base_path: str, path: str) -> bool:
    """Whether a path belongs to the authentication server mounted at `base_path`."""
    return path == base_path or path.startswith(f"{base_path}/")


def target_path(target: str) -> str:
    """The undecoded path of a request target in origin or absolute form (RFC 9112, 3.2)."""
    found = _ABSOLUTE_FORM.match(target)
    return target[found.end() if found else 0 :].partition("?")[0]


def decoded(raw: str) -> str:
    """A path as servers decode it: percent sequences, then UTF-8, wrong bytes as U+FFFD."""
    return unquote_to_bytes(raw.encode("latin-1", "replace")).decode("utf-8", "replace")


def undecoded(full: str, root: str, raw: str | None, decode: Callable[[str], str] = decoded) -> str:
    """The undecoded form of the decoded path `full`, which includes the mount prefix `root`.

    `raw` (latin-1) is what the server says it received, with or without the prefix. It is believed
    only where it decodes to `full`, as who decoded that does it: something in between may have
    rewritten one but not the other.
    """
    if raw is not None:
        plain = decode(raw)
        if plain == full:
            return quoted_bytes(raw) or "/"
        if root and root + plain == full:
            return quote(root, safe=_PATH_SAFE) + quoted_bytes(raw)
    return quote(full, safe=_PATH_SAFE, errors="replace") or "/"


def quoted_bytes(raw: str) -> str:
    """Latin-1 text of a request target with its non-ASCII bytes percent-encoded."""
    return raw if raw.isascii() else quote(raw.encode("latin-1"), safe=_EVERYTHING_ASCII)


def declared_length(headers: Headers) -> int | None:
    """Content-Length in bytes, None if there is none. Raises `APIError` BAD_REQUEST."""
    value = headers.get("content-length")
    if value is None:
        return None
    if not _LENGTH.fullmatch(value):
        raise bad_body("Invalid Content-Length")
    return int(value)


def bad_body(problem: str) -> APIError:
    """The error for a body that cannot be read as it was announced."""
    return APIError(400, "BAD_REQUEST", problem)


def cut_short() -> APIError:
    """The error for a body that ends before the announced length: half a form must not pass."""
    return bad_body("The request body ended early")


def answer_of(error: APIError) -> Response:
    """What a client gets for an error that the application's own code raised, a guard included."""
    own = tuple((name.lower(), header_value(text)) for name, text in error.headers)
    return Response(error.status, (*_OWN, *own), b"" if error.body is None else encode(error.body))


_OWN = (("content-type", "application/json"), ("cache-control", "no-store"))


def framed(response: Response, method: str) -> tuple[list[tuple[str, str]], bytes]:
    """Header pairs with Content-Length where one may stand, and the body that may be sent."""
    pairs = list(response.headers)
    if response.status < 200 or response.status in (204, 304):
        return pairs, b""
    if "content-length" not in dict(response.headers):
        pairs.append(("content-length", str(len(response.body))))
    return pairs, b"" if method == "HEAD" else response.body
