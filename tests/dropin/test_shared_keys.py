"""Keys and tokens of the reference count here, and the other way round, on one database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.differential.recording import Browser, Recorder
from tests.support.reference import reference_server
from tests.support.services import conformance_server
from watchword.resource import JWTVerifier

Servers = dict[str, Recorder]


@pytest.fixture(params=["ours", "theirs"], scope="module")
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """Both on one database, with one secret; the one of the parameter makes the first key."""
    database = str(tmp_path_factory.mktemp("shared") / "shared.db")
    with ExitStack() as stack:
        theirs = stack.enter_context(reference_server("plugins", database))
        ours = stack.enter_context(conformance_server("plugins", "asgi", database))
        found = {"theirs": Recorder(theirs, ""), "ours": Recorder(ours, "")}
        assert len(key_ids(found[request.param])) == 1
        yield found


def key_ids(server: Recorder) -> list[str]:
    return [key["kid"] for key in server.browser().get("keys", "/jwks").json["keys"]]


def token_of(server: Recorder, email: str) -> str:
    browser: Browser = server.browser()
    browser.sign_up(email)
    return browser.get("token", "/token").json["token"]


def test_both_publish_the_same_keys(servers: Servers) -> None:
    ours = servers["ours"].browser().get("keys", "/jwks").json
    assert ours == servers["theirs"].browser().get("keys", "/jwks").json
    assert len(ours["keys"]) == 1


@pytest.mark.parametrize(("here", "there"), [("ours", "theirs"), ("theirs", "ours")])
def test_a_token_of_the_one_is_good_at_the_other(servers: Servers, here: str, there: str) -> None:
    own = {"payload": {"sub": "job", "aud": "https://api.example", "iss": servers[here].origin}}
    own["payload"]["aud"] = servers[there].origin
    token = servers[here].call("signJWT", body=own)["token"]
    asked = {"token": token, "issuer": servers[here].origin}
    assert servers[there].call("verifyJWT", body=asked)["payload"]["sub"] == "job"


@pytest.mark.parametrize("signs", ["ours", "theirs"])
@pytest.mark.parametrize("publishes", ["ours", "theirs"])
def test_a_service_verifies_with_the_keys_of_either(
    servers: Servers, signs: str, publishes: str
) -> None:
    issuer = servers[signs].origin
    address = f"{signs}-{publishes}@example.com"
    token = token_of(servers[signs], address)
    verifier = JWTVerifier(f"{servers[publishes].origin}/api/auth/jwks", issuer, issuer)
    found = verifier.blocking.verify(token)
    assert found.claims["email"] == address
    verifier.blocking.close()


def test_no_key_was_made_twice(servers: Servers) -> None:
    assert len(key_ids(servers["ours"])) == 1
