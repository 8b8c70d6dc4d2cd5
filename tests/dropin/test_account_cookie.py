"""Without a database, the account cookie of either server is read, renewed and ended by the other.

Each server has people of its own in memory, of whom the other knows nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dropin.visitor import Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.services import ROOT, free_port, require_node, wait_for
from tests.support.social import CODE, TOKEN, World, come_back, parameters, providers
from watchword import AccountOptions, Advanced, Auth, Outgoing

DIRECTIONS = [("ours", "reference"), ("reference", "ours")]
BODY = {"useAccountCookie": True}


@pytest.fixture(params=["short", "in pieces"])
def token(request: pytest.FixtureRequest) -> str:
    """The access token of the reference's provider."""
    return "short" if request.param == "short" else "long" * 800


@pytest.fixture
def servers(token: str) -> Iterator[Pair]:
    command = [require_node(ROOT / "tests" / "reference")]
    command += [str(ROOT / "tests" / "dropin" / "account_cookie.mjs"), "--token", token]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    process = subprocess.Popen(command, env=dict(os.environ))
    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth: Auth[Any] = Auth(
            secret=SECRET,
            base_url=ORIGIN,
            account=AccountOptions(encrypt_oauth_tokens=True),
            social_providers=providers(),
            advanced=Advanced(outgoing=Outgoing(transport=World().transport)),
            environ={},
        )
        yield Pair(auth, f"http://127.0.0.1:{port}")
        auth.blocking.close()
    finally:
        process.terminate()
        process.wait(10)


def signed_in(servers: Pair, server: str) -> Visitor:
    visitor = Visitor(servers)
    _, answer = visitor.ask(server, "POST", "/sign-in/social", {"provider": "google"})
    state = parameters(answer["url"])["state"]
    if server == "ours":
        come_back(visitor.browser, state)
    else:
        query = urlencode({"state": state, "code": CODE})
        visitor.ask(server, "GET", f"/callback/google?{query}")
    return visitor


@pytest.mark.parametrize(("here", "there"), DIRECTIONS)
def test_tokens_are_found_renewed_and_forgotten_on_the_other_side(
    servers: Pair, token: str, here: str, there: str
) -> None:
    first = TOKEN if here == "ours" else token
    visitor = signed_in(servers, here)
    status, found = visitor.ask(there, "POST", "/get-access-token", BODY)
    assert (status, found["accessToken"]) == (200, first)
    status, renewed = visitor.ask(there, "POST", "/refresh-token", BODY)
    assert status == 200, renewed
    for server in (here, there):
        status, again = visitor.ask(server, "POST", "/get-access-token", BODY)
        assert (status, again["accessToken"]) == (200, renewed["accessToken"])
    held = [name for name in visitor.browser.jar if "account_data" in name]
    assert held
    assert visitor.ask(there, "POST", "/sign-out", {})[0] == 200
    assert not [name for name in visitor.browser.jar if "account_data" in name]


@pytest.mark.parametrize(("here", "there"), DIRECTIONS)
def test_what_a_cookie_says_is_the_same(servers: Pair, here: str, there: str) -> None:
    visitor = signed_in(servers, here)
    answers = [visitor.ask(server, "POST", "/refresh-token", BODY)[1] for server in (here, there)]
    for name in ("providerId", "accountId", "scope"):
        assert answers[0][name] == answers[1][name], name
