"""Forged cookies, tokens used for what they are not for, passwords at their limits."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import quote

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from watchword import (
    Auth,
    CookieCache,
    DeleteUser,
    EmailVerification,
    Mail,
    PasswordReset,
    Request,
    SessionOptions,
)
from watchword.cookies import SESSION_TOKEN
from watchword.crypto.signing import sign_cookie_value
from watchword.plugins import OneTimeToken
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

COOKIE = f"better-auth.{SESSION_TOKEN}"
PUBLISHED = "better-auth-secret-12345678901234567890"


@pytest.mark.parametrize("secret", ["", " ", "secret", PUBLISHED, SECRET[:-1]])
def test_s1_a_cookie_signed_with_another_secret_is_nobodys(browser: Browser, secret: str) -> None:
    token = browser.sign_up().json["token"]
    genuine = browser.jar[COOKIE]
    assert genuine == quote(sign_cookie_value(token, SECRET), safe=""), (
        "so this is how it is signed"
    )
    browser.jar[COOKIE] = quote(sign_cookie_value(token, secret), safe="")
    assert browser.session() is None
    assert browser.get("/list-sessions").status == 401


@pytest.mark.parametrize(
    "forge",
    [
        lambda token, signature: token,
        lambda token, signature: f"{token}.",
        lambda token, signature: f".{signature}",
        lambda token, signature: f"{token}.{signature[:-1]}",
        lambda token, signature: f"{token}.{signature.lower()}",
        lambda token, signature: f"{token}.{signature}A",
        lambda token, signature: f"{token}.{signature}=",
        lambda token, signature: f"{token.lower()}.{signature}",
        lambda token, signature: f"{token[:-1]}.{signature}",
        lambda token, signature: f"{token}%00.{signature}",
        lambda token, signature: f"{token}.{signature}\xe9",
        lambda token, signature: f"{token}.{'A' * 10_240}",
        lambda token, signature: f"%.{signature}",
        lambda token, signature: '"',
    ],
)
def test_s1_an_odd_or_forged_cookie_is_nobodys(browser: Browser, forge: Any) -> None:
    browser.sign_up()
    token, _, signature = browser.jar[COOKIE].partition(".")
    browser.jar[COOKIE] = forge(token, signature)
    answer = browser.get("/get-session")
    assert (answer.status, answer.json) == (200, None)


@pytest.mark.parametrize(
    ("base_url", "secure"), [("http://localhost:3000", False), ("https://localhost:3000", True)]
)
def test_s3_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(
    make_auth: MakeAuth, base_url: str, secure: bool
) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(), expires_in=34_560_000)
    browser = Browser(make_auth(base_url=base_url, session=cache), origin=base_url)
    lines = [*browser.sign_up().cookies, *browser.sign_in(rememberMe=False).cookies]
    lines += browser.post("/sign-out", {}).cookies
    assert len(lines) > 5
    for line in lines:
        name, *attributes = line.split("; ")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes), line
        assert ("Secure" in attributes) is secure, line
        assert name.startswith("__Secure-") is secure, line
        assert not [one for one in attributes if one.lower().startswith("domain")], line
        ages = [int(one.partition("=")[2]) for one in attributes if one.startswith("Max-Age=")]
        assert all(age <= 34_560_000 for age in ages), line


def test_s7_sessions_are_listed_and_ended_for_their_own_user_only(browser: Browser) -> None:
    browser.sign_up()
    eve = Browser(browser.auth, browser.kind)
    eve.sign_up("eve@example.com")
    token = browser.session()["session"]["token"]
    assert token not in eve.get("/list-sessions").response.body.decode()
    own = eve.post("/revoke-session", {"token": "no-such-token"})
    foreign = eve.post("/revoke-session", {"token": token})
    assert foreign.response == own.response
    eve.post("/revoke-other-sessions", {})
    eve.post("/revoke-sessions", {})
    assert browser.session() is not None


def test_s8_a_row_that_was_preserved_opens_nothing(make_auth: MakeAuth, clock: Clock) -> None:
    kept = SessionOptions(store_in_database=True, preserve_in_database=True)
    store = MemoryStorage(clock)
    browser = Browser(make_auth(secondary_storage=store, session=kept))
    token = browser.sign_up().json["token"]
    stolen = dict(browser.jar)
    browser.post("/sign-out", {})
    for _ in range(2):
        thief = Browser(browser.auth)
        thief.jar = dict(stolen)
        assert thief.session() is None
        for path in ("/list-sessions", "/list-accounts"):
            assert thief.get(path).status == 401
        for path in ("/update-user", "/revoke-session", "/change-password"):
            assert thief.post(path, {"name": "x", "token": token}).status in (400, 401)
        finish(store.delete(token))


def test_g4_tokens_are_long_and_of_many_symbols(make_auth: MakeAuth) -> None:
    server = Tokens(make_auth)
    tokens = [server.session, server.reset, server.deletion, server.one_time]
    for token in tokens:
        assert len(token) >= 24
        assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert len(set(tokens)) == len(tokens)


class Tokens:
    """A user for whom there is a token of every kind."""

    def __init__(self, make_auth: MakeAuth) -> None:
        self._outbox: list[Mail] = []
        self.auth: Auth[Any] = make_auth(
            email_verification=EmailVerification(send_verification_email=self._send),
            password_reset=PasswordReset(send_reset_password=self._send),
            delete_user=DeleteUser(enabled=True, send_delete_account_verification=self._send),
            plugins=[OneTimeToken()],
        )
        self.ada = Browser(self.auth)
        self.session: str = self.ada.sign_up().json["token"]
        self.user_id: str = self.ada.session()["user"]["id"]
        self.verification = self._mailed("/send-verification-email", email="ada@example.com")
        self.reset = self._mailed("/request-password-reset", email="ada@example.com")
        self.ask_for_deletion()
        self.one_time: str = self.ada.get("/one-time-token/generate").json["token"]

    def ask_for_deletion(self) -> None:
        self.deletion = self._mailed("/delete-user")

    def all(self) -> dict[str, str]:
        names = ("verification", "reset", "deletion", "one_time", "session", "user_id")
        return {name: getattr(self, name) for name in names}

    def _send(self, mail: Mail, request: Request | None) -> None:
        self._outbox.append(mail)

    def _mailed(self, path: str, **body: str) -> str:
        self.ada.post(path, body)
        self.auth.blocking.close()
        return self._outbox.pop().token


def test_m1_no_token_serves_another_purpose(make_auth: MakeAuth) -> None:
    server = Tokens(make_auth)
    ada = server.ada
    for name, token in server.all().items():
        if name != "reset":
            body = {"newPassword": "another-horse", "token": token}
            assert ada.post("/reset-password", body).code == "INVALID_TOKEN", name
        if name != "verification":
            assert ada.get("/verify-email", {"token": token}).status == 401, name
        if name != "deletion":
            assert ada.get("/delete-user/callback", {"token": token}).status == 404, name
            assert ada.post("/delete-user", {"token": token}).status == 404, name
        if name != "one_time":
            stranger = Browser(server.auth)
            assert stranger.post("/one-time-token/verify", {"token": token}).status == 400, name
            assert stranger.jar == {}
    assert ada.session()["user"]["emailVerified"] is False


def test_m1_a_token_serves_only_letter_by_letter_and_stays_good_meanwhile(
    make_auth: MakeAuth,
) -> None:
    server = Tokens(make_auth)
    ada, stranger = server.ada, Browser(server.auth)
    uses = (
        ("one_time", "/one-time-token/verify", {}),
        ("reset", "/reset-password", {"newPassword": "another-horse"}),
        ("deletion", "/delete-user", {}),
    )
    for name, path, rest in uses:
        token = server.all()[name]
        cut = len(token) // 2
        near: list[Any] = [token.swapcase(), token[:-1], token[:cut], token + "A", f" {token}"]
        near += [f"{token} ", f"{token}\n", f"{token[:cut]}%", f"{token[:cut]}*", "%", "_" * 32]
        near += [[token], {"$ne": ""}, {"0": token}, 0, True]
        for wrong in near:
            who = ada if name == "deletion" else stranger
            answer = who.post(path, {**rest, "token": wrong})
            assert 400 <= answer.status < 500, (name, wrong)
            assert answer.cookies == (), (name, wrong)
    for name, path, rest in uses:
        who = ada if name == "deletion" else stranger
        assert who.post(path, {**rest, "token": server.all()[name]}).status == 200, name
        if name == "reset":
            # It has ended all sessions, and what they had asked for.
            ada.sign_in(password="another-horse")
            server.ask_for_deletion()


@pytest.mark.parametrize("password", ["1234567", "x" * 129, "\U0001f512" * 3, "\U0001f512" * 65])
def test_w1_what_is_too_short_or_too_long_in_utf16_is_refused(
    browser: Browser, password: str
) -> None:
    answer = browser.sign_up(password=password)
    assert answer.code in ("PASSWORD_TOO_SHORT", "PASSWORD_TOO_LONG")
    assert browser.sign_in(password="password1234").status == 401


@pytest.mark.parametrize(
    "password",
    [
        "x" * 127 + "y",
        "        ",
        " leading and trailing ",
        "\U0001f512" * 4,
        "p\u00e4ssword",
        "\ufeffpassword",
    ],
)
def test_w1_other_passwords_are_compared_exactly(browser: Browser, password: str) -> None:
    assert browser.sign_up(password=password).status == 200
    near = {password[:-1] + "z", password.strip(), password.upper(), password + " "}
    near |= {password.replace("\u00e4", "a"), password.removeprefix("\ufeff")}
    for wrong in near - {password}:
        assert browser.sign_in(password=wrong).status == 401 or len(wrong) > 128
    assert browser.sign_in(password=password).status == 200


def test_w1_nothing_too_long_is_hashed(make_auth: MakeAuth) -> None:
    """New passwords end at 128. Those that come from elsewhere are compared up to 4,096."""
    browser = Browser(make_auth())
    browser.sign_up()

    def never(*args: Any) -> Any:
        raise AssertionError("hashed")

    browser.auth.config.passwords.hash = never  # type: ignore[method-assign]
    browser.auth.config.passwords.verify = never  # type: ignore[method-assign]
    for password in ("x" * 129, "x" * 100_000):
        assert browser.sign_up("bob@example.com", password=password).status == 400
        both = {"newPassword": password, "currentPassword": "password1234"}
        assert browser.post("/change-password", both).code == "PASSWORD_TOO_LONG"
    for password in ("x" * 4097, "x" * 100_000):
        assert browser.sign_in(password=password).code == "PASSWORD_TOO_LONG"
        both = {"newPassword": "another-horse", "currentPassword": password}
        assert browser.post("/change-password", both).code == "PASSWORD_TOO_LONG"
        assert browser.post("/verify-password", {"password": password}).status == 400
