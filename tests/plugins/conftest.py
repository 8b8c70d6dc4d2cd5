"""Plugins are tested with the same servers as the core."""

from typing import Any

import pytest

from tests.core.conftest import MakeAuth, browser, clock, kind, make_auth
from tests.plugins.pages_visitor import PagesVisitor
from watchword.plugins import Pages

__all__ = ["browser", "clock", "kind", "make_auth"]


@pytest.fixture
def visit(make_auth: MakeAuth, kind: str) -> Any:
    """A visitor of a server with pages and other plugins; `auth` has options of `Auth`."""

    def made(*others: Any, auth: Any = None, **options: Any) -> PagesVisitor:
        return PagesVisitor(make_auth(plugins=[Pages(**options), *others], **(auth or {})), kind)

    return made
