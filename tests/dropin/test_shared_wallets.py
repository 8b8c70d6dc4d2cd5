"""Wallets that the reference knows sign in here, and the other way round."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.dropin.visitor import Pair, Visitor
from tests.plugins.wallet import DOMAIN, Wallet
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword
from watchword.plugins import SIWE
from watchword.runtime.blocking import finish

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)


@pytest.fixture(scope="module", params=list(DATABASES))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    node = require_node(ROOT / "tests" / "reference")
    with DATABASES[request.param](tmp_path_factory.mktemp("shared")) as database:
        command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs")]
        command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
        command += ["--database", database, "--siwe", DOMAIN]
        process = subprocess.Popen(command, env={**os.environ, "TZ": "UTC"})
        try:
            wait_for(f"http://127.0.0.1:{port}/__health", process)
            auth: Auth[Any] = Auth(
                database=database if "://" in database else f"sqlite:///{database}",
                secret=SECRET,
                base_url=ORIGIN,
                email_and_password=EmailAndPassword(enabled=True),
                plugins=[SIWE(domain=DOMAIN)],
                environ={},
            )
            yield Pair(auth, f"http://127.0.0.1:{port}")
            auth.blocking.close()
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def wallet() -> Wallet:
    return Wallet(secrets.randbelow(2**200) + 1)


def nonce(visitor: Visitor, server: str) -> str:
    status, answer = visitor.ask(server, "POST", "/siwe/nonce", {})
    assert status == 200, answer
    return answer["nonce"]


def show(visitor: Visitor, server: str, wallet: Wallet, message: str) -> tuple[int, Any]:
    body = {"message": message, "signature": wallet.sign(message)}
    return visitor.ask(server, "POST", "/siwe/verify", body)


def sign_in(pair: Pair, server: str, wallet: Wallet, chain: str = "1") -> tuple[Visitor, Any]:
    visitor = Visitor(pair)
    message = wallet.message(nonce(visitor, server), chain=chain)
    status, answer = show(visitor, server, wallet, message)
    assert status == 200, answer
    return visitor, answer


def test_the_table_of_wallets_stays_as_it_is(pair: Pair) -> None:
    planned = finish(pair.auth.blocking.runtime.engine.plan())
    assert [statement for statement in planned if "walletAddress" in statement] == []


@both_ways
def test_a_wallet_is_one_user_on_both(pair: Pair, wallet: Wallet, here: str, there: str) -> None:
    visitor, first = sign_in(pair, here, wallet)
    _, second = sign_in(pair, there, wallet)
    assert first["user"] == second["user"]
    assert visitor.session(there)["user"]["id"] == first["user"]["id"]
    _, other_chain = sign_in(pair, there, wallet, "137")
    assert other_chain["user"] == {**first["user"], "chainId": 137}
    _, again = sign_in(pair, here, wallet, "137")
    assert again["user"] == other_chain["user"]


@both_ways
def test_a_nonce_of_one_is_good_once_on_both(
    pair: Pair, wallet: Wallet, here: str, there: str
) -> None:
    visitor = Visitor(pair)
    message = wallet.message(nonce(visitor, here))
    assert show(visitor, there, wallet, message)[0] == 200
    for server in (here, there):
        status, answer = show(Visitor(pair), server, wallet, message)
        assert (status, answer["code"]) == (401, "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE")


def test_users_and_rows_are_alike(pair: Pair) -> None:
    def made(server: str) -> tuple[Any, ...]:
        wallet = Wallet(secrets.randbelow(2**200) + 1)
        visitor, answer = sign_in(pair, server, wallet)
        user = visitor.session("reference")["user"]
        shown = {**user, "id": "", "createdAt": "", "updatedAt": ""}
        assert set(answer) == {"token", "success", "user"}
        return {name: alike(value, wallet) for name, value in shown.items()}, sorted(answer)

    assert made("ours") == made("reference")


def alike(value: Any, wallet: Wallet) -> Any:
    """A value without the wallet's address."""
    if not isinstance(value, str):
        return value
    return value.replace(wallet.address, "WALLET").replace(wallet.address.lower(), "wallet")


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "evil.example"},
        {"extra": "\nExpiration Time: 2000-01-01T00:00:00Z"},
        {"extra": "\nNot Before: 2999-01-01T00:00:00Z"},
        {"nonce": "madeupmadeup"},
        {"nonce": "short"},
        {"chain": "0"},
        {"address": "0x12"},
    ],
)
def test_both_refuse_alike(pair: Pair, wallet: Wallet, change: dict[str, str]) -> None:
    def refusal(server: str) -> Any:
        visitor = Visitor(pair)
        given = {"nonce": nonce(visitor, server), **change}
        status, answer = show(visitor, server, wallet, wallet.message(given.pop("nonce"), **given))
        return status, answer.get("code"), answer.get("status")

    found = refusal("ours")
    assert found[0] == 401
    assert found == refusal("reference")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "m"},
        {"message": "", "signature": "s"},
        {"message": "m", "signature": ""},
        {"message": "m", "signature": None},
        {"message": "m", "signature": "s", "email": "none"},
        {"message": "m", "signature": "s", "walletAddress": "0x"},
        {"message": "m", "signature": "s"},
        [],
    ],
)
def test_both_answer_bad_bodies_alike(pair: Pair, body: Any) -> None:
    def answered(server: str) -> tuple[int, Any]:
        status, answer = Visitor(pair).ask(server, "POST", "/siwe/verify", body)
        return status, answer["code"]

    assert answered("ours") == answered("reference")
