"""A server on a database that takes no writes, such as a replica of PostgreSQL: what
docs/deploying/databases.md says that it may be asked.

A standby refuses a write as a read-only transaction does (SQLSTATE 25006).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import FAST
from tests.core.conftest import clock as clock
from tests.support.browser import ORIGIN, Browser, Clock
from watchword import Auth, EmailAndPassword, SessionOptions

SECRET = "replica-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
WEEK = 604_800


def server(database: str, clock: Clock, **session: Any) -> Auth[Any]:
    return Auth(
        database=database,
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        clock=clock,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        session=SessionOptions(**session),
    )


@pytest.fixture
def primary(postgres: str, clock: Clock) -> Auth[Any]:
    auth = server(postgres, clock)
    auth.blocking.migrate()
    return auth


@pytest.fixture
def replica(primary: Auth[Any], postgres: str, clock: Clock) -> Auth[Any]:
    """On the same rows, as they are on a standby."""
    url = f"{postgres}?options=-cdefault_transaction_read_only%3Don"
    return server(url, clock, disable_refresh=True)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sessions_are_checked_until_they_end(
    primary: Auth[Any], replica: Auth[Any], clock: Clock, method: str
) -> None:
    ada = Browser(primary)
    assert ada.sign_up().status == 200
    for days in (0, 3, 3):  # a renewal is due, and left to the primary
        clock.forward(days * 86_400)
        asked = ada.request(method, "/report")
        checked = replica.blocking.check(asked.headers, asked)
        assert checked.session is not None
        assert not checked.cookies
    assert replica.blocking.users.find("ada@example.com") is not None

    clock.forward(2 * 86_400)
    asked = ada.request(method, "/report")
    assert replica.blocking.check(asked.headers, asked).session is None
    for auth in (primary, replica):
        auth.blocking.close()


async def test_and_awaited(primary: Auth[Any], replica: Auth[Any], clock: Clock) -> None:
    ada = Browser(primary)
    assert ada.sign_up().status == 200
    asked = ada.request("POST", "/report")
    assert (await replica.check(asked.headers, asked)).session is not None
    clock.forward(WEEK + 1)
    assert (await replica.check(asked.headers, asked)).session is None
    for auth in (primary, replica):
        await auth.close()
        auth.blocking.close()


def test_nothing_that_writes_is_done_by_halves(primary: Auth[Any], replica: Auth[Any]) -> None:
    ada = Browser(primary)
    assert ada.sign_up().status == 200
    ada.auth = replica
    assert ada.get("/get-session").status == 200
    for path, body in {
        "/sign-in/email": {"email": "ada@example.com", "password": "password1234"},
        "/sign-up/email": {"email": "bob@example.com", "password": "password1234", "name": "B"},
        "/update-user": {"name": "Eve"},
        "/sign-out": {},
    }.items():
        assert ada.post(path, body).status == 503, path
    ada.auth = primary
    assert ada.session()["user"]["name"] == "Ada"
    for auth in (primary, replica):
        auth.blocking.close()
