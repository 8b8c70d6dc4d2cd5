"""What is tried against second factors by who has the password, a cookie, or a lucky moment."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    COOKIE,
    MakeFactorServer,
    factor_server,
)
from tests.support.browser import Clock
from tests.support.providers import unsigned
from tests.support.social import World, begin, come_back, providers
from watchword import AccountOptions, Advanced, Outgoing


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
