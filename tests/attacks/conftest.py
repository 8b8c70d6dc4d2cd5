"""Attacks are made against the same servers as the core's tests."""

from tests.core.conftest import browser, clock, kind, make_auth

__all__ = ["browser", "clock", "kind", "make_auth"]
