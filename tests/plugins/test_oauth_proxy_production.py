"""What production does with the state of a flow that says it began at a preview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.proxied import PREVIEW, PRODUCTION, Proxied, keys, lost, proxied
from tests.support.social import CODE, World, parameters
from watchword.crypto.symmetric import decrypt, encrypt

PACKAGE, STATE = "oauth-proxy-package", "oauth-proxy-state"


@pytest.fixture
def servers(make_auth: MakeAuth, tmp_path: Path) -> Proxied:
    return proxied(make_auth, tmp_path)


def test_production_takes_no_package_but_one_of_ours(servers: Proxied) -> None:
    browser = servers.browser()
    url = servers.begin(browser)
    package = parameters(url)["state"]
    inside = json.loads(decrypt(package, keys(PACKAGE)))
    other = "another-secret-0123456789-abcdefghijKLM"
    state = decrypt(inside["stateCookie"], keys(STATE))
    forged = [
        package[:-2] + ("00" if package[-2:] != "00" else "ff"),
        package[:100],
        encrypt(json.dumps(inside), keys(PACKAGE, other)),
        encrypt(json.dumps({**inside, "stateCookie": "x"}), keys(PACKAGE)),
        encrypt(json.dumps({**inside, "isOAuthProxy": False}), keys(PACKAGE)),
        encrypt(
            json.dumps({**inside, "stateCookie": encrypt(state, keys(PACKAGE))}), keys(PACKAGE)
        ),
        encrypt(json.dumps([]), keys(PACKAGE)),
        encrypt(state, keys(PACKAGE)),
    ]
    for one in forged:
        answer = browser.open(callback(state=one, code=CODE))
        assert lost(answer) == "state_mismatch"
    assert servers.world.asked == []


def callback(**query: str) -> str:
    return f"{PRODUCTION}/api/auth/callback/google?{urlencode(query)}"


def repacked(url: str, **changes: Any) -> str:
    """The package of a flow, with other members of its state, by somebody with the secret."""
    inside = json.loads(decrypt(parameters(url)["state"], keys(PACKAGE)))
    state = {**json.loads(decrypt(inside["stateCookie"], keys(STATE))), **changes}
    inside["stateCookie"] = encrypt(json.dumps(state), keys(STATE))
    return encrypt(json.dumps(inside), keys(PACKAGE))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"oauthState": "x" * 32}, "state_mismatch"),
        ({"expiresAt": 1}, "state_mismatch"),
        ({"callbackURL": f"{PREVIEW}/elsewhere"}, "state_mismatch"),
        ({"callbackURL": "/api/auth/callback/google/oauth-proxy"}, "state_mismatch"),
        ({"provider": "github"}, "state_mismatch"),
    ],
    ids=str,
)
def test_production_answers_no_flow_that_is_not_one(
    servers: Proxied, changes: dict[str, Any], code: str
) -> None:
    browser = servers.browser()
    package = repacked(servers.begin(browser), **changes)
    assert lost(browser.open(callback(state=package, code=CODE))) == code
    assert servers.world.asked == []


def test_production_sends_profiles_to_trusted_previews_alone(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    servers = proxied(make_auth, tmp_path, production={"trusted_origins": []})
    browser = servers.browser()
    answer = servers.at_production(browser, servers.begin(browser))
    assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    assert answer.header("location") is None
    assert servers.world.asked == []


def test_a_package_is_the_providers_that_it_was_made_for(servers: Proxied) -> None:
    browser = servers.browser()
    package = parameters(servers.begin(browser))["state"]
    elsewhere = f"{PRODUCTION}/api/auth/callback/github?{urlencode({'state': package})}&code=x"
    assert lost(browser.open(elsewhere)) == "state_mismatch"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"error": "access_denied", "error_description": "No."}, "access_denied"),
        ({"error": "<script>"}, "<script>"),
        ({"error": '"'}, "invalid_callback_request"),
        ({}, "no_code"),
    ],
)
def test_what_went_wrong_is_told_to_the_preview(
    servers: Proxied, given: dict[str, str], code: str
) -> None:
    browser = servers.browser()
    begun = servers.begin(browser, errorCallbackURL="/sorry")
    answer = browser.open(callback(state=parameters(begun)["state"], **given))
    assert lost(answer) == code
    assert (answer.header("location") or "").startswith(f"{PREVIEW}/sorry?error=")


def test_without_an_address_nothing_is_handed_over(make_auth: MakeAuth, tmp_path: Path) -> None:
    world = World()
    del world.claims["email"]
    servers = proxied(make_auth, tmp_path, world=world)
    browser = servers.browser()
    assert lost(servers.at_production(browser, servers.begin(browser))) == "email_not_found"


def test_what_no_url_holds_is_not_handed_over(make_auth: MakeAuth, tmp_path: Path) -> None:
    world = World()
    world.claims["picture"] = "https://pictures.example/"
    world.claims["name"] = "n" * 900
    world.claims["groups"] = ["g" * 100] * 80
    servers = proxied(make_auth, tmp_path, world=world)
    browser = servers.browser()
    answer = servers.at_production(browser, servers.begin(browser))
    assert lost(answer) == "profile_too_long"


def test_long_tokens_are_handed_over(make_auth: MakeAuth, tmp_path: Path) -> None:
    world = World()
    world.claims["groups"] = ["g" * 100] * 25
    servers = proxied(make_auth, tmp_path, world=world)
    browser = servers.browser()
    url = servers.handed_over(browser)
    assert len(url) > 8192
    assert browser.open(url).header("location") == "/home"
