"""The base URL and the base path, each in its one normal form (spec: HTTP, base URL)."""

from __future__ import annotations

import re

from .urls import parse_url

DEFAULT_PATH = "/api/auth"

_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+")


def join_base_url(base_url: str, base_path: str | None = None) -> str:
    """The URL below which all endpoints are, without a slash at its end.

    A path of the base URL's own wins over `base_path`. Raises `ValueError` unless it is an absolute
    http or https URL with nothing but a path behind its host.
    """
    parsed = parse_url(base_url) if "://" in base_url else None
    if parsed is not None and "@" in base_url:
        raise ValueError("a base URL with a user's name or password")  # which are not shown
    if parsed is None or not parsed.is_web or base_url.strip() != base_url or "\\" in base_url:
        raise ValueError(f"{base_url!r} is not an http(s) URL")
    if parsed.query or parsed.fragment or base_url.endswith(("?", "#")):
        raise ValueError(f"{base_url!r} has more than a path behind its host")
    own = normal_path(parsed.path)
    return parsed.origin + (own or normal_path(DEFAULT_PATH if base_path is None else base_path))


def normal_path(path: str) -> str:
    """A path with a slash in front and none at its end; the root is empty.

    Raises `ValueError` for what no request could have as its path: empty or dot segments, and
    characters that are sent encoded.
    """
    bare = path.strip("/")
    for segment in bare.split("/") if bare else ():
        if segment in (".", "..") or not _SEGMENT.fullmatch(segment):
            raise ValueError(f"{path!r} has a part that no request has: {segment!r}")
    return f"/{bare}" if bare else ""
