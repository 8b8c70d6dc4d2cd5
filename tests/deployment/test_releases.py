"""Releases while people are signed in: the old and the new servers run side by side for a while, as
docs/deploying/releases.md has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.core.conftest import FAST
from tests.core.conftest import clock as clock
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.plugins import every_plugin
from watchword import (
    Auth,
    Column,
    CookieCache,
    EmailAndPassword,
    RateLimit,
    Session,
    SessionOptions,
    User,
    VersionedSecret,
)

OLD, NEW = "old-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa", "new-Zk9Rt6Lp3Vn8Bc5Hs1Jd0Fg4wYx7Qm2E"
UNTIL = datetime(2030, 1, 31, tzinfo=UTC)
STAGES: dict[str, Mapping[str, str]] = {
    "before": {"BETTER_AUTH_SECRET": OLD},
    "known": {"BETTER_AUTH_SECRETS": f"1:{OLD},2@2030-01-31:{NEW}"},
    "current": {"BETTER_AUTH_SECRETS": f"2:{NEW},1@2030-01-31:{OLD}"},
    "retired": {"BETTER_AUTH_SECRETS": f"2:{NEW},1:{OLD}"},
}
"""The variables of an exchange of the secret, one release after the other."""


class Member(User):
    lang: str = "en"
    nick: str | None = None


class Visit(Session):
    device: Annotated[str | None, Column(input=False)] = None


def released(database: str, **options: Any) -> Auth[Any]:
    """A server of one release."""
    given: dict[str, Any] = {
        "secret": OLD,
        "environ": {},
        "rate_limit": RateLimit(
            enabled=True, storage="database", max=10_000, custom_rules={"/sign-*": False}
        ),
    }
    return Auth(
        database=database,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        **{**given, **options},
    )


def with_all_plugins(database: str) -> Auth[Any]:
    return released(
        database,
        user_type=Member,
        session=SessionOptions(model=Visit),
        plugins=[one for one in every_plugin() if one.id not in ("captcha", "custom-session")],
    )


def lives(browser: Browser, email: str) -> None:
    assert browser.sign_up(email).status == 200
    assert browser.session()["user"]["email"] == email
    assert browser.post("/update-user", {"name": "Ada L."}).status == 200
    assert browser.post("/sign-out", {}).status == 200
    assert browser.sign_in(email).status == 200
    assert browser.session()["user"]["name"] == "Ada L."


def test_the_database_goes_first_and_both_releases_work_on_it(database: str) -> None:
    old = released(database)
    old.blocking.migrate()
    ada = Browser(old)
    lives(ada, "ada@example.com")

    new = with_all_plugins(database)
    statements = new.blocking.migrate()
    assert any("ADD COLUMN" in statement for statement in statements)
    assert not any(word in " ".join(statements) for word in ("DROP ", "RENAME ", " TYPE "))

    # The old servers go on: those who are signed in, and those who come.
    assert ada.session()["user"]["email"] == "ada@example.com"
    lives(Browser(old), "bob@example.com")
    # The new ones serve the same people.
    ada.auth = new
    assert ada.session()["user"]["email"] == "ada@example.com"
    lives(Browser(new), "cleo@example.com")
    # And the old ones those of the new: also when the release is taken back.
    back = Browser(old)
    assert back.sign_in("cleo@example.com").status == 200
    assert back.session()["user"]["email"] == "cleo@example.com"
    ada.auth = old
    assert ada.session()["user"]["email"] == "ada@example.com"
    for auth in (old, new):
        auth.blocking.close()


def test_a_new_table_takes_rows_of_the_old_release_too(database: str) -> None:
    """On an empty database every column may be made as strict as the new release likes it."""
    new = with_all_plugins(database)
    new.blocking.migrate()
    old = released(database)
    assert old.blocking.migrate() == []
    lives(Browser(old), "ada@example.com")
    for auth in (old, new):
        auth.blocking.close()


def test_a_server_that_is_newer_than_its_database_is_503_and_signs_nobody_out(
    tmp_path: Path,
) -> None:
    database = f"sqlite:///{tmp_path}/app.db"
    old = released(database)
    old.blocking.migrate()
    ada = Browser(old)
    assert ada.sign_up().status == 200
    new = with_all_plugins(database)
    ada.auth = new
    assert ada.get("/get-session").status == 503
    new.blocking.migrate()
    assert ada.session()["user"]["email"] == "ada@example.com"
    for auth in (old, new):
        auth.blocking.close()


@pytest.mark.parametrize("cached", [False, True], ids=["rows", "cookie cache"])
def test_the_secret_is_exchanged_and_nobody_is_signed_out(
    tmp_path: Path, clock: Clock, cached: bool
) -> None:
    database = f"sqlite:///{tmp_path}/app.db"
    session = SessionOptions(cookie_cache=CookieCache() if cached else None)
    servers = [
        released(database, secret=None, environ=environ, clock=clock, session=session)
        for environ in STAGES.values()
    ]
    servers[0].blocking.migrate()
    ada = Browser(servers[0])
    assert ada.sign_up().status == 200
    for before, after in pairwise(servers):
        newcomer = Browser(after)
        assert newcomer.sign_up(f"user{servers.index(after)}@example.com").status == 200
        # While a release is rolled out, requests go to either.
        for server in (before, after, before, after):
            for browser in (ada, newcomer):
                browser.auth = server
                assert browser.session() is not None, STAGES
    for server in servers:
        server.blocking.close()


def test_without_the_stage_in_between_old_servers_would_not_know_new_sessions(
    tmp_path: Path, clock: Clock
) -> None:
    database = f"sqlite:///{tmp_path}/app.db"
    before, after = (
        released(database, secret=None, environ=STAGES[name], clock=clock)
        for name in ("before", "current")
    )
    before.blocking.migrate()
    newcomer = Browser(after)
    assert newcomer.sign_up().status == 200
    newcomer.auth = before
    assert newcomer.session() is None
    for server in (before, after):
        server.blocking.close()


def test_the_stages_can_be_said_in_python() -> None:
    known = (VersionedSecret(1, OLD), VersionedSecret(2, NEW, accept_until=UNTIL))
    assert released("sqlite://", secret=None, secrets=known).config is not None
