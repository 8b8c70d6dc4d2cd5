"""E2: the answer to a sign-up with a taken address has an id as real ones are: of the same form,
and where the database counts, the next in the row, so that neither its look nor its place tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Annotated, Any
from uuid import UUID

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from tests.support.databases import mysql_database, postgres_database
from watchword import Advanced, Column, EmailAndPassword, ModelHooks, User

PASSWORDS = EmailAndPassword(enabled=True, argon2_cost=FAST, require_email_verification=True)


class Member(User, kw_only=True):
    nickname: Annotated[str | None, Column(unique=True)] = None


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        makers: dict[str, Callable[[], Any]] = {
            "postgres": postgres_database,
            "mysql": mysql_database,
        }
        make = makers.get(request.param)
        yield {} if make is None else {"database": stack.enter_context(make())}


def sign_up(browser: Browser, email: str, **extra: Any) -> str:
    answer = browser.sign_up(email, **extra)
    assert answer.status == 200
    return answer.json["user"]["id"]


def test_counted_ids_go_on_counting(
    make_auth: MakeAuth, kind: str, database: dict[str, Any]
) -> None:
    auth = make_auth(
        advanced=Advanced(generate_id="serial"),
        email_and_password=PASSWORDS,
        user_type=Member,
        **database,
    )
    browser = Browser(auth, kind)
    ada = int(sign_up(browser, "ada@example.com", nickname="ada"))
    pretended = [int(sign_up(browser, "ada@example.com", nickname=f"n{n}")) for n in range(3)]
    bob = int(sign_up(browser, "bob@example.com"))
    again = int(sign_up(browser, "bob@example.com"))
    assert [ada, *pretended, bob, again] == list(range(ada, ada + 6))
    auth.blocking.close()


def test_no_row_stays_behind(make_auth: MakeAuth, kind: str, tmp_path: Any) -> None:
    told: list[object] = []
    auth = make_auth(
        advanced=Advanced(generate_id="serial"),
        email_and_password=PASSWORDS,
        database_hooks={
            "user": ModelHooks(create_after=lambda user, call: told.append(user)),
        },
    )
    browser = Browser(auth, kind)
    for _ in range(3):
        sign_up(browser, "ada@example.com")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("select email from user").fetchall() == [("ada@example.com",)]
    connection.close()
    assert len(told) == 1, "no hook hears of somebody who does not exist"


def test_uuids_and_own_ids_keep_their_form(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(
        make_auth(advanced=Advanced(generate_id="uuid"), email_and_password=PASSWORDS), kind
    )
    for _ in range(2):
        assert UUID(sign_up(browser, "ada@example.com")).version == 4
    own = Advanced(generate_id=lambda model: f"{model}-17")
    browser = Browser(make_auth(advanced=own, email_and_password=PASSWORDS), kind)
    assert sign_up(browser, "ada@example.com") == "user-17"
