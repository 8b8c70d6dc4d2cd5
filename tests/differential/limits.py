"""Scripts: rate limits (profile ratelimit). Each runs long after the others."""

from __future__ import annotations

from tests.differential.recording import Recorder


def by_path(server: Recorder) -> None:
    with server.later(10_000):
        nobody = server.browser()
        for _ in range(14):
            nobody.get("general", "/ok", x_forwarded_for="198.51.100.1")
        nobody.get("another address", "/ok", x_forwarded_for="198.51.100.2")
        nobody.get("another path", "/verify-email", x_forwarded_for="198.51.100.1")
        for _ in range(15):
            nobody.get("no limit", "/get-session", x_forwarded_for="198.51.100.1")
        for _ in range(4):
            nobody.get("own rule", "/list-sessions", x_forwarded_for="198.51.100.1")
        for _ in range(6):
            nobody.post("pattern", "/update-user", {}, x_forwarded_for="198.51.100.1")
    with server.later(10_012):
        nobody.get("a new window", "/ok", x_forwarded_for="198.51.100.1")
        nobody.get("still in the old one", "/list-sessions", x_forwarded_for="198.51.100.1")


def by_function(server: Recorder) -> None:
    with server.later(20_000):
        nobody = server.browser()
        for _ in range(3):
            nobody.get("anybody", "/list-accounts", x_forwarded_for="198.51.100.3")
        for _ in range(7):
            nobody.get(
                "important",
                "/list-accounts",
                x_forwarded_for="198.51.100.4",
                x_oracle_vip="1",
            )


def special_paths(server: Recorder) -> None:
    with server.later(30_000):
        nobody = server.browser()
        body = {"email": "limits@example.com", "password": "wrong horse"}
        for _ in range(5):
            nobody.post("sign in", "/sign-in/email", body, x_forwarded_for="198.51.100.5")
        for _ in range(5):
            nobody.post(
                "reset",
                "/request-password-reset",
                {"email": "limits@example.com", "redirectTo": "/"},
                x_forwarded_for="198.51.100.5",
            )
        for _ in range(5):
            nobody.post(
                "verification",
                "/send-verification-email",
                {"email": "limits@example.com"},
                x_forwarded_for="198.51.100.5",
            )
        for _ in range(5):
            nobody.get("unknown path", "/no-such", x_forwarded_for="198.51.100.6")


def by_network(server: Recorder) -> None:
    with server.later(40_000):
        nobody = server.browser()
        for number in range(14):
            address = f"2001:db8:1:2::{number:x}"
            nobody.get("one network", "/ok", x_forwarded_for=address)
        nobody.get("the next network", "/ok", x_forwarded_for="2001:db8:1:3::1")


SCRIPTS = (by_path, by_function, special_paths, by_network)
