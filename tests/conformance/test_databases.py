"""Every profile is served on every database, by several processes on one port."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from tests.conformance.profiles import PROFILES
from tests.conformance.test_server import call, sign_up
from tests.support.databases import mysql_database, postgres_database, redis_keys
from tests.support.services import conformance_server

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(f"sqlite:///{folder}/workers.db"),
    "postgresql": lambda folder: postgres_database(),
    "mysql": lambda folder: mysql_database(),
}
PERSON = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}


@pytest.mark.parametrize("database", list(DATABASES))
@pytest.mark.parametrize("profile", list(PROFILES))
def test_a_profile_is_served_by_two_workers(profile: str, database: str, tmp_path: Path) -> None:
    adapter = "wsgi" if profile == "core" else "asgi"
    with DATABASES[database](tmp_path) as url, redis_keys() as keys:
        more = ["--workers", "2"]
        more += ["--secondary", keys.url] if profile == "core-secondary" else []
        with conformance_server(profile, adapter, url, *more) as origin:
            ask_both_workers(origin, profile)


def ask_both_workers(origin: str, profile: str) -> None:
    """Which worker takes a connection is chance: each question is asked often enough."""
    if profile in ("core-strict", "core-secure"):
        # Both want more before they sign in: a proven address, or https.
        assert call(f"{origin}/api/auth/ok")[0] == 200
    else:
        status, cookie = sign_up(origin, PERSON)
        assert status == 200
        for _ in range(8):
            found = call(f"{origin}/api/auth/get-session", cookie=cookie)[1]
            assert found["user"]["email"] == PERSON["email"]
        rows = call(f"{origin}/__rows?table=user&column=email&value={PERSON['email']}")[1]
        assert [row["name"] for row in rows] == ["Ada"]
        kinds = [call(f"{origin}/__outbox")[1] for _ in range(8)]
        assert all([mail["kind"] for mail in kind] == ["verify-email"] for kind in kinds)
    assert call(f"{origin}/__rows?table=nothing&column=id&value=x") == (200, [])
    ahead = call(f"{origin}/__clock", "POST", {"offset": 3600})[1]["now"]
    assert all(call(f"{origin}/__health")[1]["now"] >= ahead for _ in range(8))
