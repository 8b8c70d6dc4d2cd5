"""Links by mail: many who open them at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.link_server import ADA, LinkServer, link_server
from tests.support.browser import ORIGIN
from watchword import Redirect
from watchword.plugins.magic_link import VerifyMagicLink
from watchword.storage.memory import MemoryStorage

LOST = f"{ORIGIN}/?error=INVALID_TOKEN"
ONE_WINNER = {f"{ORIGIN}/": 1, LOST: 49}


@pytest.fixture
def server(make_auth: MakeAuth, tmp_path: Path) -> LinkServer:
    return link_server(make_auth, tmp_path, "blocking")()


def in_threads(server: LinkServer, tokens: list[str]) -> Counter[str | None]:
    def open_one(token: str) -> str | None:
        return server.open(token, callbackURL="/").header("location")

    with ThreadPoolExecutor(len(tokens)) as pool:
        return Counter(pool.map(open_one, tokens))


def on_a_loop(server: LinkServer, tokens: list[str]) -> Counter[str]:
    async def open_one(token: str) -> str:
        try:
            await server.auth.api.magic_link_verify(VerifyMagicLink(token=token))
        except Redirect as refused:
            return refused.location
        return f"{ORIGIN}/"

    async def together() -> Counter[str]:
        try:
            return Counter(await asyncio.gather(*map(open_one, tokens)))
        finally:
            await server.auth.close()

    return asyncio.run(together())


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_fifty_who_open_a_link_have_one_winner(server: LinkServer, together: type) -> None:
    assert together(server, [server.mail().token] * 50) == ONE_WINNER
    assert server.sql("select count(*) from session") == [(1,)]
    assert server.sql("select count(*) from user") == [(1,)]
    assert server.rows() == []


def test_a_secondary_storage_has_one_winner_too(make_auth: MakeAuth, tmp_path: Path) -> None:
    make = link_server(make_auth, tmp_path, "blocking")
    server = make(auth={"secondary_storage": MemoryStorage()})
    assert in_threads(server, [server.mail().token] * 50) == ONE_WINNER


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_many_links_for_one_unknown_address_make_one_user(
    server: LinkServer, together: type
) -> None:
    tokens = [server.mail().token for _ in range(30)]
    assert together(server, tokens) == {f"{ORIGIN}/": 30}
    assert server.sql("select email, emailVerified from user") == [(ADA, 1)]
    assert server.sql("select count(*) from session") == [(30,)]


@pytest.mark.parametrize("together", [in_threads, on_a_loop])
def test_m7_many_links_for_an_unproven_address_leave_nothing_of_the_stranger(
    server: LinkServer, together: type
) -> None:
    """M7: of simultaneous proofs none keeps the password, and none ends the others' sessions."""
    stranger = server.browser()
    stranger.sign_up()
    tokens = [server.mail().token for _ in range(20)]
    assert together(server, tokens) == {f"{ORIGIN}/": 20}
    assert stranger.session() is None
    assert server.sql("select count(*) from account") == [(0,)]
    assert server.sql("select count(*) from session") == [(20,)]
