"""API keys that either server makes are good for the other one, and counted by both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.recording import Recorder
from tests.dropin.test_shared_administrators import both_ways, moved
from tests.support.reference import reference_server
from tests.support.services import conformance_server

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


@both_ways
def test_a_key_is_good_there_and_changed_there(servers: Servers, here: str, there: str) -> None:
    own = servers[here].browser()
    own.sign_up(f"key-{here}@example.com")
    made = own.post("make", "/api-key/create", {"name": "k", "metadata": {"a": ["é", 1]}}).json
    other, nobody = moved(own, servers[there]), servers[there].browser()
    found = nobody.get("session", "/get-session", x_api_key=made["key"])
    assert (found.status, found.json["user"]["id"]) == (200, made["referenceId"])
    [listed] = other.get("list", "/api-key/list").json["apiKeys"]
    assert (listed["name"], listed["metadata"], listed["start"]) == (
        "k",
        {"a": ["é", 1]},
        made["key"][:6],
    )
    change = {"keyId": made["id"], "name": "new", "enabled": False}
    assert other.post("change", "/api-key/update", change).status == 200
    back = servers[here].browser().get("off", "/get-session", x_api_key=made["key"])
    assert back.json["code"] == "KEY_DISABLED"
    assert own.get("get", f"/api-key/get?id={made['id']}").json["name"] == "new"
    assert other.post("delete", "/api-key/delete", {"keyId": made["id"]}).status == 200
    assert own.get("get", f"/api-key/get?id={made['id']}").status == 404


@both_ways
def test_both_count_the_same_uses(servers: Servers, here: str, there: str) -> None:
    own = servers[here].browser()
    user_id = own.sign_up(f"count-{here}@example.com").json["user"]["id"]
    given = {"userId": user_id, "remaining": 3, "permissions": {"files": ["read"]}}
    key = servers[here].call("createApiKey", body=given)["key"]

    def use(at: str) -> tuple[bool, str | None]:
        wanted = {"key": key, "permissions": {"files": ["read"]}}
        found = servers[at].call("verifyApiKey", body=wanted)
        return found["valid"], (found["error"] or {}).get("code")

    assert [use(at) for at in (there, here, there)] == [(True, None)] * 3
    assert use(here) == (False, "USAGE_EXCEEDED")
    limited = {"userId": user_id, "rateLimitMax": 2, "rateLimitTimeWindow": 60_000}
    key = servers[here].call("createApiKey", body={**limited, "permissions": {"files": ["read"]}})[
        "key"
    ]
    assert [use(at) for at in (there, here)] == [(True, None)] * 2
    assert [use(at) for at in (there, here)] == [(False, "RATE_LIMITED")] * 2
