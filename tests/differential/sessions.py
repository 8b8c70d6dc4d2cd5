"""Scripts: reading, changing, listing and ending sessions, with time passing."""

from __future__ import annotations

from tests.differential.recording import Recorder

DAY = 86_400


def reading(server: Recorder) -> None:
    nobody = server.browser()
    nobody.get("nobody", "/get-session")
    nobody.post("by POST", "/get-session", {})
    ada = server.browser()
    ada.sign_up("read@example.com")
    ada.get("session", "/get-session")
    ada.get("no cache", "/get-session?disableCookieCache=true")
    ada.get("no refresh", "/get-session?disableRefresh=true")
    ada.get("a flag that is empty", "/get-session?disableRefresh=")
    ada.get("a flag given twice", "/get-session?disableRefresh=true&disableRefresh=false")
    ada.post("by POST with a session", "/get-session", {})
    ada.post("by POST without a body", "/get-session")


def cookies_of_strangers(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("stranger@example.com")
    name = "better-auth.session_token"
    token, _, signature = ada.jar[name].partition(".")
    wrong = {
        "unsigned": f"{name}={token}",
        "signature of another token": f"{name}={token.swapcase()}.{signature}",
        "signature cut short": f"{name}={token}.{signature[:20]}",
        "empty": f"{name}=",
        "empty token": f"{name}=.{signature}",
        "broken escapes": f"{name}=%zz%",
        "secure name": f"__Secure-{name}={ada.jar[name]}",
        "a cached session of nobody": "better-auth.session_data=abc",
        "a cached session beside the token": f"better-auth.session_data=a; {name}={ada.jar[name]}",
    }
    for what, cookie in wrong.items():
        server.browser().get(what, "/get-session", cookie=cookie)
        server.browser().get(f"{what}, listing", "/list-sessions", cookie=cookie)


def time_passing(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("time@example.com")
    with server.later(DAY - 60):
        ada.get("not yet due", "/get-session")
        ada.get("still fresh", "/list-sessions")
    with server.later(DAY + 60):
        ada.get("no longer fresh", "/list-sessions")
        ada.get("renewal not wished", "/get-session?disableRefresh=true")
        ada.get("renewed", "/get-session")
        ada.get("just renewed", "/get-session")
    with server.later(7 * DAY + 30):
        ada.get("lives on", "/get-session")
    with server.later(15 * DAY):
        ada.get("over", "/get-session")
        ada.get("and gone", "/get-session")


def not_remembered(server: Recorder) -> None:
    server.browser().sign_up("short@example.com")
    ada = server.browser()
    ada.sign_in("short@example.com", rememberMe=False)
    with server.later(DAY - 60):
        ada.get("the last minute", "/get-session")
    with server.later(DAY + 60):
        ada.get("over", "/get-session")


def changing(server: Recorder) -> None:
    server.browser().post("nobody", "/update-session", {"theme": "dark"})
    server.browser().post("nobody, without a body", "/update-session")
    ada = server.browser()
    ada.sign_up("change@example.com")
    ada.post("theme", "/update-session", {"theme": "dark"})
    ada.get("session", "/get-session")
    ada.post("theme is null", "/update-session", {"theme": None})
    ada.post("nothing", "/update-session", {})
    ada.post("without a body", "/update-session")
    ada.post("a field that cannot be set", "/update-session", {"device": "tv"})
    ada.post("a field of the core", "/update-session", {"token": "mine", "userId": "x"})
    ada.post("a field that nobody knows", "/update-session", {"wings": 2})
    ada.post("number for a text", "/update-session", {"theme": 5})


def listing_and_revoking(server: Recorder) -> None:
    laptop, phone, tablet = (server.browser() for _ in range(3))
    laptop.sign_up("many@example.com")
    phone.sign_in("many@example.com")
    tablet.sign_in("many@example.com")
    eve = server.browser()
    eve.sign_up("eve@example.com")
    token = phone.get("phone", "/get-session").json["session"]["token"]
    laptop.get("all", "/list-sessions")
    eve.post("somebody else's", "/revoke-session", {"token": token})
    phone.get("still there", "/get-session")
    laptop.post("one", "/revoke-session", {"token": token})
    laptop.post("the same again", "/revoke-session", {"token": token})
    phone.get("revoked", "/get-session")
    laptop.post("no token", "/revoke-session", {})
    laptop.post("token is a number", "/revoke-session", {"token": 5})
    laptop.post("the others", "/revoke-other-sessions", {})
    tablet.get("revoked with the others", "/get-session")
    laptop.get("alone", "/list-sessions")
    laptop.post("every", "/revoke-sessions", {})
    laptop.get("none left", "/get-session")


def nobody(server: Recorder) -> None:
    nobody = server.browser()
    nobody.get("list", "/list-sessions")
    nobody.post("revoke", "/revoke-session", {"token": "x"})
    nobody.post("revoke without a token", "/revoke-session", {})
    nobody.post("revoke all", "/revoke-sessions", {})
    nobody.post("revoke others", "/revoke-other-sessions", {})


def signing_out(server: Recorder) -> None:
    server.browser().post("nobody", "/sign-out", {})
    ada = server.browser()
    ada.sign_up("out@example.com")
    cookie = f"better-auth.session_token={ada.jar['better-auth.session_token']}"
    ada.post("sign out", "/sign-out", {})
    ada.get("gone", "/get-session")
    server.browser().get("the cookie is worth nothing", "/get-session", cookie=cookie)
    server.browser().post("twice", "/sign-out", {}, cookie=cookie)
    server.browser().post("without a body", "/sign-out")


SCRIPTS = (
    reading,
    cookies_of_strangers,
    time_passing,
    not_remembered,
    changing,
    listing_and_revoking,
    nobody,
    signing_out,
)
