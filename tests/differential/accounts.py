"""Scripts: verified addresses, passwords, profiles, accounts and their end."""

from __future__ import annotations

from typing import Any

from tests.differential.recording import PASSWORD, Recorder

HOUR = 3600


def verifying(server: Recorder) -> None:
    ada, email = server.browser(), "verify@example.com"
    ada.sign_up(email, callbackURL="/welcome")
    link = server.mail("verify-email", email)
    nobody = server.browser()
    nobody.follow("the link of sign-up", link["url"])
    server.mail("email-was-verified", email)
    nobody.follow("once more", link["url"])
    ada.get("session", "/get-session")
    path = "/verify-email"
    nobody.get("by a client", f"{path}?token={link['token']}")
    nobody.get("no token", path)
    nobody.get("nonsense", f"{path}?token=nonsense")
    nobody.get("nonsense with a page", f"{path}?token=nonsense&callbackURL=/welcome")
    nobody.get("elsewhere", f"{path}?token=nonsense&callbackURL=https://evil.example")
    header, payload, _ = link["token"].split(".")
    nobody.get("signature missing", f"{path}?token={header}.{payload}.")
    with server.later(HOUR + 5):
        nobody.get("too late", f"{path}?token={link['token']}")
        nobody.follow("too late, with a page", link["url"])


def asking_for_verification(server: Recorder) -> None:
    path, email = "/send-verification-email", "ask@example.com"
    ada = server.browser()
    ada.sign_up(email)
    server.mail("verify-email", email)
    nobody = server.browser()
    nobody.post("for a user", path, {"email": email, "callbackURL": "/there"})
    nobody.post("for nobody", path, {"email": "unknown@example.com"})
    nobody.post("no address", path, {"email": "nobody"})
    nobody.post("empty", path, {})
    nobody.post("elsewhere", path, {"email": email, "callbackURL": "https://evil.example"})
    ada.post("signed in", path, {"email": email})
    ada.post("for another", path, {"email": "other@example.com"})
    nobody.follow("verify", server.mail("verify-email", email)["url"])
    ada.post("verified already", path, {"email": email})


def resetting(server: Recorder) -> None:
    ada, nobody, email = server.browser(), server.browser(), "reset@example.com"
    ada.sign_up(email)
    ada.follow("verify", server.mail("verify-email", email)["url"])
    ask, path = "/request-password-reset", "/reset-password"
    nobody.post("ask", ask, {"email": email.upper(), "redirectTo": "/new-password"})
    nobody.post("ask for nobody", ask, {"email": "unknown@example.com"})
    nobody.post("ask without an address", ask, {})
    nobody.post("ask for no address", ask, {"email": "nobody"})
    nobody.post("ask, elsewhere", ask, {"email": email, "redirectTo": "https://evil.example"})
    link = server.mail("reset-password", email)
    nobody.follow("the link", link["url"])
    nobody.get("a link of nobody", f"{path}/nonsense?callbackURL=/new-password")
    nobody.get("a link to elsewhere", f"{path}/x?callbackURL=https://evil.example")
    nobody.get("a link to nowhere", f"{path}/x")
    token = link["token"]
    nobody.post("no token", path, {"newPassword": "another horse"})
    nobody.post("nonsense", path, {"newPassword": "another horse", "token": "nonsense"})
    nobody.post("too short", path, {"newPassword": "short", "token": token})
    nobody.post("too long", path, {"newPassword": "x" * 129, "token": token})
    nobody.post("no password", path, {"token": token})
    nobody.post("reset", path, {"newPassword": "another horse", "token": token})
    server.mail("password-was-reset", email)
    nobody.post("twice", path, {"newPassword": "third horse", "token": token})
    nobody.follow("the link, used", link["url"])
    nobody.sign_in(email)
    nobody.sign_in(email, password="another horse")
    ada.get("the old session", "/get-session")


def resetting_late(server: Recorder) -> None:
    nobody, email = server.browser(), "late@example.com"
    server.browser().sign_up(email)
    nobody.post("ask", "/request-password-reset", {"email": email})
    link = server.mail("reset-password", email)
    body = {"newPassword": "another horse", "token": link["token"]}
    with server.later(HOUR + 5):
        nobody.follow("the link", link["url"])
        nobody.post("too late", f"/reset-password?token={link['token']}", body)


def resetting_unverified(server: Recorder) -> None:
    ada, nobody, email = server.browser(), server.browser(), "unverified@example.com"
    ada.sign_up(email)
    nobody.post("ask", "/request-password-reset", {"email": email})
    token = server.mail("reset-password", email)["token"]
    body = {"newPassword": "another horse", "token": token}
    nobody.post("reset", "/reset-password", body)
    ada.get("the sessions from before", "/list-sessions")


