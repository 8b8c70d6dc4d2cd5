"""Scripts: the plugin admin."""

from __future__ import annotations

from typing import Any

from tests.differential.recording import PASSWORD, Browser, Recorder

OTHER = "another horse"


def admin_users(server: Recorder) -> None:
    root, bob_id, _ = _people(server, "users")
    root.get("get", f"/admin/get-user?id={bob_id}")
    root.get("get nobody", "/admin/get-user?id=nobody")
    for role in ("support", ["user", "support"], "nobody", ["user", "nobody"], [], 5, None):
        root.post(f"role {role!r}", "/admin/set-role", {"userId": bob_id, "role": role})
    root.post("role of nobody", "/admin/set-role", {"userId": "nobody", "role": "user"})
    new = {"email": "admin-new@example.com", "name": "New"}
    root.post("create", "/admin/create-user", {**new, "password": "short", "role": "support"})
    root.post("create again", "/admin/create-user", new)
    other = {**new, "email": "admin-new2@example.com"}
    for name, more in _NEW.items():
        root.post(f"create, {name}", "/admin/create-user", {**other, **more})
    for name, data in _CHANGES.items():
        root.post(f"update, {name}", "/admin/update-user", {"userId": bob_id, "data": data})
    root.post("update nobody", "/admin/update-user", {"userId": "x", "data": {"name": "X"}})
    password = {"userId": bob_id, "newPassword": OTHER}
    root.post("password", "/admin/set-user-password", password)
    root.post("short", "/admin/set-user-password", {**password, "newPassword": "short"})
    root.post("long", "/admin/set-user-password", {**password, "newPassword": "x" * 129})
    root.post("of nobody", "/admin/set-user-password", {**password, "userId": "x"})
    server.browser().post(
        "with it", "/sign-in/email", {"email": "users@example.com", "password": OTHER}
    )
    root.post("remove", "/admin/remove-user", {"userId": bob_id})
    root.post("remove again", "/admin/remove-user", {"userId": bob_id})


def admin_listing(server: Recorder) -> None:
    root, _, _ = _people(server, "listing")
    for query in (
        "searchValue=listing@example&sortBy=email",
        "searchValue=listing@&searchOperator=starts_with",
        "filterField=email&filterValue=listing@example.com&limit=5&offset=0",
        "filterField=email&filterOperator=in&filterValue=listing@example.com&filterValue=x",
        "searchValue=nobody-has-this",
        "filterField=nothing&filterValue=x",
        "searchField=image&searchValue=x",
        "searchOperator=like&searchValue=x",
        "filterOperator=like&filterValue=x",
        "sortDirection=up",
    ):
        root.get(query, f"/admin/list-users?{query}")


def admin_bans(server: Recorder) -> None:
    root, bob_id, bob = _people(server, "bans")
    root.post("ban", "/admin/ban-user", {"userId": bob_id, "banReason": "Spam"})
    bob.get("session", "/get-session")
    bob.sign_in("bans@example.com")
    root.post("ban anew", "/admin/ban-user", {"userId": bob_id})
    root.post("impersonate", "/admin/impersonate-user", {"userId": bob_id})
    root.post("ban nobody", "/admin/ban-user", {"userId": "nobody"})
    root.post("unban nobody", "/admin/unban-user", {"userId": "nobody"})
    root.post("unban", "/admin/unban-user", {"userId": bob_id})
    bob.sign_in("bans@example.com")
    own = root.get("own", "/get-session").json["user"]["id"]
    root.post("ban oneself", "/admin/ban-user", {"userId": own})
    root.post("remove oneself", "/admin/remove-user", {"userId": own})


def admin_sessions(server: Recorder) -> None:
    root, bob_id, bob = _people(server, "of-others")
    found = root.post("list", "/admin/list-user-sessions", {"userId": bob_id}).json
    root.post("of nobody", "/admin/list-user-sessions", {"userId": "nobody"})
    token = found["sessions"][0]["token"]
    root.post("end", "/admin/revoke-user-session", {"sessionToken": token})
    root.post("end again", "/admin/revoke-user-session", {"sessionToken": token})
    bob.get("session", "/get-session")
    root.post("end all", "/admin/revoke-user-sessions", {"userId": bob_id})
    root.post("end nobody's", "/admin/revoke-user-sessions", {"userId": "nobody"})


