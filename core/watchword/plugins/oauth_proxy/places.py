"""Which deployment this is, and which one the providers know."""

from __future__ import annotations

import os
from dataclasses import dataclass

from watchword.call import Call
from watchword.configuration.site import UnknownHost
from watchword.errors import ConfigurationError
from watchword.http.urls import parse_url
from watchword.pipeline.origin_check import is_trusted

SKIP = "x-skip-oauth-proxy"
_PRODUCTION = "BETTER_AUTH_URL"
_PLATFORMS = ("VERCEL_URL", "NETLIFY_URL", "RENDER_URL")
"""Variables in which hosts tell a deployment its own address."""


@dataclass(frozen=True, slots=True)
class Detour:
    """From one origin to the provider, and back to it by another."""

    current: str
    production: str


async def detour(call: Call, production_url: str | None, current_url: str | None) -> Detour | None:
    """The way of a flow that begins here; None where that is the straight one."""
    if call.headers.get(SKIP):
        return None
    named = production_url or _environment(call, _PRODUCTION)
    production = _origin(named) or call.site.origin
    current = _origin(current_url) or await _current(call)
    return None if current == production else Detour(current, production)


def checked_origin(option: str, url: str | None) -> None:
    """Refuse what is no origin of a web site. Raises `ConfigurationError`."""
    if url is None:
        return
    parsed = parse_url(url)
    bare = parsed is not None and parsed.path in ("", "/") and not parsed.query
    if parsed is None or not parsed.is_web or not bare:
        raise ConfigurationError(
            option, f"{url!r} is no origin", "Give one such as 'https://app.example.com'"
        )


async def _current(call: Call) -> str:
    # Anybody can write a Host header, and the profile is sent to this origin.
    asked = _asked_for(call)
    if asked is not None and await is_trusted(call, asked):
        return asked
    platform = next(filter(None, (_environment(call, name) for name in _PLATFORMS)), None)
    if platform is not None and "://" not in platform:
        platform = f"https://{platform}"
    return _origin(platform) or call.site.origin


def _asked_for(call: Call) -> str | None:
    if call.request is None:
        return None
    try:
        return call.config.sites.request_origin(call.request, call.headers)
    except UnknownHost:
        return None


def _environment(call: Call, name: str) -> str | None:
    given = call.config.options.environ
    return (os.environ if given is None else given).get(name)


def _origin(url: str | None) -> str | None:
    parsed = parse_url(url) if url else None
    return parsed.origin if parsed is not None and parsed.is_web else None
