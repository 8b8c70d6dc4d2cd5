"""API keys in the hands of their owners: making, reading, changing, deleting."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer, MakeServer, key_server
from tests.support.browser import Clock
from watchword import APIError, ConfigurationError, ModelHooks
from watchword.crypto.signing import hash_identifier
from watchword.plugins import Admin, ApiKey
from watchword.plugins.api_key import (
    ApiKeyConfig,
    CreateApiKey,
    KeyExpiration,
    KeyRateLimit,
    StartingCharacters,
    UpdateApiKey,
)

DAY = 86_400
SERVER_ONLY: list[dict[str, Any]] = [
    {"remaining": 5},
    {"refillAmount": 5},
    {"refillInterval": 5},
    {"rateLimitMax": 5},
    {"rateLimitTimeWindow": 5},
    {"rateLimitEnabled": False},
    {"permissions": {"files": ["read"]}},
]


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> MakeServer:
    return key_server(make_auth, kind)


def stored(tmp_path: Path, key_id: str) -> sqlite3.Row:
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.row_factory = sqlite3.Row
        return database.execute("select * from apikey where id = ?", (key_id,)).fetchone()


def test_a_key_is_told_once_and_stored_as_its_hash(make: MakeServer, tmp_path: Path) -> None:
    server = make(default_prefix="sk_", enable_metadata=True)
    made = server.ada.post("/api-key/create", {"name": "ci", "metadata": {"a": "é"}}).json
    key = made["key"]
    assert key.startswith("sk_")
    assert key[3:].isalpha()
    assert len(key) == 67
    assert (made["start"], made["prefix"], made["referenceId"]) == (key[:6], "sk_", server.ada_id)
    row = stored(tmp_path, made["id"])
    assert row["key"] == hash_identifier(key)
    assert key not in [str(value) for value in row]
    assert (row["metadata"], row["permissions"]) == ('{"a":"é"}', None)
    shown = [
        server.ada.get("/api-key/get", {"id": made["id"]}),
        server.ada.get("/api-key/list"),
        server.ada.post("/api-key/update", {"keyId": made["id"], "name": "cd"}),
    ]
    for answer in shown:
        text = answer.response.body.decode()
        assert key not in text
        assert row["key"] not in text


def test_metadata_that_is_not_there_is_the_text_null(make: MakeServer, tmp_path: Path) -> None:
    server = make()
    made = server.ada.post("/api-key/create", {}).json
    assert (stored(tmp_path, made["id"])["metadata"], made["metadata"]) == ("null", None)


def test_metadata_of_older_servers_is_read(make: MakeServer, tmp_path: Path) -> None:
    server = make()
    made = server.create()
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("update apikey set metadata = ?", (json.dumps('{"a": 1}'),))
    assert server.ada.get("/api-key/get", {"id": made.id}).json["metadata"] == {"a": 1}


@pytest.mark.parametrize("given", SERVER_ONLY)
def test_clients_do_not_set_what_the_server_sets(make: MakeServer, given: dict[str, Any]) -> None:
    server = make()
    assert server.ada.post("/api-key/create", given).code == "SERVER_ONLY_PROPERTY"
    key_id = server.create().id
    before = server.ada.get("/api-key/get", {"id": key_id}).json
    changed = server.ada.post("/api-key/update", {"keyId": key_id, **given})
    assert (changed.status, changed.code) == (400, "SERVER_ONLY_PROPERTY")
    assert server.ada.get("/api-key/get", {"id": key_id}).json == before


@pytest.mark.parametrize("given", SERVER_ONLY)
def test_headers_of_somebody_make_a_call_that_persons(
    make: MakeServer, given: dict[str, Any]
) -> None:
    server = make()
    cookie = "; ".join(f"{name}={value}" for name, value in server.ada.jar.items())
    api = server.auth.blocking.api
    extra = {"refillInterval": 5} if "refillAmount" in given else {}
    checked = server.auth.blocking.check({"cookie": cookie})
    ways: tuple[dict[str, Any], ...] = ({"headers": {"cookie": cookie}}, {"checked": checked})
    for asked in ways:
        with pytest.raises(APIError, match="SERVER_ONLY_PROPERTY"):
            api.create_api_key(CreateApiKey(), extra={**given, **extra}, **asked)
        assert api.create_api_key(CreateApiKey(), **asked).reference_id == server.ada_id


def test_a_session_makes_keys_for_nobody_else(make: MakeServer) -> None:
    server = make()
    eve, eve_id = server.person("eve")
    for user_id in (server.ada_id, eve_id, "nobody"):
        answer = eve.post("/api-key/create", {"userId": user_id})
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED_SESSION")
    key_id = server.create().id
    changed = eve.post("/api-key/update", {"keyId": key_id, "userId": server.ada_id, "name": "x"})
    assert (changed.status, changed.code) == (401, "UNAUTHORIZED_SESSION")


def test_keys_of_others_are_not_found(make: MakeServer) -> None:
    server = make()
    eve, _ = server.person("eve")
    key_id = server.create().id
    answers = [
        eve.get("/api-key/get", {"id": key_id}),
        eve.post("/api-key/update", {"keyId": key_id, "name": "mine"}),
        eve.post("/api-key/delete", {"keyId": key_id}),
    ]
    assert [(one.status, one.code) for one in answers] == [(404, "KEY_NOT_FOUND")] * 3
    assert eve.get("/api-key/list").json == {"apiKeys": [], "total": 0}
    assert server.ada.get("/api-key/list").json["total"] == 1


def test_the_server_itself_says_whose_a_key_is(make: MakeServer) -> None:
    server = make()
    api = server.auth.blocking.api
    for nobody in (CreateApiKey(), CreateApiKey(user_id="nobody")):
        with pytest.raises(APIError, match="401 UNAUTHORIZED_SESSION"):
            api.create_api_key(nobody)
    _, eve_id = server.person("eve")
    made = server.create(remaining=3, permissions={"files": ["read"]})
    assert (made.remaining, made.permissions) == (3, {"files": ["read"]})
    change = UpdateApiKey(key_id=made.id, user_id=eve_id, remaining=9)
    with pytest.raises(APIError, match="404 KEY_NOT_FOUND"):
        api.update_api_key(change)
    changed = api.update_api_key(
        UpdateApiKey(key_id=made.id, user_id=server.ada_id, remaining=9, permissions=None)
    )
    assert (changed.remaining, changed.permissions) == (9, None)


def test_lists_go_page_by_page(make: MakeServer) -> None:
    server = make()
    for name in "bca":
        server.create(name=name)

    def names(**query: Any) -> tuple[list[str], int]:
        found = server.ada.get("/api-key/list", query).json
        return [one["name"] for one in found["apiKeys"]], found["total"]

    assert names(sortBy="name") == (["a", "b", "c"], 3)
    assert names(sortBy="name", sortDirection="desc", limit=2) == (["c", "b"], 3)
    assert names(sortBy="name", limit=2, offset=2) == (["c"], 3)
    assert names(limit=0) == ([], 3)
    assert names(configId="other") == ([], 0)
    for query in ({"limit": "x"}, {"limit": -1}, {"offset": "1.5"}, {"sortBy": "nothing"}):
        assert server.ada.get("/api-key/list", query).code == "VALIDATION_ERROR"


def test_nothing_is_sorted_by_what_nobody_sees(make: MakeServer) -> None:
    server = make()
    for secret in ("key", "Key", "key_hash", "reference_id", "password"):
        assert server.ada.get("/api-key/list", {"sortBy": secret}).code == "VALIDATION_ERROR"


def test_what_a_configuration_asks_of_keys(make: MakeServer) -> None:
    server = make(
        require_name=True,
        maximum_name_length=5,
        key_expiration=KeyExpiration(default_expires_in=7 * DAY, max_expires_in=30 * DAY),
        rate_limit=KeyRateLimit(max_requests=3, time_window=60),
        default_permissions={"files": ["read"]},
        starting_characters=StartingCharacters(should_store=False),
    )
    post = server.ada.post
    for body, code in (
        ({}, "NAME_REQUIRED"),
        ({"name": ""}, "NAME_REQUIRED"),
        ({"name": "toolong"}, "INVALID_NAME_LENGTH"),
        ({"name": "k", "metadata": {}}, None),
        ({"name": "k", "metadata": {"a": 1}}, "METADATA_DISABLED"),
        ({"name": "k", "prefix": "x" * 33}, "INVALID_PREFIX_LENGTH"),
        ({"name": "k", "prefix": "a b"}, "VALIDATION_ERROR"),
        ({"name": "k", "expiresIn": DAY - 1}, "EXPIRES_IN_IS_TOO_SMALL"),
        ({"name": "k", "expiresIn": 30 * DAY + 1}, "EXPIRES_IN_IS_TOO_LARGE"),
        ({"name": "k", "expiresIn": 1e300}, "VALIDATION_ERROR"),
    ):
        assert post("/api-key/create", body).code == code, body
    made = post("/api-key/create", {"name": "k"}).json
    assert made["start"] is None
    assert made["expiresAt"].startswith("2030-01-08T00:00:00")
    assert (made["rateLimitMax"], made["rateLimitTimeWindow"]) == (3, 60_000)
    assert made["permissions"] == {"files": ["read"]}


def test_permissions_come_from_a_function(make: MakeServer) -> None:
    server = make(default_permissions=lambda owner, call: {"of": [owner]})
    assert server.create().permissions == {"of": [server.ada_id]}


def test_keys_of_ones_own_making(make: MakeServer) -> None:
    def generate(length: int, prefix: str) -> str:
        return f"{prefix}{'k' * length}"

    server = make(custom_key_generator=generate)
    assert server.create(prefix="p-").key == "p-" + "k" * 64


def test_a_generator_that_makes_short_keys_is_told_of_without_the_key(make: MakeServer) -> None:
    server = make(custom_key_generator=lambda length, prefix: "weak-key-1")
    with pytest.raises(ConfigurationError) as error:
        server.create()
    assert "weak-key-1" not in str(error.value)


def test_changes(make: MakeServer, clock: Clock) -> None:
    server = make(enable_metadata=True)
    key_id = server.create(name="old", expires_in=2 * DAY).id

    def change(**given: Any) -> Any:
        return server.ada.post("/api-key/update", {"keyId": key_id, **given}).json

    assert change(name="new")["name"] == "new"
    assert change(enabled=False)["enabled"] is False
    assert change(metadata={"a": 1})["metadata"] == {"a": 1}
    assert change(expiresIn=3 * DAY)["expiresAt"].startswith("2030-01-04")
    assert change(expiresIn=None)["expiresAt"] is None
    for given, code in (
        ({}, "NO_VALUES_TO_UPDATE"),
        ({"name": ""}, "INVALID_NAME_LENGTH"),
        ({"metadata": "text"}, "INVALID_METADATA_TYPE"),
        ({"metadata": {"a": "x" * 20_000}}, "METADATA_TOO_LARGE"),
        ({"expiresIn": 5}, "EXPIRES_IN_IS_TOO_SMALL"),
        ({"enabled": "no"}, "VALIDATION_ERROR"),
    ):
        assert change(**given)["code"] == code


def test_a_key_whose_end_nobody_chooses(make: MakeServer) -> None:
    server = make(key_expiration=KeyExpiration(disable_custom_expires_time=True))
    assert server.ada.post("/api-key/create", {"expiresIn": 2 * DAY}).code == (
        "KEY_DISABLED_EXPIRATION"
    )
    key_id = server.create().id
    for life in (2 * DAY, None):
        answer = server.ada.post("/api-key/update", {"keyId": key_id, "expiresIn": life})
        assert answer.code == "KEY_DISABLED_EXPIRATION"


def test_a_session_that_ended_meanwhile_makes_no_key(make_auth: MakeAuth, kind: str) -> None:
    ended: list[KeyServer] = []

    async def revoke(values: Any, call: Any) -> None:
        if ended:
            await call.sessions.remove_all(call, ended[0].ada_id)

    def permissions(owner: str, call: Any) -> Any:
        return revoke({}, call)

    config = ApiKeyConfig(default_permissions=permissions)
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)]), kind)
    ended.append(server)
    answer = server.ada.post("/api-key/create", {})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED_SESSION")
    assert server.ada.sign_in().status == 200
    assert server.ada.get("/api-key/list").json["total"] == 0


def test_whoever_is_banned_makes_and_deletes_no_keys(make: MakeServer, tmp_path: Path) -> None:
    server = make(auth={"plugins": [Admin()]})
    key_id = server.create().id
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("update user set banned = 1")
    for path, body in (
        ("/api-key/create", {}),
        ("/api-key/update", {"keyId": key_id, "name": "n"}),
        ("/api-key/delete", {"keyId": key_id}),
    ):
        answer = server.ada.post(path, body)
        assert (answer.status, answer.code) == (401, "USER_BANNED")


def test_hooks_of_the_database_may_refuse(make: MakeServer) -> None:
    hooks = {"apikey": ModelHooks(create_before=lambda values, call: False)}
    server = make(auth={"database_hooks": hooks})
    answer = server.ada.post("/api-key/create", {})
    assert (answer.status, answer.code) == (422, "FAILED_TO_CREATE_API_KEY")


@pytest.mark.parametrize(
    "options",
    [
        {"default_key_length": 4},
        {"default_prefix": "a b"},
        {"references": "team"},
        {"storage": "disk"},
        {"fallback_to_database": True},
        {"references": "organization", "enable_session_for_api_keys": True},
        {"minimum_name_length": 5, "maximum_name_length": 4},
        {"rate_limit": KeyRateLimit(max_requests=0)},
        {"rate_limit": KeyRateLimit(time_window=60 * DAY)},
        {"key_expiration": KeyExpiration(min_expires_in=5, max_expires_in=4)},
        {"default_permissions": {"files": "read"}},
        {"custom_api_key_getter": "x-api-key"},
        {"starting_characters": StartingCharacters(characters_length=60)},
        {"api_key_headers": ["a b"]},
        {"enable_metadata": "yes"},
    ],
)
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="ApiKeyConfig"):
        ApiKeyConfig(**options)


def test_configurations_that_cannot_be(make_auth: MakeAuth) -> None:
    for config in ([], [ApiKeyConfig(), ApiKeyConfig()]):
        with pytest.raises(ConfigurationError, match=r"ApiKey\.config"):
            ApiKey(config=config)
    for config, what in (
        (ApiKeyConfig(references="organization"), "organization"),
        (ApiKeyConfig(storage="secondary-storage"), "secondary_storage"),
    ):
        with pytest.raises(ConfigurationError, match=what):
            make_auth(plugins=[ApiKey(config=config)])
