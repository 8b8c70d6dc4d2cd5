"""Scripts for the profiles with a cookie cache."""

from __future__ import annotations

from tests.differential.recording import Recorder

DAY = 86_400


def cached_reading(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("cached@example.com")
    ada.get("from the cache", "/get-session")
    ada.get("past the cache", "/get-session?disableCookieCache=true")
    data = ada.jar["better-auth.session_data"]
    token = f"better-auth.session_token={ada.jar['better-auth.session_token']}"
    wrong = {
        "cut short": data[:-8],
        "empty": "",
        "nonsense": "nonsense",
        "five parts of nonsense": "a.b.c.d.e",
    }
    for name, value in wrong.items():
        cookie = f"{token}; better-auth.session_data={value}"
        server.browser().get(name, "/get-session", cookie=cookie)
    server.browser().get(
        "without a token", "/get-session", cookie=f"better-auth.session_data={data}"
    )
    eve = server.browser()
    eve.sign_up("cached-eve@example.com")
    cookie = f"better-auth.session_token={eve.jar['better-auth.session_token']}"
    server.browser().get(
        "beside another token",
        "/get-session",
        cookie=f"{cookie}; better-auth.session_data={data}",
    )


def cached_time(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("cached-time@example.com")
    with server.later(240):
        ada.get("believed", "/get-session")
    with server.later(305):
        ada.get("asked again", "/get-session")
    with server.later(DAY + 60):
        ada.get("renewed", "/get-session")
        ada.get("just renewed", "/get-session")
    with server.later(9 * DAY):
        ada.get("over", "/get-session")


def cached_revocation(server: Recorder) -> None:
    ada, phone = server.browser(), server.browser()
    ada.sign_up("cached-revoked@example.com")
    phone.sign_in("cached-revoked@example.com")
    ada.post("revoke the others", "/revoke-other-sessions", {})
    phone.get("still believed", "/get-session")
    phone.post("a change", "/revoke-sessions", {})
    phone.get("asked again", "/get-session?disableCookieCache=true")
    ada.post("sign out", "/sign-out", {})
    ada.get("gone", "/get-session")


def cached_changes(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("cached-changes@example.com")
    ada.post("another name", "/update-user", {"name": "Ada L."})
    ada.get("the other name", "/get-session")
    ada.post("theme", "/update-session", {"theme": "dark"})
    ada.get("the theme", "/get-session")


def cached_elsewhere(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("cached-elsewhere@example.com")
    ada.get("list", "/list-sessions")
    ada.post("no change", "/update-user", {})


def cached_shortly(server: Recorder) -> None:
    server.browser().sign_up("cached-short@example.com")
    ada = server.browser()
    ada.sign_in("cached-short@example.com", rememberMe=False)
    ada.get("session", "/get-session")
    ada.get("past the cache", "/get-session?disableCookieCache=true")


SCRIPTS = (
    cached_reading,
    cached_time,
    cached_revocation,
    cached_changes,
    cached_elsewhere,
    cached_shortly,
)
