"""API keys that somebody shows: to the server itself, or in the place of a session."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer, MakeServer, key_server
from tests.support.browser import Browser, Clock
from tests.support.plugins import every_plugin
from watchword import APIError, Auth, HowLately
from watchword.crypto.signing import hash_identifier
from watchword.features.user_alone import OF_THE_USER_ALONE
from watchword.features.users import DeleteUser
from watchword.plugins import Admin, ApiKey, Bearer
from watchword.plugins.api_key import ApiKeyConfig, DeleteApiKey, KeyRateLimit, VerifyApiKey
from watchword.plugins.api_key.verifying import CLOSED_TO_KEYS, OPEN_TO_KEYS

DAY = 86_400
OF_KEYS = {"enable_session_for_api_keys": True}


@pytest.fixture
def make(make_auth: MakeAuth, kind: str) -> MakeServer:
    return key_server(make_auth, kind)


def sql(path: Path, statement: str, *values: object) -> list[Any]:
    with sqlite3.connect(path / "test.db") as database:
        return database.execute(statement, values).fetchall()


def off(server: KeyServer, key_id: str, path: Path) -> None:
    server.ada.post("/api-key/update", {"keyId": key_id, "enabled": False})


def deleted(server: KeyServer, key_id: str, path: Path) -> None:
    server.ada.post("/api-key/delete", {"keyId": key_id})


def owner_banned(server: KeyServer, key_id: str, path: Path) -> None:
    sql(path, "update user set banned = 1 where id = ?", server.ada_id)


def owner_gone(server: KeyServer, key_id: str, path: Path) -> None:
    # As another server may do it, which knows nothing of the keys.
    sql(path, "delete from user where id = ?", server.ada_id)


def of_no_kind(server: KeyServer, key_id: str, path: Path) -> None:
    sql(path, "update apikey set configId = 'gone'")


@pytest.mark.parametrize(
    ("happen", "code"),
    [
        (off, "KEY_DISABLED"),
        (deleted, "INVALID_API_KEY"),
        (owner_banned, "INVALID_REFERENCE_ID_FROM_API_KEY"),
        (owner_gone, "INVALID_REFERENCE_ID_FROM_API_KEY"),
        (of_no_kind, "INVALID_API_KEY"),
    ],
)
def test_keys_that_are_no_good_any_more(
    make: MakeServer,
    tmp_path: Path,
    happen: Callable[[KeyServer, str, Path], None],
    code: str,
) -> None:
    server = make(**OF_KEYS, auth={"plugins": [Admin()]})
    made = server.create()
    assert (server.code(made.key), server.with_key(made.key).status) == ("ok", 200)
    happen(server, made.id, tmp_path)
    assert server.code(made.key) == code
    for path in ("/get-session", "/list-accounts"):
        answer = server.with_key(made.key, path)
        assert (answer.status, answer.code) == (401, code)


def test_a_ban_that_is_over_keeps_no_key_out(make: MakeServer, tmp_path: Path) -> None:
    server = make(auth={"plugins": [Admin()]})
    made = server.create()
    ended = "2029-12-31T00:00:00.000Z"
    sql(tmp_path, "update user set banned = 1, banExpires = ?", ended)
    assert server.code(made.key) == "ok"


def test_keys_go_with_their_user(make: MakeServer, tmp_path: Path) -> None:
    server = make(auth={"delete_user": DeleteUser(enabled=True)})
    server.create()
    eve, eve_id = server.person("eve")
    eve.post("/api-key/create", {})
    assert server.ada.post("/delete-user", {"password": "password1234"}).status == 200
    assert sql(tmp_path, "select referenceId from apikey") == [(eve_id,)]


def test_a_key_that_is_too_old_is_deleted(make: MakeServer, clock: Clock, tmp_path: Path) -> None:
    server = make()
    made = server.create(expires_in=DAY)
    clock.forward(DAY)
    assert server.code(made.key) == "ok"
    clock.forward(1)
    assert [server.code(made.key) for _ in range(2)] == ["KEY_EXPIRED", "INVALID_API_KEY"]
    assert sql(tmp_path, "select id from apikey") == []


def test_all_that_are_too_old_are_swept(make: MakeServer, clock: Clock, tmp_path: Path) -> None:
    server = make()
    for _ in range(3):
        server.create(expires_in=DAY)
    kept = server.create()
    clock.forward(DAY + 1)
    assert server.auth.blocking.api.delete_all_expired_api_keys().success
    assert sql(tmp_path, "select id from apikey") == [(kept.id,)]


def test_permissions(make: MakeServer) -> None:
    server = make()
    key = server.create(permissions={"files": ["read", "write"]}, remaining=10).key
    assert server.code(key, permissions={"files": ["read"]}) == "ok"
    for lacking in ({"files": ["delete"]}, {"others": ["read"]}, {"files": []}, {}):
        assert server.code(key, permissions=lacking) == "KEY_NOT_FOUND"
    assert server.code(server.create().key, permissions={"files": ["read"]}) == "KEY_NOT_FOUND"
    found = server.verify(key).key
    assert found is not None
    assert found.remaining == 8  # what is refused costs nothing


def test_a_window_begins_with_the_last_use(make: MakeServer, clock: Clock) -> None:
    server = make()
    key = server.create(rate_limit_max=2, rate_limit_time_window=60_000).key
    assert [server.code(key) for _ in range(3)] == ["ok", "ok", "RATE_LIMITED"]
    clock.forward(50)
    error = server.verify(key).error
    assert error is not None
    assert error.details == {"tryAgainIn": 10_000}
    clock.forward(11)
    assert server.code(key) == "ok"


def test_keys_are_not_counted_where_nothing_is(make: MakeServer) -> None:
    server = make(rate_limit=KeyRateLimit(enabled=False))
    key = server.create(rate_limit_max=1, rate_limit_enabled=True).key
    assert [server.code(key) for _ in range(3)] == ["ok"] * 3


def test_what_is_no_key_is_none(make: MakeServer, tmp_path: Path) -> None:
    server = make(**OF_KEYS)
    made = server.create()
    [(hashed,)] = sql(tmp_path, "select key from apikey")
    texts = ["", "x", hashed, made.key.swapcase(), made.key + " ", made.key[:-1], "\0" * 70]
    for text in [*texts, "x" * 1_000_000, "\ud800" * 70, made.id]:
        assert server.code(text) == "INVALID_API_KEY"
    for text in ("x" * 63, hashed):
        assert (server.with_key(text).status, server.with_key(text).code) == (
            403,
            "INVALID_API_KEY",
        )
    assert server.with_key("x" * 7000).code == "INVALID_API_KEY"


def test_a_key_is_a_session_without_a_row(make: MakeServer, clock: Clock, tmp_path: Path) -> None:
    server = make(**OF_KEYS, auth={"plugins": [Bearer()]})
    made = server.create()
    rows = sql(tmp_path, "select * from session")
    answer = server.with_key(made.key)
    session = answer.json["session"]
    assert answer.json["user"]["id"] == session["userId"] == server.ada_id
    assert (session["id"], session["token"]) == (made.id, made.key)
    assert session["expiresAt"] == "2030-01-08T00:00:00.000Z"
    for done in (answer, server.with_key(made.key, "/update-user", {"name": "Ada L."})):
        assert (done.status, done.cookies, done.header("set-auth-token")) == (200, (), None)
    assert sql(tmp_path, "select * from session") == rows
    aging = server.create(expires_in=2 * DAY)
    assert server.with_key(aging.key).json["session"]["expiresAt"].startswith("2030-01-03")


def test_a_key_is_no_session_unless_somebody_says_so(make: MakeServer) -> None:
    server = make()
    made = server.create()
    assert server.with_key(made.key).json is None
    assert server.with_key(made.key, "/list-accounts").status == 401


def test_of_a_key_and_a_cookie_the_key_decides(make: MakeServer) -> None:
    server = make(**OF_KEYS)
    made = server.create()
    eve, eve_id = server.person("eve")
    assert eve.get("/get-session", x_api_key=made.key).json["user"]["id"] == server.ada_id
    assert eve.get("/get-session", x_api_key="x" * 70).code == "INVALID_API_KEY"
    changed = eve.post("/update-user", {"name": "E"}, x_api_key=made.key)
    assert (changed.status, changed.cookies) == (200, ())
    assert eve.get("/get-session").json["user"]["id"] == eve_id
    assert server.ada.get("/get-session").json["user"]["name"] == "E"


def test_x11_a_key_opens_nothing_that_only_its_user_may(make_auth: MakeAuth, kind: str) -> None:
    """Every endpoint of every plugin that changes who gets in, or hands out another credential."""
    config = {"config": ApiKeyConfig(enable_session_for_api_keys=True)}
    auth = make_auth(plugins=[one for one in every_plugin(ApiKey=config) if one.id != "captcha"])
    server = KeyServer(auth, kind)
    made = server.create(rate_limit_enabled=False)
    before = server.ada.get("/get-session").json
    for endpoint in auth.endpoints.values():
        path, asks = endpoint.path, endpoint.traits.requires in ("sensitive", "fresh")
        closed = path in CLOSED_TO_KEYS | OF_THE_USER_ALONE or (asks and path not in OPEN_TO_KEYS)
        if endpoint.traits.server_only or not closed or path == "/api-key/delete":
            continue
        body = None if "GET" in endpoint.methods else BODIES.get(path, {})
        answer = server.with_key(made.key, path, body)
        if answer.code != "VALIDATION_ERROR":
            assert (answer.status, answer.code) == (401, "UNAUTHORIZED"), path
    assert server.ada.get("/get-session").json == before
    assert server.ada.get("/api-key/list").json["total"] == 1


BODIES: dict[str, Any] = {
    "/change-password": {"newPassword": "password12345", "currentPassword": "password1234"},
    "/change-email": {"newEmail": "other@example.com"},
    "/delete-user": {"password": "password1234"},
    "/verify-password": {"password": "password1234"},
    "/two-factor/enable": {"password": "password1234"},
    "/two-factor/disable": {"password": "password1234"},
    "/unlink-account": {"providerId": "credential"},
    "/revoke-session": {"token": "x"},
    "/link-social": {"provider": "google"},
    "/get-access-token": {"providerId": "google"},
    "/refresh-token": {"providerId": "google"},
    "/passkey/delete-passkey": {"id": "x"},
}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api-key/create", {}),
        ("/api-key/update", {"keyId": "{id}", "expiresIn": None}),
        ("/api-key/delete", {"keyId": "{id}"}),
        ("/update-user", {"username": "other"}),
        ("/one-time-token/generate", None),
        ("/one-time-token-session/generate", None),
        ("/list-sessions", None),
        ("/revoke-sessions", {}),
        ("/admin/set-role", {"userId": "{user}", "role": "user"}),
        ("/admin/set-user-password", {"userId": "{user}", "newPassword": "password12345"}),
        ("/admin/impersonate-user", {"userId": "{user}"}),
        ("/admin/list-user-sessions", {"userId": "{user}"}),
        ("/admin/create-user", {"email": "new@example.com", "name": "N", "role": "admin"}),
    ],
)
def test_x11_an_administrators_key_makes_no_key_and_no_session(
    make_auth: MakeAuth, kind: str, tmp_path: Path, path: str, body: dict[str, Any] | None
) -> None:
    config = {"config": ApiKeyConfig(enable_session_for_api_keys=True)}
    auth = make_auth(plugins=[one for one in every_plugin(ApiKey=config) if one.id != "captcha"])
    server = KeyServer(auth, kind)
    sql(tmp_path, "update user set role = 'admin'")
    made = server.create()
    names = {"{id}": made.id, "{user}": server.ada_id}
    given = body and {name: names.get(value, value) for name, value in body.items()}
    rows = sql(tmp_path, "select * from session")
    answer = server.with_key(made.key, path, given)
    assert (answer.status, answer.code, answer.cookies) == (401, "UNAUTHORIZED", ())
    assert sql(tmp_path, "select * from session") == rows
    # What only reads is open to it.
    assert server.with_key(made.key, "/admin/list-users").status == 200


def test_x11_a_key_is_no_fresh_session_for_own_routes(make: MakeServer) -> None:
    server = make(**OF_KEYS)
    checked = server.auth.blocking.check({"x-api-key": server.create().key})
    assert checked.session is not None
    assert checked.vary == "Cookie, X-Api-Key"
    with pytest.raises(APIError, match="401 UNAUTHORIZED"):
        server.auth.blocking.api.require_fresh_session(HowLately(), checked=checked)


def test_no_key_is_ever_written_down(make: MakeServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def fails(call: Any, key: str) -> bool:
        seen.append(key)
        raise ValueError(f"do not show {key}")

    server = make(**OF_KEYS, custom_api_key_validator=fails)
    made = server.create()
    with pytest.raises(Exception, match="fails") as error:
        server.verify(made.key)
    answer = server.with_key(made.key)
    texts = [repr(made), str(error.value), repr(error.value), caplog.text]
    texts += [repr(VerifyApiKey(key=made.key)), answer.response.body.decode(), repr(server.auth)]
    assert seen
    assert answer.status == 500
    for text in texts:
        assert made.key not in text
        assert hash_identifier(made.key) not in text


def test_a_validator_has_the_last_word(make: MakeServer) -> None:
    allowed: list[bool] = [True]
    server = make(**OF_KEYS, custom_api_key_validator=lambda call, key: allowed[0])
    made = server.create(remaining=5)
    assert server.code(made.key) == "ok"
    allowed[0] = False
    assert server.code(made.key) == server.code(made.key, config_id="default") == "KEY_NOT_FOUND"
    assert (server.with_key(made.key).status, server.with_key(made.key).code) == (
        403,
        "INVALID_API_KEY",
    )
    assert server.ada.get("/api-key/get", {"id": made.id}).json["remaining"] == 4


def test_a_getter_finds_the_key_in_its_headers(make: MakeServer) -> None:
    def read(call: Any) -> object:
        scheme, _, key = (call.headers.get("authorization") or "").partition(" ")
        return 5 if scheme == "Odd" else key if scheme == "Key" else None

    server = make(**OF_KEYS, api_key_headers=["authorization"], custom_api_key_getter=read)
    made = server.create()
    nobody = server.browser()
    found = nobody.get("/get-session", authorization=f"Key {made.key}").json
    assert (found["session"]["token"], found["user"]["id"]) == (made.key, server.ada_id)
    assert nobody.get("/get-session", authorization="Basic eDp5").json is None
    assert nobody.get("/get-session", authorization="Odd x").code == (
        "INVALID_API_KEY_GETTER_RETURN_TYPE"
    )


def test_the_first_header_that_is_there_counts(make: MakeServer) -> None:
    server = make(**OF_KEYS, api_key_headers=["X-First", "x-second"])
    made = server.create()
    nobody = server.browser()
    assert nobody.get("/get-session", x_second=made.key).json["user"]["id"] == server.ada_id
    assert nobody.get("/get-session", x_first="x" * 70, x_second=made.key).status == 401


def test_verifying_is_not_for_clients(make: MakeServer) -> None:
    server = make()
    for path in ("verify", "require", "delete-all-expired-api-keys"):
        assert server.ada.post(f"/api-key/{path}", {"key": "x"}).status == 404


class Counting:
    """Counts the statements of an Auth's database."""

    def __init__(self, auth: Auth[Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        kind: Any = type(auth.blocking.runtime.engine)
        for name in ("find_one", "find_many", "count", "update_if", "increment", "delete", "take"):
            monkeypatch.setattr(kind, name, self._counted(name, getattr(kind, name)))

    def _counted(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(engine: object, model: str, *args: Any, **given: Any) -> Any:
            self.done.append(f"{name} {model}")
            return await run(engine, model, *args, **given)

        return counted


def test_a_use_is_two_lookups_and_one_update(
    make_auth: MakeAuth, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = key_server(make_auth, "blocking")(**OF_KEYS)
    made = server.create(remaining=9, permissions={"files": ["read"]})
    server.verify(made.key)  # sweeps what is too old, every ten seconds
    counting = Counting(server.auth, monkeypatch)
    server.verify(made.key, permissions={"files": ["read"]})
    assert counting.done == ["find_one apikey", "find_one user", "increment apikey"]
    counting.done.clear()
    assert server.with_key(made.key).status == 200
    assert counting.done == ["find_one apikey", "find_one user", "increment apikey"]
    plan = sql(tmp_path, "explain query plan select * from apikey where key = ?", "x")
    assert "USING INDEX" in plan[0][3]


def test_deleting_needs_the_key_of_the_same_configuration(make_auth: MakeAuth, kind: str) -> None:
    config = [ApiKeyConfig(), ApiKeyConfig(config_id="jobs", default_prefix="job_")]
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)]), kind)
    made = server.create(config_id="jobs")
    assert made.config_id == "jobs"
    assert server.ada.get("/api-key/get", {"id": made.id}).status == 404
    assert server.ada.post("/api-key/delete", {"keyId": made.id}).status == 404
    assert server.ada.get("/api-key/get", {"id": made.id, "configId": "jobs"}).status == 200
    cookie = "; ".join(f"{name}={value}" for name, value in server.ada.jar.items())
    given = DeleteApiKey(key_id=made.id, config_id="jobs")
    assert server.auth.blocking.api.delete_api_key(given, headers={"cookie": cookie}).success


