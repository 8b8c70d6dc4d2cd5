"""Where a client's server is."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.errors import ConfigurationError
from watchword.http.urls import parse_url

_USUAL_PATH = "/api/auth"


@dataclass(frozen=True, slots=True)
class Site:
    """The server's URL up to its base path, its host, and the origin that requests come from."""

    url: str
    host: str
    origin: str

    @classmethod
    def of(cls, base_url: str, base_path: str | None, origin: str | None) -> Site:
        """Raises `ConfigurationError`. The base path is that of the URL, or the usual one."""
        found = parse_url(base_url)
        plain = found is not None and found.is_web and not found.query and not found.fragment
        if found is None or not plain or "@" in base_url:
            raise ConfigurationError(
                "base_url",
                "it is no URL of a server",
                "Give one like https://example.com, without a password or query",
            )
        path = found.path.rstrip("/") or _USUAL_PATH if base_path is None else base_path
        if path and not path.startswith("/"):
            raise ConfigurationError(
                "base_path", f"{path!r} is no path", "Give one like /api/auth, or ''"
            )
        return cls(found.origin + path.rstrip("/"), found.host, origin or found.origin)
