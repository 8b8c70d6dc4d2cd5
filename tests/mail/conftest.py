"""A mail server, and servers that mail by it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.core.conftest import browser, clock, kind, make_auth
from tests.support.certificates import Certificates, certificates
from tests.support.mail_server import MailServer, mail_server

__all__ = ["browser", "clock", "kind", "make_auth"]


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def trusted() -> Iterator[Certificates]:
    """A certificate for this machine."""
    with certificates() as made:
        yield made


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the server logs, down to DEBUG."""
    with caplog.at_level(logging.DEBUG, "watchword"):
        yield caplog
