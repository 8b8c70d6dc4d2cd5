"""One suite for all adapters: the tests know only a client and what reached the core."""

from __future__ import annotations

import pytest

from tests.adapters.apps import FRAMEWORKS, SERVERS
from tests.adapters.drivers import Client
from tests.adapters.echo import EchoAuth


@pytest.fixture
def auth() -> EchoAuth:
    return EchoAuth()


@pytest.fixture(params=SERVERS)
def client(request: pytest.FixtureRequest, auth: EchoAuth) -> Client:
    """An application that serves `auth`, in each of the ways."""
    return SERVERS[request.param](auth)


@pytest.fixture(params=FRAMEWORKS)
def app_client(request: pytest.FixtureRequest, auth: EchoAuth) -> Client:
    """An application with routes of its own, in each framework."""
    return SERVERS[request.param](auth)