def admin_impersonation(server: Recorder) -> None:
    root, bob_id, _ = _people(server, "place")
    root.post("not yet", "/admin/stop-impersonating", {})
    root.post("nobody", "/admin/impersonate-user", {"userId": "nobody"})
    root.post("there", "/admin/impersonate-user", {"userId": bob_id})
    root.get("session", "/get-session")
    root.post("twice", "/admin/impersonate-user", {"userId": bob_id})
    root.post("back", "/admin/stop-impersonating", {})
    root.get("own session", "/get-session")
    own = root.get("own", "/get-session").json["user"]["id"]
    root.post("oneself", "/admin/impersonate-user", {"userId": own})


def admin_permissions(server: Recorder) -> None:
    root, bob_id, bob = _people(server, "permissions")
    support, nobody = server.browser(), server.browser()
    support.sign_up("support.permissions@example.com")
    one: Any = {"user": ["list"]}
    for body in (
        {"permissions": one},
        {"permissions": {"user": ["list"], "report": ["write"]}},
        {"permissions": {"nothing": ["x"]}},
        {"permissions": {}},
        {"permission": one},
        {"permission": one, "permissions": one},
        {},
        {"permissions": {"user": "list"}},
    ):
        for name, browser in (("root", root), ("support", support), ("nobody", nobody)):
            browser.post(f"{name}: {body}", "/admin/has-permission", body)
    for path, body in _DENIED.items():
        for name, browser in (("bob", bob), ("nobody", nobody)):
            browser.post(f"{name} at {path}", path, {"userId": bob_id, **body})
        nobody.post(f"nothing at {path}", path, {})
    bob.get("bob lists", "/admin/list-users")
    bob.get("bob looks", f"/admin/get-user?id={bob_id}")
    nobody.get("nobody lists", "/admin/list-users")


def _people(server: Recorder, name: str) -> tuple[Browser, str, Browser]:
    """An administrator, and somebody else with his id."""
    root, bob = server.browser(), server.browser()
    root.sign_up(f"root.{name}@example.com")
    made = bob.sign_up(f"{name}@example.com")
    return root, made.json["user"]["id"], bob


_NEW: dict[str, dict[str, Any]] = {
    "no address": {"email": "nobody"},
    "a long password": {"password": "x" * 129},
    "an unknown role": {"role": "nobody"},
    "an odd role": {"data": {"role": [1]}},
    "odd data": {"data": 5},
    "no name": {"name": None},
}
_CHANGES: dict[str, Any] = {
    "a name": {"name": "Bobby"},
    "nothing": {},
    "a password": {"password": PASSWORD},
    "an id": {"id": "x"},
    "a role": {"role": ["support"]},
    "an unknown role": {"role": "nobody"},
    "an odd role": {"role": 5},
    "no address": {"email": "nobody"},
    "a taken address": {"email": "root.users@example.com"},
    "a mark": {"emailVerified": True},
    "unknown fields": {"nothing": 1},
}
_DENIED: dict[str, dict[str, Any]] = {
    "/admin/set-role": {"role": "admin"},
    "/admin/create-user": {"email": "denied@example.com", "name": "Denied"},
    "/admin/update-user": {"data": {"name": "Denied"}},
    "/admin/list-user-sessions": {},
    "/admin/ban-user": {},
    "/admin/unban-user": {},
    "/admin/impersonate-user": {},
    "/admin/revoke-user-session": {"sessionToken": "x"},
    "/admin/revoke-user-sessions": {},
    "/admin/remove-user": {},
    "/admin/set-user-password": {"newPassword": OTHER},
}
SCRIPTS = (
    admin_users,
    admin_listing,
    admin_bans,
    admin_sessions,
    admin_impersonation,
    admin_permissions,
)
