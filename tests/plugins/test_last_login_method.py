"""Last login method: a hint in a cookie, and in the user's row."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.social import World, come_back, error_of, sign_in, social_auth
from tests.support.vectors import vectors
from watchword import Advanced, APIError, ConfigurationError, ModelHooks
from watchword.plugins import LastLoginMethod, MagicLink
from watchword.plugins.magic_link import MagicLinkMail

COOKIE = "better-auth.last_used_login_method"
FLOWS = vectors("flows", "vectors-plugins-1.json")


def method_in(path: Path) -> str | None:
    with closing(sqlite3.connect(path / "test.db")) as db:
        return db.execute("select lastLoginMethod from user").fetchone()[0]


def test_passwords(make_auth: MakeAuth, kind: str) -> None:
    ada = Browser(make_auth(plugins=[LastLoginMethod()]), kind)
    line = ada.sign_up().cookie(COOKIE)
    assert line == FLOWS["lastLoginMethod"]["setCookie"][-1]
    for answer in (ada.get("/get-session"), ada.post("/update-user", {"name": "A"})):
        assert answer.cookie(COOKIE) is None
    assert ada.post("/sign-out", {}).cookie(COOKIE) is None
    assert ada.sign_in(password="wrong horse").cookie(COOKIE) is None
    assert ada.sign_in().cookie(COOKIE) == line


def test_a_provider_by_its_id(make_auth: MakeAuth, kind: str) -> None:
    auth = social_auth(make_auth, World(), plugins=[LastLoginMethod()])
    ada = Browser(auth, kind)
    for provider in ("google", "github"):
        sign_in(ada, provider)
        assert ada.jar[COOKIE] == provider
    del ada.jar[COOKIE]
    assert error_of(come_back(ada, "x" * 32)) == "state_mismatch"
    assert COOKIE not in ada.jar


def test_a_magic_link(make_auth: MakeAuth) -> None:
    mails: list[MagicLinkMail] = []
    links = MagicLink(send_magic_link=lambda mail, _: mails.append(mail))
    auth = make_auth(plugins=[links, LastLoginMethod()])
    ada = Browser(auth)
    assert ada.post("/sign-in/magic-link", {"email": "ada@example.com"}).cookie(COOKIE) is None
    auth.blocking.runtime.drain()
    ada.get("/magic-link/verify", {"token": mails[0].token})
    assert ada.jar[COOKIE] == "magic-link"


def test_its_name_and_age_are_its_own(make_auth: MakeAuth) -> None:
    plugin = LastLoginMethod(cookie_name="last", max_age=60)
    advanced = Advanced(cookie_prefix="mine", use_secure_cookies=True)
    ada = Browser(make_auth(plugins=[plugin], advanced=advanced))
    assert ada.sign_up().cookie("last") == "last=email; Max-Age=60; Path=/; Secure; SameSite=Lax"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("phone", "phone"),
        (None, "email"),
        ("", None),
        ("x" * 256, None),
        ("\ud800", None),
        ("nul\0", None),
        ("a\r\nb", None),
    ],
)
@pytest.mark.parametrize("stored", [False, True])
def test_an_own_way_to_name_it(
    make_auth: MakeAuth, own: str | None, expected: str | None, stored: bool
) -> None:
    plugin = LastLoginMethod(custom_resolve_method=lambda call: own, store_in_database=stored)
    ada = Browser(make_auth(plugins=[plugin]))
    assert ada.sign_up().status == 200
    assert ada.jar.get(COOKIE) == expected


def test_it_is_set_after_consent(make_auth: MakeAuth) -> None:
    seen: list[str] = []

    async def consents(call: Any, method: str) -> bool:
        seen.append(method)
        return call.headers.get("x-consent") == "yes"

    ada = Browser(make_auth(plugins=[LastLoginMethod(before_store_cookie=consents)]))
    assert ada.sign_up().cookie(COOKIE) is None
    body = {"email": "ada@example.com", "password": "password1234"}
    assert ada.post("/sign-in/email", body, x_consent="yes").cookie(COOKIE) is not None
    assert seen == ["email", "email"]


def test_callbacks_that_fail_keep_nobody_out(
    make_auth: MakeAuth, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> str:
        raise RuntimeError("secret words")

    def refuses(*_: object) -> bool:
        raise APIError(403, "NO")

    plugin = LastLoginMethod(
        custom_resolve_method=fails, before_store_cookie=refuses, store_in_database=True
    )
    ada = Browser(make_auth(plugins=[plugin]))
    assert ada.sign_up().status == 200
    assert ada.session() is not None
    assert COOKIE not in ada.jar
    assert method_in(tmp_path) == "email"
    assert "secret words" not in caplog.text


def test_the_row_holds_it(make_auth: MakeAuth, tmp_path: Path, kind: str) -> None:
    mails: list[MagicLinkMail] = []
    links = MagicLink(send_magic_link=lambda mail, _: mails.append(mail))
    auth = make_auth(plugins=[links, LastLoginMethod(store_in_database=True)])
    ada = Browser(auth, kind)
    assert ada.sign_up().json["user"]["lastLoginMethod"] == "email"
    assert method_in(tmp_path) == "email"
    ada.post("/sign-in/magic-link", {"email": "ada@example.com"})
    auth.blocking.runtime.drain()
    opened = ada.get("/magic-link/verify", {"token": mails[0].token})
    assert opened.json["user"]["lastLoginMethod"] == "email"
    assert method_in(tmp_path) == "magic-link"
    assert ada.session()["user"]["lastLoginMethod"] == "magic-link"


def test_clients_do_not_set_it(make_auth: MakeAuth, tmp_path: Path) -> None:
    ada = Browser(make_auth(plugins=[LastLoginMethod(store_in_database=True)]))
    mine = {"lastLoginMethod": "siwe"}
    assert ada.sign_up(**mine).code == "FIELD_NOT_ALLOWED"
    ada.sign_up()
    assert ada.post("/update-user", mine).code == "FIELD_NOT_ALLOWED"
    assert method_in(tmp_path) == "email"


def test_there_is_no_column_unless_it_is_wanted(make_auth: MakeAuth, tmp_path: Path) -> None:
    ada = Browser(make_auth(plugins=[LastLoginMethod()]))
    assert "lastLoginMethod" not in ada.sign_up().json["user"]
    with pytest.raises(sqlite3.OperationalError):
        method_in(tmp_path)


def test_a_row_that_cannot_be_written_keeps_nobody_out(make_auth: MakeAuth) -> None:
    def refuse(values: Any, call: object) -> None:
        if "last_login_method" in values:
            raise APIError(403, "NO")

    hooks = {"user": ModelHooks(update_before=refuse)}
    ada = Browser(
        make_auth(plugins=[LastLoginMethod(store_in_database=True)], database_hooks=hooks)
    )
    assert ada.sign_up().status == 200
    assert ada.session() is not None


@pytest.mark.parametrize(
    "options",
    [
        {"cookie_name": "a b"},
        {"cookie_name": ""},
        {"max_age": 0},
        {"max_age": 34_560_001},
        {"custom_resolve_method": "email"},
        {"before_store_cookie": True},
        {"store_in_database": "yes"},
    ],
)
def test_options_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"LastLoginMethod.{next(iter(options))}"):
        LastLoginMethod(**options)
