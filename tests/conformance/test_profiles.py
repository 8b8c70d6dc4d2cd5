"""Every profile that is served can be built, and does what only it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.profiles import PROFILES, build
from tests.conformance.surroundings import Surroundings
from tests.support.browser import Browser

ORIGIN = "http://localhost:3000"


class Profile:
    """A profile without a network: its server, its outbox, browsers."""

    def __init__(self, name: str, folder: Path) -> None:
        self.around = Surroundings(origin=ORIGIN, database=f"sqlite:///{folder}/{name}.db")
        self.auth = build(name, self.around)
        self.auth.blocking.migrate()

    def browser(self) -> Browser:
        return Browser(self.auth)

    def sent(self) -> Sequence[dict[str, Any]]:
        """Everything that was sent, once the background work is done."""
        self.auth.blocking.runtime.drain()
        return self.around.outbox[:]

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.sent()]

    def newest(self, kind: str) -> dict[str, Any]:
        return [message for message in self.sent() if message["kind"] == kind][-1]

    def follow(self, kind: str) -> int:
        """The status of opening the newest link of a kind."""
        url = self.newest(kind)["url"]
        path, _, query = url.removeprefix(f"{ORIGIN}/api/auth").partition("?")
        pairs = dict(pair.split("=", 1) for pair in query.split("&"))
        return self.browser().get(path, {**pairs, "callbackURL": ""}).status


@pytest.mark.parametrize("name", PROFILES)
def test_signing_up_sends_a_link_that_verifies(name: str, tmp_path: Path) -> None:
    profile = Profile(name, tmp_path)
    assert profile.browser().sign_up().status == 200
    assert profile.kinds() == ["verify-email"]
    assert profile.newest("verify-email")["to"] == "ada@example.com"
    assert profile.newest("verify-email")["token"] in profile.newest("verify-email")["url"]
    assert profile.follow("verify-email") == 200
    assert profile.kinds() == ["verify-email", "email-was-verified"]
    profile.auth.blocking.close()


@pytest.mark.parametrize(
    ("name", "cookies"),
    [
        ("core", ["better-auth.session_token"]),
        ("core-cache-jwe", ["better-auth.session_data", "better-auth.session_token"]),
        ("core-secure", ["__Secure-orc.session_data", "__Secure-sid"]),
        ("core-strict", []),
    ],
)
def test_cookies_of_signing_up(name: str, cookies: list[str], tmp_path: Path) -> None:
    profile = Profile(name, tmp_path)
    ada = profile.browser()
    ada.sign_up()
    assert sorted(ada.jar) == cookies
    profile.auth.blocking.close()


def test_protected_users_stay(tmp_path: Path) -> None:
    profile = Profile("core", tmp_path)
    ada, eve = profile.browser(), profile.browser()
    ada.sign_up("undeletable.ada@example.com")
    refused = ada.post("/delete-user", {})
    assert (refused.status, refused.code) == (403, "USER_IS_PROTECTED")
    eve.sign_up("eve@example.com")
    assert eve.post("/delete-user", {}).status == 200
    assert profile.newest("user-was-deleted")["to"] == "eve@example.com"
    profile.auth.blocking.close()


def test_strict_asks_at_sign_in_and_tells_the_owner(tmp_path: Path) -> None:
    profile = Profile("core-strict", tmp_path)
    profile.browser().sign_up()
    refused = profile.browser().sign_in()
    assert (refused.status, refused.code) == (403, "EMAIL_NOT_VERIFIED")
    assert profile.kinds() == ["verify-email", "verify-email"]
    profile.browser().sign_up()
    assert profile.newest("existing-sign-up")["to"] == "ada@example.com"
    profile.auth.blocking.close()
