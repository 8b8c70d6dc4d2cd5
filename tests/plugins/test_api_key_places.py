"""Where keys are kept beside the database: Redis, a store of one's own, and both at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer
from tests.support.browser import Clock
from tests.support.databases import redis_keys
from watchword.crypto.signing import hash_identifier
from watchword.features.users import DeleteUser
from watchword.plugins import ApiKey
from watchword.plugins.api_key import ApiKeyConfig
from watchword.storage.redis import RedisStorage

DAY = 86_400


class Store:
    """A store of the application's own, with its entries to look at."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.lives: dict[str, int | None] = {}

    def get(self, key: str) -> str | None:
        return self.entries.get(key)

    def set(self, key: str, value: str, ttl: int | None) -> None:
        self.entries[key] = value
        self.lives[key] = ttl

    async def delete(self, key: str) -> None:
        self.entries.pop(key, None)


@pytest.fixture
def store() -> Store:
    return Store()


def server_of(make_auth: MakeAuth, kind: str, **options: Any) -> KeyServer:
    config = ApiKeyConfig(
        storage="secondary-storage",
        enable_metadata=True,
        enable_session_for_api_keys=True,
        **options,
    )
    auth = make_auth(plugins=[ApiKey(config=config)], delete_user=DeleteUser(enabled=True))
    return KeyServer(auth, kind)


def rows(path: Path) -> list[Any]:
    with sqlite3.connect(path / "test.db") as database:
        return database.execute("select id from apikey").fetchall()


def test_entries_have_the_form_of_the_reference(
    make_auth: MakeAuth, kind: str, store: Store, tmp_path: Path
) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    made = server.create(expires_in=DAY + 1, metadata={"a": 1}, permissions={"f": ["r"]}, name="k")
    hashed = hash_identifier(made.key)
    by_hash, by_id, by_owner = (
        f"api-key:{hashed}",
        f"api-key:by-id:{made.id}",
        f"api-key:by-ref:{server.ada_id}",
    )
    assert store.entries.keys() == {by_hash, by_id, by_owner}
    assert store.lives == {by_hash: DAY + 1, by_id: DAY + 1, by_owner: None}
    assert json.loads(store.entries[by_owner]) == [made.id]
    assert store.entries[by_hash] == store.entries[by_id]
    entry = json.loads(store.entries[by_hash])
    assert (entry["key"], entry["metadata"], entry["permissions"]) == (
        hashed,
        {"a": 1},
        '{"f":["r"]}',
    )
    assert entry["expiresAt"] == "2030-01-02T00:00:01.000Z"
    assert made.key not in str(store.entries)
    assert rows(tmp_path) == []
    assert server.code(made.key, permissions={"f": ["r"]}) == "ok"
    assert json.loads(store.entries[by_id])["requestCount"] == 1


def test_a_life_of_a_key(make_auth: MakeAuth, kind: str, store: Store, clock: Clock) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    made = server.create(name="k", remaining=3, expires_in=DAY)
    assert server.with_key(made.key).json["user"]["id"] == server.ada_id
    other = server.create(name="b")
    listed = server.ada.get("/api-key/list", {"sortBy": "name", "limit": 1}).json
    assert ([one["name"] for one in listed["apiKeys"]], listed["total"]) == (["b"], 2)
    changed = server.ada.post("/api-key/update", {"keyId": made.id, "metadata": {"b": 2}}).json
    assert (changed["metadata"], changed["remaining"]) == ({"b": 2}, 2)
    eve, _ = server.person("eve")
    for answer in (
        eve.get("/api-key/get", {"id": made.id}),
        eve.post("/api-key/update", {"keyId": made.id, "name": "mine"}),
        eve.post("/api-key/delete", {"keyId": made.id}),
    ):
        assert answer.code == "KEY_NOT_FOUND"
    assert server.ada.post("/api-key/delete", {"keyId": other.id}).status == 200
    assert server.code(other.key) == "INVALID_API_KEY"
    clock.forward(DAY + 1)
    # The store here never forgets by itself.
    assert [server.code(made.key) for _ in range(2)] == ["KEY_EXPIRED", "INVALID_API_KEY"]
    assert store.entries == {}


def test_uses_that_are_gone_take_the_key_with_them(
    make_auth: MakeAuth, kind: str, store: Store
) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    made = server.create(remaining=1)
    assert [server.code(made.key) for _ in range(3)] == ["ok", "USAGE_EXCEEDED", "INVALID_API_KEY"]
    assert store.entries == {}


