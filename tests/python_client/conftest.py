"""Servers that the client asks: ours under two entrances, and the reference."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.reference import reference_server
from tests.support.services import conformance_server
from watchword import SignUpEmail
from watchword.client import Client

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module", params=["uvicorn", "wsgi", "reference"])
def origin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The origin of a running server of the profile `plugins`."""
    db: Path = tmp_path_factory.mktemp("server") / "app.db"
    if request.param == "reference":
        running = reference_server("plugins", str(db))
    else:
        adapter = "asgi" if request.param == "uvicorn" else "wsgi"
        running = conformance_server("plugins", adapter, str(db))
    with running as found:
        yield found


class Connect:
    """Makes clients of a server; with a name, one whose person has just signed up."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._made: list[Client] = []

    def __call__(self, name: str = "", **options: Any) -> Client:
        client = Client(self._origin, **options)
        self._made.append(client)
        if name:
            email = f"{name}@client.example"
            client.api.sign_up_email(SignUpEmail(name=name, email=email, password=PASSWORD))
        return client

    def close(self) -> None:
        for client in self._made:
            client.close()


@pytest.fixture
def connect(origin: str) -> Iterator[Connect]:
    """Makes clients, and closes them."""
    made = Connect(origin)
    yield made
    made.close()


def mailed(origin: str, kind: str, to: str) -> dict[str, Any]:
    """The latest message of a kind to somebody, once it is there."""
    for _ in range(100):
        with urllib.request.urlopen(f"{origin}/__outbox") as answer:
            found = [one for one in json.load(answer) if (one["kind"], one["to"]) == (kind, to)]
        if found:
            return found[-1]
        time.sleep(0.03)
    pytest.fail(f"no {kind} to {to}")
