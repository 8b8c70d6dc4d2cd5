"""Scripts: the plugin api-key."""

from __future__ import annotations

from typing import Any

from tests.differential.recording import Browser, Recorder

DAY = 86_400
KEY, LIST, GET, UPDATE, DELETE = (
    f"/api-key/{name}" for name in ("create", "list", "get", "update", "delete")
)
_NEW: dict[str, Any] = {
    "nothing": {},
    "all": {"name": "k", "prefix": "ab_", "expiresIn": 2 * DAY, "metadata": {"a": [1, "é"]}},
    "no end": {"expiresIn": None, "remaining": None},
    "another configuration": {"configId": "other"},
    "an empty name": {"name": ""},
    "a long name": {"name": "x" * 33},
    "no name": {"name": 5},
    "no prefix": {"prefix": ""},
    "an odd prefix": {"prefix": "a b"},
    "a long prefix": {"prefix": "x" * 33},
    "a short life": {"expiresIn": 60},
    "a long life": {"expiresIn": 366 * DAY},
    "no life": {"expiresIn": 0},
    "a text as life": {"expiresIn": "1"},
    "a text as metadata": {"metadata": "text"},
    "metadata of null": {"metadata": None},
    "uses": {"remaining": 5},
    "no uses": {"remaining": -1},
    "refills": {"refillAmount": 5, "refillInterval": 1000},
    "a limit": {"rateLimitMax": 5},
    "a window": {"rateLimitTimeWindow": 5},
    "no limit": {"rateLimitEnabled": False},
    "permissions": {"permissions": {"files": ["read"]}},
    "no permissions": {"permissions": "all"},
    "somebody else": {"userId": "nobody"},
}
_CHANGES: dict[str, Any] = {
    "nothing": {},
    "name": {"name": "new"},
    "an empty name": {"name": ""},
    "a long name": {"name": "x" * 33},
    "off": {"enabled": False},
    "on": {"enabled": True},
    "a life": {"expiresIn": 3 * DAY},
    "no end": {"expiresIn": None},
    "a short life": {"expiresIn": 60},
    "a long life": {"expiresIn": 366 * DAY},
    "metadata": {"metadata": {"b": 1}},
    "a text as metadata": {"metadata": "text"},
    "uses": {"remaining": 5},
    "refills": {"refillAmount": 5, "refillInterval": 1000},
    "a limit": {"rateLimitMax": 5},
    "no limit": {"rateLimitEnabled": False},
    "permissions": {"permissions": {"files": ["read"]}},
    "permissions of null": {"permissions": None},
    "somebody else": {"userId": "nobody", "name": "n"},
}


def key_creation(server: Recorder) -> None:
    ada, _ = _person(server, "create")
    for name, body in _NEW.items():
        made = ada.post(name, KEY, body)
        if made.status == 200:
            server.rows("apikey", "id", made.json["id"])
    server.browser().post("nobody", KEY, {})
    ada.post("no body", KEY)


def key_management(server: Recorder) -> None:
    ada, _ = _person(server, "manage")
    eve, _ = _person(server, "others")
    key_id = ada.post("create", KEY, {"name": "one"}).json["id"]
    for name, body in _CHANGES.items():
        ada.post(f"update: {name}", UPDATE, {"keyId": key_id, **body})
    ada.post("update without id", UPDATE, {"name": "n"})
    ada.post("update none", UPDATE, {"keyId": "none", "name": "n"})
    ada.get("get", f"{GET}?id={key_id}")
    ada.get("get of another configuration", f"{GET}?id={key_id}&configId=other")
    ada.get("get none", f"{GET}?id=none")
    ada.get("get nothing", GET)
    for path in (UPDATE, DELETE):
        eve.post(f"of others: {path}", path, {"keyId": key_id, "name": "n"})
        server.browser().post(f"nobody: {path}", path, {"keyId": key_id, "name": "n"})
    eve.get("get of others", f"{GET}?id={key_id}")
    for path in (LIST, f"{GET}?id={key_id}"):
        server.browser().get("nobody", path)
    ada.post("delete none", DELETE, {"keyId": "none"})
    ada.post("delete nothing", DELETE, {})
    ada.post("delete", DELETE, {"keyId": key_id})
    ada.post("delete again", DELETE, {"keyId": key_id})


