"""The site, and a browser, for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pages.eyes import Eyes, eyes
from tests.pages.site import Site, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(Site(tmp_path_factory.mktemp("site"))) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eyes]:
    with eyes(tmp_path_factory.mktemp("profile")) as found:
        yield found
