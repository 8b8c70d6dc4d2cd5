"""Scripts for the profile `core-strict`: addresses must be verified, lives are shorter."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Recorder


def signing_up_strictly(server: Recorder) -> None:
    ada, email = server.browser(), "ada@example.com"
    ada.sign_up(email)
    first = server.mail("verify-email", email)
    ada.get("no session", "/get-session")
    ada.sign_up(email)
    ada.sign_up("eve@example.com", password="nine char")
    ada.sign_up("eve@example.com", password="x" * 65)
    ada.sign_in(email)
    ada.sign_in(email, password="wrong horse")
    with server.later(1805):
        ada.follow("too late", first["url"])
    ada.follow("verify", first["url"])
    ada.get("session", "/get-session")
    server.browser().sign_up(email)
    server.mail("existing-sign-up", email)
    server.browser().sign_in(email)


def refused_sign_in_mails_again(server: Recorder) -> None:
    ada, email = server.browser(), "again@example.com"
    ada.sign_up(email)
    server.mail("verify-email", email)
    ada.sign_in(email, password="wrong horse")
    ada.sign_in(email, callbackURL="/there")
    ada.follow("verify", server.mail("verify-email", email)["url"])
    ada.get("session", "/get-session")


def living_shortly(server: Recorder) -> None:
    ada, email = server.browser(), "short@example.com"
    ada.sign_up(email)
    ada.follow("verify", server.mail("verify-email", email)["url"])
    with server.later(1700):
        ada.get("fresh", "/list-sessions")
    with server.later(1805):
        ada.get("no longer fresh", "/list-sessions")
        ada.get("not yet renewed", "/get-session")
    with server.later(3605):
        ada.get("renewed", "/get-session")
    with server.later(3605 + 86_405):
        ada.get("over", "/get-session")


def resetting_strictly(server: Recorder) -> None:
    ada, email = server.browser(), "reset@example.com"
    ada.sign_up(email)
    ada.follow("verify", server.mail("verify-email", email)["url"])
    nobody = server.browser()
    nobody.post("ask", "/request-password-reset", {"email": email})
    body = {"newPassword": "another horse", "token": server.mail("reset-password", email)["token"]}
    with server.later(905):
        nobody.post("too late", "/reset-password", body)
    nobody.post("ask again", "/request-password-reset", {"email": email})
    body["token"] = server.mail("reset-password", email)["token"]
    nobody.post("reset", "/reset-password", body)
    ada.get("the old session", "/get-session")


def changing_and_deleting_strictly(server: Recorder) -> None:
    ada, email, new = server.browser(), "change@example.com", "changed@example.com"
    ada.sign_up(email)
    ada.follow("verify", server.mail("verify-email", email)["url"])
    ada.post("change", "/change-email", {"newEmail": new})
    ada.follow("verify the new one", server.mail("verify-email", new)["url"])
    ada.get("session", "/get-session")
    ada.post("delete", "/delete-user", {"callbackURL": "/goodbye"})
    link = server.mail("delete-account", new)
    server.browser().follow("by nobody", link["url"])
    with server.later(605):
        ada.follow("too late", link["url"])
    ada.post("delete again", "/delete-user", {"password": PASSWORD})
    ada.get("still there", "/get-session")


def deleting_strictly(server: Recorder) -> None:
    ada, email = server.browser(), "delete@example.com"
    ada.sign_up(email)
    ada.follow("verify", server.mail("verify-email", email)["url"])
    ada.post("delete", "/delete-user", {"callbackURL": "/goodbye"})
    ada.follow("the link", server.mail("delete-account", email)["url"])
    server.mail("user-was-deleted", email)
    ada.get("gone", "/get-session")


SCRIPTS = (
    signing_up_strictly,
    refused_sign_in_mails_again,
    living_shortly,
    resetting_strictly,
    changing_and_deleting_strictly,
    deleting_strictly,
)