def changing_passwords(server: Recorder) -> None:
    path, email = "/change-password", "password@example.com"
    ada, phone = server.browser(), server.browser()
    ada.sign_up(email)
    phone.sign_in(email)

    def change(name: str, **given: Any) -> None:
        ada.post(name, path, {"currentPassword": PASSWORD, "newPassword": "new horse 1", **given})

    server.browser().post("nobody", path, {"currentPassword": "x", "newPassword": "y"})
    change("wrong", currentPassword="wrong horse")
    change("too short", newPassword="short")
    change("too long", newPassword="x" * 129)
    change("a number", newPassword=5)
    ada.post("nothing", path, {})
    change("changed")
    phone.get("the other session", "/get-session")
    change("changed again", currentPassword="new horse 1", revokeOtherSessions=True)
    phone.get("the other session, ended", "/get-session")
    ada.get("the own session", "/get-session")
    ada.post("verify", "/verify-password", {"password": "new horse 1"})
    ada.post("verify a wrong one", "/verify-password", {"password": "wrong horse"})
    ada.post("verify nothing", "/verify-password", {})
    server.browser().post("verify by nobody", "/verify-password", {"password": "x"})
    ada.post("set", "/set-password", {"newPassword": "third horse"})


def updating(server: Recorder) -> None:
    path, ada = "/update-user", server.browser()
    server.browser().post("nobody", path, {"name": "Eve"})
    ada.sign_up("update@example.com")
    changes: dict[str, Any] = {
        "name": {"name": "Ada L."},
        "image": {"image": "https://example.com/a.png"},
        "no image": {"image": None},
        "fields": {"nickname": "A", "age": 37, "newsletter": False, "color": "blue"},
        "field to nothing": {"nickname": None},
        "hidden field": {"internalNote": "secret"},
        "nothing": {},
        "an address": {"email": "eve@example.com"},
        "a field that cannot be set": {"tier": "gold"},
        "a field of the core": {"emailVerified": True, "id": "x"},
        "an unknown field": {"wings": 2},
        "name is a number": {"name": 5},
        "name is empty": {"name": ""},
    }
    for name, change in changes.items():
        ada.post(name, path, change)
    ada.get("session", "/get-session")


def changing_addresses(server: Recorder) -> None:
    path, email, new = "/change-email", "old@example.com", "new@example.com"
    server.browser().post("nobody", path, {"newEmail": new})
    server.browser().sign_up("taken@example.com")
    ada = server.browser()
    ada.sign_up(email)
    first = server.mail("verify-email", email)
    ada.post("the same", path, {"newEmail": email})
    ada.post("taken", path, {"newEmail": "taken@example.com"})
    ada.post("no address", path, {"newEmail": "nobody"})
    ada.post("empty", path, {})
    ada.post("elsewhere", path, {"newEmail": new, "callbackURL": "https://evil.example"})
    ada.follow("verify the old one", first["url"])
    ada.post("change", path, {"newEmail": new, "callbackURL": "/changed"})
    question = server.mail("change-email", email)
    ada.follow("yes", question["url"])
    ada.follow("verify the new one", server.mail("verify-email", new)["url"])
    ada.get("session", "/get-session")
    ada.follow("yes once more", question["url"])


def deleting(server: Recorder) -> None:
    path, email = "/delete-user", "delete@example.com"
    server.browser().post("nobody", path, {})
    safe = server.browser()
    safe.sign_up("undeletable@example.com")
    safe.post("protected", path, {})
    ada, phone = server.browser(), server.browser()
    ada.sign_up(email)
    phone.sign_in(email)
    ada.post("wrong password", path, {"password": "wrong horse"})
    ada.post("a number", path, {"password": 5})
    ada.post("nonsense token", path, {"token": "nonsense"})
    ada.post("elsewhere", path, {"callbackURL": "https://evil.example"})
    with server.later(25 * HOUR):
        phone.post("no longer fresh", path, {})
    ada.get("callback with nonsense", f"{path}/callback?token=nonsense")
    ada.get("callback without a token", f"{path}/callback")
    server.browser().get("callback by nobody", f"{path}/callback?token=nonsense")
    ada.post("delete", path, {"password": PASSWORD})
    server.mail("user-was-deleted", email)
    ada.get("gone", "/get-session")
    phone.get("gone everywhere", "/get-session")
    phone.sign_in(email)


def accounts(server: Recorder) -> None:
    ada = server.browser()
    server.browser().get("nobody", "/list-accounts")
    server.browser().post("unlink by nobody", "/unlink-account", {"accountId": "x"})
    ada.sign_up("accounts@example.com")
    listed = ada.get("list", "/list-accounts").json
    ada.post("the last one", "/unlink-account", {"accountId": listed[0]["id"]})
    ada.post("unknown", "/unlink-account", {"accountId": "nonsense"})
    ada.post("empty", "/unlink-account", {})


SCRIPTS = (
    verifying,
    asking_for_verification,
    resetting,
    resetting_late,
    resetting_unverified,
    changing_passwords,
    updating,
    changing_addresses,
    deleting,
    accounts,
)
