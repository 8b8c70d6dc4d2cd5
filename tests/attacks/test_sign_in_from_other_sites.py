"""O7: another site signs nobody in to an account of its own, with or without a cookie.

Each endpoint that hands a session to whoever has a token or a code asks where the request is from.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser
from watchword.plugins import EmailOTP, OneTimeToken, OneTimeTokenSession

EVE = "eve@evil.example"


class Server:
    def __init__(self, make_auth: MakeAuth, kind: str) -> None:
        self.kind = kind
        self.codes: list[str] = []
        self.auth: Any = make_auth(
            plugins=[
                OneTimeToken(),
                OneTimeTokenSession(),
                EmailOTP(send_verification_otp=lambda mail, request: self.codes.append(mail.otp)),
            ]
        )
        self.eve = Browser(self.auth, kind)
        self.eve.sign_up(EVE)

    def body(self, path: str) -> dict[str, str]:
        """What lets its holder in to Eve's account."""
        if path == "/sign-in/email-otp":
            asked = {"email": EVE, "type": "sign-in"}
            assert self.eve.post("/email-otp/send-verification-otp", asked).status == 200
            self.auth.blocking.runtime.drain()
            return {"email": EVE, "otp": self.codes[-1]}
        return {"token": self.eve.get(path.replace("verify", "generate")).json["token"]}


@pytest.fixture
def server(make_auth: MakeAuth, kind: str) -> Server:
    return Server(make_auth, kind)


@pytest.mark.parametrize(
    "path", ["/sign-in/email-otp", "/one-time-token/verify", "/one-time-token-session/verify"]
)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"origin": "https://evil.example"}, "INVALID_ORIGIN"),
        ({"origin": "", "referer": "https://evil.example/page"}, "INVALID_ORIGIN"),
        (
            {"origin": "", "sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
            "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
        ),
        ({"origin": "null", "sec_fetch_site": "cross-site"}, "MISSING_OR_NULL_ORIGIN"),
    ],
    ids=str,
)
def test_o7_other_sites_sign_nobody_in(
    server: Server, path: str, headers: dict[str, str], code: str
) -> None:
    body = server.body(path)
    victim = Browser(server.auth, server.kind)
    answer = victim.post(path, body, **headers)
    assert (answer.status, answer.code, answer.cookies) == (403, code, ())
    own = victim.post(path, body, origin=ORIGIN)
    assert own.status == 200, "it was not used up"
    assert Browser(server.auth).post(path, server.body(path), origin="").status == 200, (
        "programs send none of these headers"
    )
