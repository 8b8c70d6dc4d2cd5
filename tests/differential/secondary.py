"""Scripts: what is kept in a secondary storage (profile core-secondary), key by key."""

from __future__ import annotations

import json
import re

from tests.differential.recording import PASSWORD, Exchange, Recorder

_RANDOM = re.compile(r"\b([A-Za-z0-9]{32}|[A-Za-z0-9]{24})\b")
_MOMENT = re.compile(r"\b1\d{12}\b")
"""A moment in milliseconds."""
_OURS = ("verification:promise:", "verification:credential-generation:")
"""Notes that only we make: what mailed links and codes are bound to, and what voids them."""


def stored(server: Recorder, name: str) -> None:
    """Note all keys and values, without what is random or of the moment."""
    found = json.loads(server.browser().fetch("GET", "/__secondary?prefix=", None, {})[2])
    rows = [
        [_masked(key), json.loads(_masked(text))]
        for key, text in found.items()
        if not key.startswith(_OURS)
    ]
    server.note(Exchange(name, 200, [], json.dumps(sorted(rows, key=json.dumps))))


def _masked(text: str) -> str:
    return _MOMENT.sub("0", _RANDOM.sub("<random>", text))


def sessions_kept(server: Recorder) -> None:
    laptop = server.browser()
    laptop.sign_up("kept1@example.com", name="Ada")
    stored(server, "after signing up")
    phone = server.browser()
    phone.sign_in("kept1@example.com")
    stored(server, "after signing in")
    laptop.post("update", "/update-session", {"theme": "dark"})
    stored(server, "after a change of the session")
    laptop.post("rename", "/update-user", {"name": "Countess"})
    stored(server, "after a change of the user")
    phone.get("the phone sees it", "/get-session")
    laptop.post("others", "/revoke-other-sessions", {})
    phone.get("revoked", "/get-session")
    stored(server, "after revoking the others")
    laptop.post("sign out", "/sign-out", {})
    stored(server, "after signing out")


def all_revoked(server: Recorder) -> None:
    laptop, phone = server.browser(), server.browser()
    laptop.sign_up("kept3@example.com")
    phone.sign_in("kept3@example.com")
    laptop.post("all", "/revoke-sessions", {})
    stored(server, "after revoking all")
    phone.get("revoked", "/get-session")


def verifications_kept(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("kept2@example.com")
    ada.post("sign out", "/sign-out", {})
    ada.post("ask", "/request-password-reset", {"email": "kept2@example.com", "redirectTo": "/new"})
    token = server.mail("reset-password", "kept2@example.com")["token"]
    stored(server, "a reset that was promised")
    ada.get("follow", f"/reset-password/{token}?callbackURL=/new")
    new = {"newPassword": PASSWORD + " 2", "token": token}
    ada.post("reset", "/reset-password", new)
    ada.post("again", "/reset-password", new)
    stored(server, "a reset that was redeemed")


SCRIPTS = (sessions_kept, all_revoked, verifications_kept)
