"""Roles, bans and impersonations of the reference count here, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.recording import PASSWORD, Browser, Recorder
from tests.support.reference import reference_server
from tests.support.services import conformance_server

both_ways = pytest.mark.parametrize(("here", "there"), [("ours", "theirs"), ("theirs", "ours")])
Servers = dict[str, Recorder]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both on one database, with one secret."""
    database = str(tmp_path_factory.mktemp("shared") / "shared.db")
    with (
        reference_server("plugins", database) as theirs,
        conformance_server("plugins", "asgi", database) as ours,
    ):
        yield {"theirs": Recorder(theirs, ""), "ours": Recorder(ours, "")}


def moved(browser: Browser, server: Recorder) -> Browser:
    """The same cookies before the other server."""
    other = server.browser()
    other.jar.update(browser.jar)
    return other


def people(servers: Servers, name: str) -> tuple[Browser, str, Browser]:
    """An administrator and somebody else, whose passwords both servers read."""
    root, bob = servers["theirs"].browser(), servers["theirs"].browser()
    root.sign_up(f"root.{name}@example.com")
    made = bob.sign_up(f"{name}@example.com")
    return root, made.json["user"]["id"], bob


@both_ways
def test_a_ban_counts_there(servers: Servers, here: str, there: str) -> None:
    root, bob_id, bob = people(servers, f"ban-{here}")
    given = {"email": f"ban-{here}@example.com", "password": PASSWORD}
    own = moved(root, servers[here])
    assert (
        own.post("ban", "/admin/ban-user", {"userId": bob_id, "banExpiresIn": 3600}).status == 200
    )
    assert moved(bob, servers[there]).get("ended", "/get-session").json is None
    refused = servers[there].browser().post("refused", "/sign-in/email", given)
    assert (refused.status, refused.json["code"]) == (403, "BANNED_USER")
    assert own.post("unban", "/admin/unban-user", {"userId": bob_id}).status == 200
    assert servers[there].browser().post("in", "/sign-in/email", given).status == 200


@both_ways
def test_a_role_counts_there(servers: Servers, here: str, there: str) -> None:
    root, bob_id, bob = people(servers, f"role-{here}")
    role = {"userId": bob_id, "role": ["user", "support"]}
    assert moved(root, servers[here]).post("role", "/admin/set-role", role).status == 200
    other = moved(bob, servers[there])
    assert other.get("session", "/get-session").json["user"]["role"] == "user,support"
    assert other.get("list", "/admin/list-users").status == 200
    assert other.post("ban", "/admin/ban-user", {"userId": bob_id}).status == 403


@both_ways
def test_whoever_is_somebody_else_here_goes_back_there(
    servers: Servers, here: str, there: str
) -> None:
    root, bob_id, _ = people(servers, f"place-{here}")
    own = moved(root, servers[here])
    assert own.post("there", "/admin/impersonate-user", {"userId": bob_id}).status == 200
    other = moved(own, servers[there])
    found = other.get("session", "/get-session").json
    assert found["user"]["id"] == bob_id
    assert found["session"]["impersonatedBy"] is not None
    back = other.post("back", "/admin/stop-impersonating", {})
    assert back.json["user"]["id"] == found["session"]["impersonatedBy"]
    assert own.get("over", "/get-session").json is None
