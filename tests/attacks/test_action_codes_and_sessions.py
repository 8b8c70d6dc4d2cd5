"""W5: a code that confirms an action is of the session that asked for it, and ends with it.

A thief in somebody's session makes its owner's mailbox ring; what arrives there must be worth
nothing in another session, nor after the owner has the account back. A code outlives a planned
exchange of secrets, as the session does (W14).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import DELETE, FREE, ActionServer, action_server, verify
from tests.support.browser import SECRET, Answer, Browser
from tests.support.places import options_for
from watchword import VersionedSecret


@pytest.fixture(params=["sqlite", "postgres", "mysql", "redis", "memory", "stateless"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return options_for(request.param, request)


@pytest.fixture
def server(make_auth: MakeAuth, options: dict[str, Any], tmp_path: Path, kind: str) -> ActionServer:
    make = action_server(make_auth, tmp_path, kind)
    return make(resend_after=0, rate_limit=FREE, auth=options)


def stored(server: ActionServer) -> bool:
    return not server.auth.config.stateless


def other_session(server: ActionServer) -> Browser:
    browser = server.browser()
    assert browser.sign_in().status == 200
    return browser


def refused(answer: Answer) -> bool:
    return (answer.status, answer.code) == (400, "INVALID_TOKEN")


def test_w5_a_code_is_good_in_the_session_that_asked(server: ActionServer) -> None:
    ada = server.signed_up()
    assert verify(ada, server.code(ada)).status == 200


def revoke_it(server: ActionServer, owner: Browser, thief: Browser) -> None:
    token = thief.session()["session"]["token"]
    assert owner.post("/revoke-session", {"token": token}).status == 200


def sign_it_out(server: ActionServer, owner: Browser, thief: Browser) -> None:
    assert thief.post("/sign-out").status == 200


def nothing(server: ActionServer, owner: Browser, thief: Browser) -> None:
    """The thief has two sessions, and uses one to hide the other."""


@pytest.mark.parametrize("end", [revoke_it, sign_it_out, nothing])
def test_w5_a_code_of_one_session_is_worth_nothing_in_another(
    server: ActionServer, end: Callable[[ActionServer, Browser, Browser], None]
) -> None:
    if not stored(server):
        pytest.skip("nobody knows of sessions there")
    owner = server.signed_up()
    thief, second = other_session(server), other_session(server)
    code = server.code(thief)
    end(server, owner, thief)
    assert refused(verify(second, code))
    assert verify(owner, server.code(owner)).status == 200


@pytest.mark.parametrize("path", ["/change-password", "/revoke-other-sessions"])
def test_w5_a_code_ends_when_the_account_is_taken_back(server: ActionServer, path: str) -> None:
    if not stored(server) and path != "/change-password":
        pytest.skip("sessions are not ended from afar there")
    ada = server.signed_up()
    code = server.code(ada)
    passwords = {"currentPassword": "password1234", "newPassword": "another-1234"}
    assert ada.post(path, passwords if path == "/change-password" else None).status == 200
    assert refused(verify(ada, code))
    assert verify(ada, server.code(ada)).status == 200


# exchanged secrets


NEW = SECRET[::-1]
UNTIL = datetime(2030, 1, 5, tzinfo=UTC)


def test_w14_a_code_outlives_a_planned_exchange_of_secrets(
    make_auth: MakeAuth, tmp_path: Path, kind: str
) -> None:
    make = action_server(make_auth, tmp_path, kind)
    before = make(resend_after=0)
    ada = before.signed_up()
    code = before.code(ada)
    secrets = (VersionedSecret(2, NEW), VersionedSecret(1, SECRET, accept_until=UNTIL))
    after = make(resend_after=0, auth={"secret": None, "secrets": secrets})
    ada.auth = after.auth
    assert verify(ada, code, DELETE).status == 200
