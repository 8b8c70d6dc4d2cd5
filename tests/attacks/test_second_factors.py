"""What is tried against second factors by who has the password, a cookie, or a lucky moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    COOKIE,
    MakeFactorServer,
    factor_server,
)
from tests.support.browser import Clock
from tests.support.providers import unsigned
from tests.support.social import World, begin, come_back, providers
from watchword import AccountOptions, Advanced, ModelHooks, Outgoing
from watchword.database.contract import StorageUnavailable
from watchword.plugins import Bearer, MagicLink


@pytest.fixture
def make_server(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeFactorServer:
    return factor_server(make_auth, clock, tmp_path, kind)


@pytest.mark.parametrize("size", [10, 9000], ids=["one cookie", "in pieces"])
def test_f1_no_account_cookie_goes_to_a_browser_that_owes_a_factor(
    make_server: MakeFactorServer, size: int
) -> None:
    world = World()
    tokens = {"access_token": "t" * size, "id_token": unsigned(world.claims)}
    world.fails = lambda request: httpx2.Response(200, json=tokens)
    server = make_server(
        every_sign_in=True,
        auth={
            "account": AccountOptions(store_account_cookie=True),
            "social_providers": providers(),
            "advanced": Advanced(outgoing=Outgoing(transport=world.transport)),
        },
    )
    newcomer = server.browser()
    come_back(newcomer, begin(newcomer)["state"])
    kept = [name for name in newcomer.jar if name.startswith("better-auth.account_data")]
    assert len(kept) == (1 if size == 10 else 4)
    server.sql("update user set twoFactorEnabled = 1")
    browser = server.browser()
    come_back(browser, begin(browser)["state"])
    assert list(browser.jar) == [COOKIE]


def test_f1_a_sign_in_that_fails_behind_its_session_leaves_none(
    make_server: MakeFactorServer,
) -> None:
    armed, down, links = [False], [False], list[Any]()

    def trusted(request: object) -> list[str]:
        if down[0]:
            raise StorageUnavailable("the list of origins cannot be read")
        return ["https://app.example"]

    def begun(session: object, call: object) -> None:
        down[0] = armed[0]

    server = make_server(
        every_sign_in=True,
        plugins=[MagicLink(send_magic_link=lambda mail, request: links.append(mail)), Bearer()],
        auth={
            "trusted_origins": trusted,
            "database_hooks": {"session": ModelHooks(create_after=begun)},
        },
    )
    server.with_app()
    server.sql("update user set emailVerified = 1")
    before = server.sql("select token from session")
    browser = server.browser()
    browser.post("/sign-in/magic-link", {"email": ADA})
    server.auth.blocking.runtime.drain()
    armed[0] = True
    query = {"token": links[-1].token, "callbackURL": "https://app.example/home"}
    answer = browser.get("/magic-link/verify", query)
    assert (answer.status, answer.header("set-auth-token")) == (503, None)
    assert browser.jar == {}
    assert server.sql("select token from session") == before