def test_a_key_of_one_kind_is_not_good_as_another(make_auth: MakeAuth, kind: str) -> None:
    config = [
        ApiKeyConfig(enable_session_for_api_keys=True),
        ApiKeyConfig(config_id="jobs"),
        ApiKeyConfig(config_id="plain", disable_key_hashing=True, default_key_length=40),
    ]
    server = KeyServer(make_auth(plugins=[ApiKey(config=config)]), kind)
    usual, jobs, plain = (server.create(config_id=one.config_id) for one in config)
    assert [server.code(one.key) for one in (usual, jobs, plain)] == ["ok"] * 3
    assert server.code(jobs.key, config_id="jobs") == "ok"
    for one, other in ((usual, "jobs"), (jobs, "default"), (plain, "jobs"), (jobs, "nothing")):
        assert server.code(one.key, config_id=other) == "INVALID_API_KEY"
    # What is stored of a key must not pass as a key that is stored as it is.
    assert server.code(hash_identifier(usual.key), config_id="plain") == "INVALID_API_KEY"
    assert server.code(hash_identifier(usual.key)) == "INVALID_API_KEY"
    assert server.with_key(usual.key).status == 200
    assert server.with_key(jobs.key).code == "INVALID_API_KEY"
    listed = server.ada.get("/api-key/list").json
    assert {one["configId"] for one in listed["apiKeys"]} == {"default", "jobs", "plain"}


def test_without_a_default_configuration_one_is_named(make_auth: MakeAuth, kind: str) -> None:
    server = KeyServer(make_auth(plugins=[ApiKey(config=[ApiKeyConfig(config_id="jobs")])]), kind)
    answer = server.ada.post("/api-key/create", {})
    assert answer.code == "NO_DEFAULT_API_KEY_CONFIGURATION_FOUND"
    assert server.ada.post("/api-key/create", {"configId": "jobs"}).status == 200
    assert Browser(server.auth).post("/api-key/create", {"configId": "jobs"}).status == 401
