"""Plugins are tested with the same servers as the core."""

from tests.core.conftest import browser, clock, kind, make_auth

__all__ = ["browser", "clock", "kind", "make_auth"]
