"""W5, M1: tokens that a server of the reference made on the same store, and tokens out of place.

The reference binds its links to the account alone. Here they work until the account is taken back,
by whichever server.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, EVE, NEW, NEW_PASSWORD, Site
from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import CookieCache, SessionOptions
from watchword.crypto.jwt import sign_jwt, verify_jwt

START = 1893456000
CHANGED = "change-email-verification"
CONFIRMED = "change-email-confirmation"


@pytest.fixture
def site(make_auth: MakeAuth, kind: str) -> Site:
    site = Site(make_auth, kind)
    site.browser().sign_up(ADA)
    return site


def signed(issued: int = START, **claims: object) -> str:
    return sign_jwt({"email": ADA, **claims, "iat": issued, "exp": issued + 3600}, SECRET)


def user_id(site: Site) -> str:
    return site.signed_in().session()["user"]["id"]


def open_link(site: Site, token: str) -> tuple[int, str | None]:
    answer = site.browser().get("/verify-email", {"token": token})
    return answer.status, answer.code


def test_a_change_link_of_the_reference_works(site: Site) -> None:
    token = signed(updateTo=NEW, requestType=CHANGED, userId=user_id(site))
    assert open_link(site, token) == (200, None)
    assert open_link(site, token) == (401, "INVALID_TOKEN")


def test_a_change_link_that_names_no_account_is_dead(site: Site) -> None:
    """1.7.7 of the reference mailed such links."""
    kinds: list[dict[str, Any]] = [{}, {"requestType": CHANGED}, {"requestType": CONFIRMED}]
    for kind in kinds:
        assert open_link(site, signed(updateTo=NEW, **kind)) == (401, "INVALID_TOKEN")


def test_a_verification_link_that_names_no_account_works(site: Site) -> None:
    assert open_link(site, signed()) == (200, None)


@pytest.mark.parametrize("later", [0, 2])
def test_a_change_link_of_the_reference_ends_when_the_account_is_taken_back(
    site: Site, clock: Clock, later: int
) -> None:
    there = user_id(site)
    clock.forward(0.5)
    assert site.reset().status == 200
    token = signed(START + later, updateTo=NEW, requestType=CHANGED, userId=there)
    clock.forward(10)
    assert open_link(site, token)[0] == (200 if later else 401)


def test_a_token_of_another_account_moves_nobody(site: Site) -> None:
    site.browser().sign_up(EVE)
    eve = site.browser()
    other = eve.sign_in(EVE).json["user"]["id"]
    assert open_link(site, signed(userId=other)) == (401, "INVALID_TOKEN")
    token = signed(updateTo=NEW, requestType=CHANGED, userId=other)
    assert open_link(site, token) == (401, "INVALID_TOKEN")
    token = signed(updateTo=NEW, requestType=CHANGED, userId="nobody")
    assert open_link(site, token) == (401, "USER_NOT_FOUND")


def rows(site: Site, tmp_path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
        for sql, values in statements:
            database.execute(sql, values)


INSERT = (
    "insert into verification (id, identifier, value, expiresAt, createdAt, updatedAt) "
    "values (?, ?, ?, ?, ?, ?)"
)
NOW, END = "2030-01-01T00:00:00.000Z", "2030-01-01T01:00:00.000Z"


@pytest.mark.parametrize("taken_back", [False, True])
def test_rows_of_the_reference_serve_until_the_account_is_taken_back(
    site: Site, tmp_path: Path, clock: Clock, taken_back: bool
) -> None:
    there = user_id(site)
    wanted = [
        ("reset-password:theirs", there),
        ("delete-account-theirs", there),
        ("forget-password-otp-ada@example.com", "123456:0"),
        (f"change-email-otp-{there}:{NEW}", "123456:0"),
    ]
    rows(
        site,
        tmp_path,
        *((INSERT, (name, name, value, END, NOW, NOW)) for name, value in wanted),
    )
    clock.forward(1)
    owner = site.signed_in()
    if taken_back:
        assert owner.post("/revoke-other-sessions").status == 200
    good = not taken_back
    change = {"newEmail": NEW, "otp": "123456"}
    assert (owner.post("/email-otp/change-email", change).status == 200) is good
    address = NEW if good else ADA
    if good:
        # The change voids the rest, as it must.
        back = site.mail(owner, "/change-email", {"newEmail": ADA}).token
        assert owner.get("/verify-email", {"token": back}).status == 200
        address = ADA
    code = {"email": address, "otp": "123456", "password": NEW_PASSWORD}
    assert owner.post("/email-otp/reset-password", code).code == "INVALID_OTP"
    reset = {"token": "theirs", "newPassword": NEW_PASSWORD}
    assert owner.post("/reset-password", reset).code == "INVALID_TOKEN"
    assert owner.post("/delete-user", {"token": "theirs"}).code == "INVALID_TOKEN"


@pytest.mark.parametrize("way", ["reset", "delete", "code"])
def test_each_row_of_the_reference_serves(site: Site, tmp_path: Path, way: str) -> None:
    there = user_id(site)
    name, value, path, body = {
        "reset": (
            "reset-password:theirs",
            there,
            "/reset-password",
            {"token": "theirs", "newPassword": NEW_PASSWORD},
        ),
        "delete": ("delete-account-theirs", there, "/delete-user", {"token": "theirs"}),
        "code": (
            "sign-in-otp-ada@example.com",
            "123456:0",
            "/sign-in/email-otp",
            {"email": ADA, "otp": "123456"},
        ),
    }[way]
    rows(site, tmp_path, (INSERT, (name, name, value, END, NOW, NOW)))
    assert site.signed_in().post(path, body).status == 200


def test_a_row_of_the_reference_that_is_older_than_the_account_serves_nobody(
    site: Site, tmp_path: Path
) -> None:
    name, before = "sign-in-otp-ada@example.com", "2029-12-31T23:59:59.999Z"
    rows(site, tmp_path, (INSERT, (name, name, "123456:0", END, before, before)))
    answer = site.browser().post("/sign-in/email-otp", {"email": ADA, "otp": "123456"})
    assert (answer.status, answer.code) == (400, "INVALID_OTP")


def test_m1_each_mail_token_is_for_one_use(make_auth: MakeAuth) -> None:
    """A signed text for another purpose opens nothing, the session cache least of all."""
    cache = CookieCache(enabled=True, strategy="jwt")
    site = Site(make_auth, session=SessionOptions(cookie_cache=cache))
    owner = site.browser()
    owner.sign_up(ADA)
    there = owner.session()["user"]["id"]
    cached = owner.jar["better-auth.session_data"]
    assert verify_jwt(cached, SECRET, now=START)["user"]
    for token in (
        cached,
        signed(requestType=CHANGED, userId=there),
        signed(requestType=CONFIRMED, userId=there),
        signed(updateTo=NEW, requestType="delete-account", userId=there),
        signed(updateTo=5, requestType=CHANGED, userId=there),
        signed(userId=5),
    ):
        assert open_link(site, token) == (401, "INVALID_TOKEN")
    proof = site.mail(owner, "/send-verification-email", {"email": ADA}).token
    for path, body in (
        ("/reset-password", {"token": proof, "newPassword": NEW_PASSWORD}),
        ("/delete-user", {"token": proof}),
    ):
        assert owner.post(path, body).code == "INVALID_TOKEN"
    stranger = site.browser()
    stranger.jar = {**owner.jar, "better-auth.session_data": proof}
    assert stranger.session()["user"]["id"] == there, "the session cookie still counts"
    stranger.jar.pop("better-auth.session_token")
    assert stranger.session() is None


def change_asked(site: Site, owner: Browser) -> Any:
    return verify_jwt(site.mail(owner, "/change-email", {"newEmail": NEW}).token, SECRET, now=START)


def test_our_tokens_have_the_claims_of_the_reference_in_their_order(site: Site) -> None:
    claims = change_asked(site, site.signed_in())
    names = ["email", "updateTo", "requestType", "userId", "gen", "sid", "iat", "exp"]
    assert list(claims) == names
    assert claims["userId"] == user_id(site)
