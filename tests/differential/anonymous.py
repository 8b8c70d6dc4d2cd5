"""Scripts: the plugin anonymous."""

from __future__ import annotations

from tests.differential.provider import begin, callback, google, sign_in
from tests.differential.recording import Browser, Recorder

GUEST, DELETE = "/sign-in/anonymous", "/delete-anonymous-user"


def guests(server: Recorder) -> None:
    guest = server.browser()
    guest.post("guest", GUEST)
    guest.get("session", "/get-session")
    guest.post("guest again", GUEST)
    guest.post("with a body", GUEST, {"name": "Mallory"})
    guest.get("by GET", GUEST)
    server.browser().post("empty body", GUEST, {})
    server.browser().post("from elsewhere", GUEST, origin="https://evil.example")
    ada = server.browser()
    ada.sign_up("guest1@example.com", isAnonymous=True)
    ada.post("says so", "/update-user", {"isAnonymous": True})
    ada.post("says the opposite", "/update-user", {"isAnonymous": False})
    ada.post("a member becomes one", GUEST)
    ada.get("session", "/get-session")


def deleting_guests(server: Recorder) -> None:
    guest = server.browser()
    guest.post("nobody", DELETE)
    user = guest.post("guest", GUEST).json["user"]
    copy = _copy(server, guest)
    guest.post("elsewhere", DELETE, origin="https://evil.example")
    guest.post("delete", DELETE)
    server.rows("user", "id", user["id"])
    server.rows("session", "userId", user["id"])
    guest.get("session", "/get-session")
    copy.get("session of a copy", "/get-session")
    copy.post("once more", DELETE)
    ada = server.browser()
    ada.sign_up("guest2@example.com")
    ada.post("a member", DELETE)


def guests_with_passwords(server: Recorder) -> None:
    guest = server.browser()
    user = guest.post("guest", GUEST).json["user"]
    guest.sign_up("guest3@example.com")
    _linked(server, guest, user["id"], "guest3@example.com")
    back = server.browser()
    user = back.post("guest", GUEST).json["user"]
    back.post("wrong", "/sign-in/email", {"email": "guest3@example.com", "password": "wrong"})
    server.rows("user", "id", user["id"])
    back.sign_in("guest3@example.com")
    _linked(server, back, user["id"], "guest3@example.com")


def guests_with_codes(server: Recorder) -> None:
    email = "guest4@example.com"
    guest = server.browser()
    user = guest.post("guest", GUEST).json["user"]
    guest.post("code", "/email-otp/send-verification-otp", {"email": email, "type": "sign-in"})
    code = server.mail("email-otp", email)["code"]
    guest.post("sign in by code", "/sign-in/email-otp", {"email": email, "otp": code})
    _linked(server, guest, user["id"], email)
    guest = server.browser()
    user = guest.post("guest", GUEST).json["user"]
    guest.post("link", "/sign-in/magic-link", {"email": email, "callbackURL": "/home"})
    guest.follow("open it", server.mail("magic-link", email)["url"])
    _linked(server, guest, user["id"], email)


def guests_signed_out(server: Recorder) -> None:
    server.browser().sign_up("guest5@example.com")
    guest = server.browser()
    user = guest.post("guest", GUEST).json["user"]
    copy = _copy(server, guest)
    guest.post("sign out", "/sign-out", {})
    copy.sign_in("guest5@example.com")
    server.rows("user", "id", user["id"])


def guests_with_providers(server: Recorder) -> None:
    guest, email = server.browser(), "guest6@example.com"
    user = guest.post("guest", GUEST).json["user"]
    sign_in(guest, "google", google("guest-6", email), callbackURL="/home")
    _linked(server, guest, user["id"], email)
    user = guest.post("guest", GUEST).json["user"]
    refused = google("guest-6", email).where(deny=True)
    sign_in(guest, "no", refused, callbackURL="/home", errorCallbackURL="/sorry")
    guest.get("session", "/get-session")
    server.rows("user", "id", user["id"])


def flows_of_guests(server: Recorder) -> None:
    """The browser that comes back has no session: the flow knows whose it is."""
    guest, person = server.browser(), google("guest-7", "guest7@example.com")
    user = guest.post("guest", GUEST).json["user"]
    url = begin(guest, "away", person, callbackURL="/home")
    del guest.jar["better-auth.session_token"]
    guest.follow("back", callback(guest, url, person))
    _linked(server, guest, user["id"], "guest7@example.com")


def _linked(server: Recorder, browser: Browser, guest_id: str, email: str) -> None:
    told = server.mail("anonymous-linked", email)
    assert told["anonymousUserId"] == guest_id
    browser.get("session", "/get-session")
    server.rows("user", "id", guest_id)
    server.rows("session", "userId", guest_id)


def _copy(server: Recorder, browser: Browser) -> Browser:
    made = server.browser()
    made.jar = dict(browser.jar)
    return made


SCRIPTS = (guests, deleting_guests, guests_with_passwords, guests_with_codes, guests_signed_out)
SOCIAL_SCRIPTS = (guests_with_providers, flows_of_guests)
