"""Joining the configured base URL with the base path (spec: HTTP, base URL)."""

from __future__ import annotations

from .urls import parse_url


def join_base_url(base_url: str, base_path: str | None = None) -> str:
    """The URL below which all endpoints are. A base URL with a path of its own stands as it is.

    Raises `ValueError` unless it is an absolute http or https URL.
    """
    parsed = parse_url(base_url) if "://" in base_url else None
    if parsed is None or not parsed.is_web or base_url.strip() != base_url:
        raise ValueError(f"{base_url!r} is not an http(s) URL")
    if parsed.path.strip("/"):
        return base_url
    origin = base_url.rstrip("/")
    path = "/api/auth" if base_path is None else base_path
    if path.strip("/") == "":
        return origin
    return origin + (path if path.startswith("/") else "/" + path)