def key_lists(server: Recorder) -> None:
    ada, _ = _person(server, "list")
    ada.get("none", LIST)
    for name in ("b", "a", "c"):
        ada.post("create", KEY, {"name": name})
    for query in (
        "sortBy=name",
        "sortBy=name&sortDirection=desc",
        "sortBy=name&limit=2",
        "sortBy=name&limit=2&offset=2",
        "sortBy=name&offset=5",
        "sortBy=name&limit=0",
        "configId=default&sortBy=name",
        "configId=other",
        "limit=-1",
        "limit=x",
        "offset=1.5",
        "sortDirection=up",
    ):
        ada.get(query, f"{LIST}?{query}")


def key_verification(server: Recorder) -> None:
    ada, ada_id = _person(server, "verify")
    key = _made(server, ada_id, remaining=2, rateLimitEnabled=False)
    for _ in range(4):
        _verify(server, key)
    _verify(server, "x" * 68)
    key = _made(server, ada_id, permissions={"files": ["read", "write"]})
    for wanted in ({"files": ["read"]}, {"files": ["delete"]}, {"others": ["read"]}, {}):
        _verify(server, key, permissions=wanted)
    _verify(server, _made(server, ada_id), permissions={"files": ["read"]})
    key = _made(server, ada_id, rateLimitMax=2, rateLimitTimeWindow=60_000)
    for _ in range(3):
        _verify(server, key)
    with server.later(61):
        _verify(server, key)
    key = _made(server, ada_id, remaining=1, refillAmount=3, refillInterval=60_000)
    for _ in range(2):
        _verify(server, key)
    with server.later(61):
        _verify(server, key)
    made = ada.post("create", KEY, {"expiresIn": DAY}).json
    with server.later(DAY + 60):
        _verify(server, made["key"])
        _verify(server, made["key"])
    made = ada.post("create", KEY, {}).json
    ada.post("off", UPDATE, {"keyId": made["id"], "enabled": False})
    _verify(server, made["key"])


def key_sessions(server: Recorder) -> None:
    ada, ada_id = _person(server, "session")
    made = ada.post("create", KEY, {}).json
    nobody = server.browser()
    shown = {"x_api_key": made["key"]}
    nobody.get("session", "/get-session", **shown)
    nobody.get("accounts", "/list-accounts", **shown)
    nobody.post("name", "/update-user", {"name": "Ada L."}, **shown)
    nobody.get("keys", LIST, **shown)
    nobody.get("key", f"{GET}?id={made['id']}", **shown)
    change = {"newPassword": "another horse", "currentPassword": "correct horse"}
    nobody.post("password", "/change-password", change, **shown)
    nobody.post("delete user", "/delete-user", {}, **shown)
    nobody.get("sessions", "/list-sessions", **shown)
    nobody.post("second factor", "/two-factor/enable", {"password": "correct horse"}, **shown)
    nobody.post("make a key", KEY, {}, **shown)
    nobody.get("short", "/get-session", x_api_key="x")
    nobody.get("unknown", "/get-session", x_api_key="x" * 68)
    eve, _ = _person(server, "beside")
    eve.get("beside a cookie", "/get-session", **shown)
    eve.get("bad beside a cookie", "/get-session", x_api_key="x" * 68)
    key = _made(server, ada_id, remaining=1, rateLimitEnabled=False)
    nobody.get("used up", "/get-session", x_api_key=key)
    nobody.get("used up", "/get-session", x_api_key=key)
    key = _made(server, ada_id, rateLimitMax=1, rateLimitTimeWindow=60_000)
    nobody.get("too often", "/get-session", x_api_key=key)
    nobody.get("too often", "/get-session", x_api_key=key)
    ada.post("off", UPDATE, {"keyId": made["id"], "enabled": False})
    nobody.get("off", "/get-session", **shown)
    for path in ("/api-key/verify", "/api-key/delete-all-expired-api-keys"):
        ada.post(f"closed: {path}", path, {"key": made["key"]})


def _person(server: Recorder, name: str) -> tuple[Browser, str]:
    browser = server.browser()
    return browser, browser.sign_up(f"api-key-{name}@example.com").json["user"]["id"]


def _made(server: Recorder, user_id: str, **given: Any) -> str:
    return server.call("createApiKey", body={"userId": user_id, **given})["key"]


def _verify(server: Recorder, key: str, **given: Any) -> None:
    server.call("verifyApiKey", body={"key": key, **given})


SCRIPTS = (key_creation, key_management, key_lists, key_verification, key_sessions)
