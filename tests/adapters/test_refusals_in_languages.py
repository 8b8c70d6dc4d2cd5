"""Who has to sign in first reads so in his own language, in every framework whose refusal is ours:
`requires` of Starlette has an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.apps import FRAMEWORKS, SERVERS
from watchword import Auth, testing
from watchword.plugins import I18n
from watchword.records import User


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Auth[User]]:
    auth = testing.auth(
        database=f"sqlite:///{tmp_path / 'app.db'}",
        base_url="http://app.example.com",
        plugins=[I18n()],
    )
    yield auth
    auth.blocking.close()


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name != "starlette"])
def test_a_guard_says_it_in_the_readers_language(name: str, server: Auth[User]) -> None:
    client = SERVERS[name](server)
    answer = client.send("GET", "/me", [("Accept-Language", "de")])
    assert (answer.status, json.loads(answer.body)["code"]) == (401, "UNAUTHORIZED")
    assert json.loads(answer.body)["message"] == "Melden Sie sich zuerst an"
