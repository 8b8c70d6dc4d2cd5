"""Deep links: URLs that the system gives to an application instead of a browser."""

from __future__ import annotations

from watchword.http.urls import parse_url

WEB_VIEWS = ("capacitor", "ionic")
"""Schemes of the pages that applications show in web views of their own. Every application that is
built with Capacitor has them, so that they name none."""


def names_application(origin: str) -> bool:
    """Whether an origin is that of an application, not of a web site."""
    url = parse_url(origin)
    return url is not None and not url.is_web


def is_deep_link(target: str) -> bool:
    """Whether a target opens one certain application."""
    url = parse_url(target)
    return url is not None and not url.is_web and url.scheme not in WEB_VIEWS
