"""Scripts: what a browser remembers beside its session (multi-session, last-login-method)."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Browser, Recorder

LIST, ACTIVE, REVOKE = (
    f"/multi-session/{name}" for name in ("list-device-sessions", "set-active", "revoke")
)


def several_people(server: Recorder) -> None:
    desk = server.browser()
    desk.get("nobody yet", LIST)
    ada = _join(desk, "desk1@example.com")
    _join(desk, "desk2@example.com")
    desk.get("who is there", LIST)
    desk.post("as Ada", ACTIVE, {"sessionToken": ada})
    desk.get("session", "/get-session")
    desk.post("nobody's", ACTIVE, {"sessionToken": "x" * 32})
    desk.post("no token", ACTIVE, {})
    desk.post("a number", ACTIVE, {"sessionToken": 5})
    server.browser().post("elsewhere", ACTIVE, {"sessionToken": ada})
    desk.post("revoke Ada", REVOKE, {"sessionToken": ada})
    desk.get("session", "/get-session")
    desk.post("revoke her again", REVOKE, {"sessionToken": ada})
    desk.post("sign out", "/sign-out", {})
    desk.get("session", "/get-session")
    desk.post("revoke, signed out", REVOKE, {"sessionToken": ada})


def more_people_than_fit(server: Recorder) -> None:
    desk = server.browser()
    for number in range(4):
        _join(desk, f"crowd{number}@example.com")
    desk.get("who is there", LIST)
    desk.get("session", "/get-session")


def one_person_twice(server: Recorder) -> None:
    desk = server.browser()
    first = _join(desk, "twice@example.com")
    desk.sign_in("twice@example.com")
    desk.get("who is there", LIST)
    desk.post("the first", ACTIVE, {"sessionToken": first})


def methods(server: Recorder) -> None:
    email, ada = "method@example.com", server.browser()
    ada.sign_up(email)
    ada.post("sign out", "/sign-out", {})
    ada.post("wrong", "/sign-in/email", {"email": email, "password": "wrong horse"})
    ada.sign_in(email)
    ada.get("session", "/get-session")
    ada.post("code", "/email-otp/send-verification-otp", {"email": email, "type": "sign-in"})
    code = server.mail("email-otp", email)["code"]
    ada.post("by code", "/sign-in/email-otp", {"email": email, "otp": code})
    ada.post("link", "/sign-in/magic-link", {"email": email, "callbackURL": "/home"})
    ada.follow("by link", server.mail("magic-link", email)["url"])
    token = ada.get("token", "/one-time-token/generate").json["token"]
    server.browser().post("handed over", "/one-time-token/verify", {"token": token})
    ada.post("update", "/update-user", {"name": "Ada L."})
    ada.post(
        "a new password",
        "/change-password",
        {"currentPassword": PASSWORD, "newPassword": "battery staple", "revokeOtherSessions": True},
    )


def _join(desk: Browser, email: str) -> str:
    return desk.sign_up(email).json["token"]


SCRIPTS = (several_people, more_people_than_fit, one_person_twice, methods)
