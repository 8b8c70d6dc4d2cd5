"""Scripts for the profile `core-secure`: other cookie names and attributes, client addresses."""

from __future__ import annotations

from tests.differential.recording import PASSWORD, Recorder


def secure_cookies(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("ada@example.com")
    ada.get("session", "/get-session")
    ada.get("from the store", "/get-session?disableCookieCache=true")
    with server.later(121):
        ada.get("the cache is over", "/get-session")
    with server.later(86_460):
        ada.get("renewed", "/get-session")
    short = server.browser()
    short.sign_in("ada@example.com", rememberMe=False)
    short.get("short session", "/get-session")
    ada.post("sign out", "/sign-out", {})
    ada.get("gone", "/get-session")
    token = short.jar["__Secure-sid"]
    for name in ("sid", "better-auth.session_token", "__Secure-orc.session_token"):
        server.browser().get(f"a cookie {name}", "/get-session", cookie=f"{name}={token}")


def disabled_path(server: Recorder) -> None:
    ada = server.browser()
    ada.sign_up("disabled@example.com")
    body = {"currentPassword": PASSWORD, "newPassword": "another horse"}
    for path in ("/change-password", "/change-password/", "/Change-Password"):
        ada.post(path, path, body)


def client_addresses(server: Recorder) -> None:
    cases = {
        "own header": {"x_client_ip": "203.0.113.7"},
        "own header first": {"x_client_ip": "203.0.113.7", "x_forwarded_for": "198.51.100.9"},
        "forwarded": {"x_forwarded_for": "198.51.100.9"},
        "forwarded twice": {"x_forwarded_for": "198.51.100.9, 10.0.0.1"},
        "nonsense": {"x_client_ip": "nonsense"},
        "nonsense, then forwarded": {"x_client_ip": "nonsense", "x_forwarded_for": "198.51.100.9"},
        "version 6": {"x_client_ip": "2001:db8:1:2:3:4:5:6"},
        "version 6, short": {"x_client_ip": "2001:DB8::1"},
        "version 4 in 6": {"x_client_ip": "::ffff:203.0.113.7"},
        "with a port": {"x_client_ip": "203.0.113.7:80"},
        "spaces": {"x_client_ip": " 203.0.113.7 "},
        "loopback": {"x_client_ip": "127.0.0.1"},
        "other header": {"x_real_ip": "203.0.113.7"},
    }
    for number, (name, headers) in enumerate(cases.items()):
        ada = server.browser()
        person = {"name": "Ada", "email": f"ip{number}@example.com", "password": PASSWORD}
        ada.post(f"{name}, sign up", "/sign-up/email", person, **headers)
        ada.get(name, "/get-session?disableCookieCache=true")


SCRIPTS = (secure_cookies, disabled_path, client_addresses)