def test_keys_go_with_their_user(make_auth: MakeAuth, kind: str, store: Store) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    server.create()
    assert server.ada.post("/delete-user", {"password": "password1234"}).status == 200
    server.auth.blocking.runtime.drain()
    assert store.entries == {}


def test_entries_that_nobody_can_read_are_no_keys(
    make_auth: MakeAuth, kind: str, store: Store
) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    made = server.create()
    for text in ("", "null", "[]", "{", '{"id": 5}', '{"createdAt": "x"}'):
        store.entries[f"api-key:{hash_identifier(made.key)}"] = text
        assert server.code(made.key) == "INVALID_API_KEY"
        store.entries[f"api-key:by-ref:{server.ada_id}"] = text
        assert server.ada.get("/api-key/list").json == {"apiKeys": [], "total": 0}


def test_an_entry_under_the_hash_of_another_key_is_no_key(
    make_auth: MakeAuth, kind: str, store: Store
) -> None:
    server = server_of(make_auth, kind, custom_storage=store)
    made, other = server.create(), server.create()
    entry = store.entries[f"api-key:{hash_identifier(made.key)}"]
    store.entries[f"api-key:{hash_identifier(other.key)}"] = entry
    assert server.code(other.key) == "INVALID_API_KEY"


@pytest.fixture
def redis(make_auth: MakeAuth) -> Iterator[dict[str, Any]]:
    with redis_keys() as space:
        yield {"secondary_storage": RedisStorage(space.url, prefix=space.prefix)}


def test_with_a_fallback_the_database_decides(
    make_auth: MakeAuth, kind: str, store: Store, tmp_path: Path
) -> None:
    server = server_of(make_auth, kind, custom_storage=store, fallback_to_database=True)
    made = server.create(remaining=5)
    assert rows(tmp_path) == [(made.id,)]
    # A server of the reference keeps copies; none survives a change.
    hashed = hash_identifier(made.key)
    names = {f"api-key:{hashed}", f"api-key:by-id:{made.id}", f"api-key:by-ref:{server.ada_id}"}
    store.entries.update(dict.fromkeys(names, "a copy"))
    assert server.code(made.key) == "ok"
    server.ada.post("/api-key/update", {"keyId": made.id, "enabled": False})
    assert store.entries == {}
    assert server.code(made.key) == "KEY_DISABLED"
    store.entries.update(dict.fromkeys(names, "a copy"))
    server.ada.post("/api-key/delete", {"keyId": made.id})
    assert (store.entries, rows(tmp_path)) == ({}, [])


def test_work_that_nobody_waits_for_is_done_behind_the_answer(
    make_auth: MakeAuth, tmp_path: Path, clock: Clock
) -> None:
    config = ApiKeyConfig(defer_updates=True)
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)]))
    plain = server.create(rate_limit_enabled=False)
    counted = server.create(remaining=2, rate_limit_enabled=False)
    assert [server.code(counted.key) for _ in range(3)] == ["ok", "ok", "USAGE_EXCEEDED"]
    clock.forward(5)
    assert server.code(plain.key) == "ok"
    server.auth.blocking.runtime.drain()
    found = server.ada.get("/api-key/get", {"id": plain.id}).json
    assert found["lastRequest"] == "2030-01-01T00:00:05.000Z"


def test_kinds_of_keys_in_several_places(make_auth: MakeAuth, kind: str, store: Store) -> None:
    config = [
        ApiKeyConfig(),
        ApiKeyConfig(config_id="cached", storage="secondary-storage", custom_storage=store),
    ]
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)]), kind)
    here, there = server.create(name="b"), server.create(config_id="cached", name="a")
    assert [server.code(one.key) for one in (here, there)] == ["ok", "ok"]
    assert server.code(there.key, config_id="default") == "INVALID_API_KEY"
    listed = server.ada.get("/api-key/list", {"sortBy": "name"}).json
    assert ([one["name"] for one in listed["apiKeys"]], listed["total"]) == (["a", "b"], 2)
    assert server.ada.get("/api-key/list", {"configId": "cached"}).json["total"] == 1
    paged = server.ada.get("/api-key/list", {"sortBy": "name", "limit": 1, "offset": 1}).json
    assert [one["name"] for one in paged["apiKeys"]] == ["b"]


def test_redis(make_auth: MakeAuth, kind: str, redis: dict[str, Any]) -> None:
    config = ApiKeyConfig(storage="secondary-storage")
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)], **redis), kind)
    made = server.create(remaining=1, refill_amount=2, refill_interval=1000)
    assert [server.code(made.key) for _ in range(2)] == ["ok", "USAGE_EXCEEDED"]
    assert server.ada.get("/api-key/list").json["total"] == 1
