"""Usernames: signing up with one, in with one, and what may be one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.factor_server import ASKED, TOTP, factor_server
from tests.support.browser import Answer, Browser, Clock
from tests.support.vectors import vectors
from watchword import ConfigurationError, EmailAndPassword, EmailVerification, FailedSignIns, User
from watchword.plugin import Call, Plugin, Status, post
from watchword.plugins import EmailOTP, Username

SIGN_IN, FREE = "/sign-in/username", "/is-username-available"
PASSWORD = "password1234"
VECTOR = vectors("flows", "vectors-plugins-1.json")["username"]
WRONG = (401, "INVALID_USERNAME_OR_PASSWORD")


def server(
    make_auth: MakeAuth, kind: str, auth: dict[str, Any] | None = None, **own: Any
) -> Callable[[], Browser]:
    built = make_auth(plugins=[Username(**own)], **(auth or {}))
    return lambda: Browser(built, kind)


def sign_in(browser: Browser, name: Any, password: Any = PASSWORD, **more: Any) -> Answer:
    return browser.post(SIGN_IN, {"username": name, "password": password, **more})


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def names(browser: Browser) -> tuple[str | None, str | None]:
    user = browser.session()["user"]
    return user["username"], user["displayUsername"]


def test_the_recorded_sign_up_and_sign_in(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind)
    shape = VECTOR["signUp"]["body"]["user"]
    made = browser().sign_up(shape["email"], username=shape["displayUsername"], name="Ann")
    assert made.status == VECTOR["signUp"]["status"]
    user = made.json["user"]
    varying = ("id", "createdAt", "updatedAt")
    assert {key: user[key] for key in user if key not in varying} == {
        key: shape[key] for key in shape if key not in varying
    }
    recorded = VECTOR["signIn"]["body"]
    entered = sign_in(browser(), "ANN_1.x", callbackURL=recorded["url"])
    assert set(entered.json) == set(recorded)
    assert (entered.json["redirect"], entered.json["url"]) == (True, "/dash")
    assert entered.header("location") == "/dash"
    assert entered.json["user"] == user
    assert entered.cookies[0].partition("=")[0] == "better-auth.session_token"
    assert "Max-Age=604800" in entered.cookies[0]


def test_without_a_page_to_go_to(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind)
    browser().sign_up(username="ada")
    answer = sign_in(browser(), "ada", rememberMe=False)
    assert set(answer.json) == {"redirect", "token", "user"}
    assert answer.json["redirect"] is False
    assert "Max-Age" not in answer.cookies[0]
    assert any("dont_remember" in line for line in answer.cookies)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"username": "Ada"}, ("ada", "Ada")),
        ({"username": "Ada", "displayUsername": "Ada L."}, ("ada", "Ada L.")),
        ({"username": "Ada", "displayUsername": ""}, ("ada", "Ada")),
        ({"displayUsername": "Ada_L"}, ("ada_l", "Ada_L")),
        ({"displayUsername": "Ada Lovelace"}, (None, "Ada Lovelace")),
        ({"username": None, "displayUsername": "Ada"}, (None, "Ada")),
        ({}, (None, None)),
    ],
)
def test_names_at_sign_up(make_auth: MakeAuth, kind: str, given: Any, stored: Any) -> None:
    browser = server(make_auth, kind)()
    assert browser.sign_up(**given).status == 200
    assert names(browser) == stored


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "USERNAME_TOO_SHORT"),
        ("ab", "USERNAME_TOO_SHORT"),
        ("a" * 31, "USERNAME_TOO_LONG"),
        ("a" * 1_000_000, "USERNAME_TOO_LONG"),
        ("ada lovelace", "INVALID_USERNAME"),
        ("ada\n", "INVALID_USERNAME"),
        ("ada\0", "INVALID_USERNAME"),
        ("\u0430da", "INVALID_USERNAME"),
        ("\u212aurt", "INVALID_USERNAME"),
        ("\uff41da", "INVALID_USERNAME"),
        ("a\u0301da", "INVALID_USERNAME"),
        ("1\u0662\u0663", "INVALID_USERNAME"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_what_cannot_be_a_username(make_auth: MakeAuth, kind: str, name: str, code: str) -> None:
    browser = server(make_auth, kind)
    new = browser()
    assert outcome(new.sign_up("eve@example.com", username=name)) == (400, code)
    assert new.session() is None
    assert new.sign_up(username="ada").status == 200
    assert outcome(new.post("/update-user", {"username": name})) == (400, code)
    assert names(new)[0] == "ada"
    if name and len(name) < 255:
        assert outcome(sign_in(browser(), name)) == (422, code)
        assert outcome(browser().post(FREE, {"username": name})) == (422, code)


@pytest.mark.parametrize("value", [5, True, ["ada"], {"a": 1}])
def test_names_are_texts(make_auth: MakeAuth, kind: str, value: Any) -> None:
    browser = server(make_auth, kind)
    ada = browser()
    assert outcome(ada.sign_up(username=value)) == (400, "VALIDATION_ERROR")
    assert outcome(ada.sign_up(displayUsername=value)) == (400, "VALIDATION_ERROR")
    assert ada.sign_up(username="ada").status == 200
    for field in ("username", "displayUsername"):
        changed = ada.post("/update-user", {field: value})
        assert outcome(changed) == (400, "VALIDATION_ERROR")
    for body in ({"username": value, "password": PASSWORD}, {"username": "ada", "password": value}):
        assert outcome(browser().post(SIGN_IN, body)) == (400, "VALIDATION_ERROR")
    assert outcome(browser().post(FREE, {"username": value})) == (400, "VALIDATION_ERROR")
    for path in (SIGN_IN, FREE, "/sign-up/email"):
        assert outcome(browser().post(path)) == (400, "VALIDATION_ERROR")
    assert ada.post("/update-user").status == 400


def test_a_name_to_be_shown_has_an_end(make_auth: MakeAuth, kind: str) -> None:
    answer = server(make_auth, kind)().sign_up(username="ada", displayUsername="x" * 1001)
    assert outcome(answer) == (400, "VALIDATION_ERROR")


def test_a_taken_name(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind)
    ada, eve = browser(), browser()
    ada.sign_up(username="Ada")
    taken = (400, "USERNAME_IS_ALREADY_TAKEN")
    assert outcome(eve.sign_up("eve@example.com", username="aDa")) == taken
    assert outcome(eve.sign_up("eve@example.com", displayUsername="ADA")) == taken
    assert outcome(eve.post("/update-user", {"username": "ada"})) == taken, "ahead of the session"
    assert eve.sign_up("eve@example.com", username="eve").status == 200
    assert outcome(eve.post("/update-user", {"username": "ADA"})) == taken
    assert ada.post("/update-user", {"username": "ADA"}).json == {"status": True}, "one's own"
    assert names(ada) == ("ada", "Ada")
    assert browser().post(FREE, {"username": "ADA"}).json == {"available": False}
    assert browser().post(FREE, {"username": "bob"}).json == {"available": True}
    assert outcome(browser().post(FREE, {"username": ""})) == (422, "INVALID_USERNAME")


def test_a_name_is_changed_and_given_back(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind)
    ada = browser()
    ada.sign_up(username="ada")
    assert ada.post("/update-user", {"username": "Countess"}).status == 200
    assert names(ada) == ("countess", "ada")
    assert outcome(sign_in(browser(), "ada")) == WRONG
    assert sign_in(browser(), "COUNTESS").status == 200
    assert ada.post("/update-user", {"username": None}).status == 200
    assert names(ada) == (None, "ada")
    assert outcome(sign_in(browser(), "countess")) == WRONG
    assert browser().post(FREE, {"username": "countess"}).json == {"available": True}


def test_unknown_names_and_wrong_passwords_are_alike(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind)
    browser().sign_up(username="ada")
    answers = [sign_in(browser(), "ada", "wrong horse"), sign_in(browser(), "nobody")]
    assert [outcome(answer) for answer in answers] == [WRONG, WRONG]
    assert answers[0].json == answers[1].json
    for body in ({"username": "", "password": "x"}, {"username": "ada", "password": ""}):
        assert outcome(browser().post(SIGN_IN, body)) == WRONG
    for name in ("ada", "nobody"):
        too_long = sign_in(browser(), name, "x" * 129)
        assert outcome(too_long) == (400, "PASSWORD_TOO_LONG")


@pytest.mark.parametrize("name", ["ada", "nobody", "sso"])
def test_e1_one_hash_is_compared_whoever_is_asked_for(
    make_auth: MakeAuth, tmp_path: Path, kind: str, name: str
) -> None:
    compared: list[str] = []

    def verify(stored: str, password: str) -> bool:
        compared.append(stored)
        return stored == f"hash of {password}"

    passwords = EmailAndPassword(
        enabled=True, hash_password=lambda text: f"hash of {text}", verify_password=verify
    )
    built = make_auth(plugins=[Username()], email_and_password=passwords)
    Browser(built).sign_up(username="ada")
    Browser(built).sign_up("sso@example.com", username="sso")
    with closing(sqlite3.connect(tmp_path / "test.db")) as database, database:
        database.execute(
            "delete from account where userId = (select id from user where username = 'sso')"
        )
    assert outcome(sign_in(Browser(built, kind), name, "wrong horse")) == WRONG
    assert len(compared) == 1


def test_l6_guesses_are_counted_with_those_by_address(make_auth: MakeAuth, kind: str) -> None:
    passwords = EmailAndPassword(
        enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=4)
    )
    built = make_auth(plugins=[Username()], email_and_password=passwords)
    Browser(built).sign_up(username="ada")
    for wrong in ("horse1", "horse2"):
        assert sign_in(Browser(built, kind), "ADA", wrong).status == 401
        body = {"email": "ada@example.com", "password": wrong}
        assert Browser(built, kind).post("/sign-in/email", body).status == 401
    assert sign_in(Browser(built, kind), "ada").status == 429
    statuses = [sign_in(Browser(built, kind), "nobody", "horse").status for _ in range(5)]
    assert statuses == [401] * 4 + [429], "nobody's name pauses, too"


def test_an_unverified_address(make_auth: MakeAuth, kind: str) -> None:
    mails: list[Any] = []
    built = make_auth(
        plugins=[Username()],
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=FAST, require_email_verification=True
        ),
        email_verification=EmailVerification(
            send_verification_email=lambda mail, _: mails.append(mail),
            send_on_sign_in=True,
            send_on_sign_up=False,
        ),
    )
    Browser(built, kind).sign_up(username="ada")
    assert outcome(sign_in(Browser(built, kind), "ada", "wrong horse")) == WRONG
    answer = sign_in(Browser(built, kind), "ada", callbackURL="/in?x=1&y")
    assert outcome(answer) == (403, "EMAIL_NOT_VERIFIED")
    assert answer.cookies == ()
    built.blocking.runtime.drain()
    assert [mail.user.email for mail in mails] == ["ada@example.com"]
    assert mails[0].url.endswith("&callbackURL=%2Fin%3Fx%3D1%26y")


def test_e2_a_taken_address_is_answered_like_a_free_one(make_auth: MakeAuth, kind: str) -> None:
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, auto_sign_in=False)
    browser = server(make_auth, kind, {"email_and_password": passwords})
    first = browser().sign_up(username="Ada").json
    again = browser().sign_up(username="Eve_1").json
    assert list(again["user"]) == list(first["user"])
    assert (again["user"]["username"], again["user"]["displayUsername"]) == ("eve_1", "Eve_1")


@pytest.mark.parametrize("change", [{"username": "eve"}, {"username": None}])
def test_an_immutable_name_stays(make_auth: MakeAuth, kind: str, change: Any) -> None:
    browser = server(make_auth, kind, immutable_username=True)()
    browser.sign_up()
    assert browser.post("/update-user", {"username": "ada"}).status == 200
    assert browser.post("/update-user", {"username": "ADA", "name": "A"}).status == 200
    assert outcome(browser.post("/update-user", change)) == (400, "USERNAME_IS_IMMUTABLE")
    assert names(browser)[0] == "ada"


def test_own_rules(make_auth: MakeAuth, kind: str) -> None:
    async def no_digits(text: str) -> bool:
        return not any(map(str.isdigit, text))

    browser = server(
        make_auth,
        kind,
        username_validator=no_digits,
        username_normalization=lambda text: text.casefold().replace("-", ""),
        display_username_validator=lambda text: "!" not in text,
        display_username_normalization=str.strip,
        min_username_length=2,
        max_username_length=5,
    )
    ada = browser()
    assert outcome(ada.sign_up(username="a1")) == (400, "INVALID_USERNAME")
    loud = ada.sign_up(username="ada", displayUsername="Ada!")
    assert outcome(loud) == (400, "INVALID_DISPLAY_USERNAME")
    assert ada.sign_up(username="A-da", displayUsername="  Ada ").status == 200
    assert names(ada) == ("ada", "Ada")
    for name in ("ada", "ADA", "a-d-a"):
        assert sign_in(browser(), name).status == 200
    loud = ada.post("/update-user", {"displayUsername": "A!"})
    assert outcome(loud) == (400, "INVALID_DISPLAY_USERNAME")


def test_what_is_validated_may_be_the_normal_form(make_auth: MakeAuth, kind: str) -> None:
    browser = server(
        make_auth,
        kind,
        username_normalization=lambda text: text.replace(" ", "_").lower(),
        validation_order="post-normalization",
    )
    ada = browser()
    assert ada.sign_up(username="Ada Lovelace").status == 200
    assert names(ada) == ("ada_lovelace", "Ada Lovelace")
    assert sign_in(browser(), "ada LOVELACE").status == 200
    assert browser().post(FREE, {"username": "ADA Lovelace"}).json == {"available": False}


@pytest.mark.parametrize("made", ["", "x" * 256])
def test_a_normal_form_that_cannot_be_stored(make_auth: MakeAuth, kind: str, made: str) -> None:
    browser = server(make_auth, kind, username_normalization=lambda _: made)
    assert outcome(browser().sign_up(username="ada")) == (400, "INVALID_USERNAME")
    assert outcome(sign_in(browser(), "ada")) == (422, "INVALID_USERNAME")


@pytest.mark.parametrize("made", [None, b"ada", 5])
def test_what_an_own_function_makes_is_a_text_or_no_name(
    make_auth: MakeAuth, kind: str, made: Any
) -> None:
    browser = server(make_auth, kind, username_normalization=lambda _: made)
    assert outcome(browser().sign_up(username="ada")) == (400, "INVALID_USERNAME")
    assert outcome(browser().post(FREE, {"username": "ada"})) == (422, "INVALID_USERNAME")
    assert outcome(sign_in(browser(), "ada")) == (422, "INVALID_USERNAME")
    browser = server(make_auth, kind, display_username_normalization=lambda _: made)
    assert outcome(browser().sign_up(username="ada")) == (400, "INVALID_DISPLAY_USERNAME")


def test_names_as_they_are_typed(make_auth: MakeAuth, kind: str) -> None:
    browser = server(make_auth, kind, username_normalization=None, display_username=False)
    ada, other = browser(), browser()
    user = ada.sign_up(username="Ada").json["user"]
    assert user["username"] == "Ada"
    assert "displayUsername" not in user
    assert other.sign_up("eve@example.com", username="ada").json["user"]["username"] == "ada"
    assert sign_in(browser(), "Ada").json["user"]["email"] == "ada@example.com"
    assert outcome(sign_in(browser(), "ADA")) == WRONG


def test_names_that_come_from_elsewhere(make_auth: MakeAuth, kind: str) -> None:
    codes: list[Any] = []
    built = make_auth(
        plugins=[Username(), EmailOTP(send_verification_otp=lambda mail, _: codes.append(mail))]
    )

    def enter(email: str, **fields: Any) -> Answer:
        Browser(built).post("/email-otp/send-verification-otp", {"email": email, "type": "sign-in"})
        built.blocking.runtime.drain()
        body = {"email": email, "otp": codes[-1].otp, **fields}
        return Browser(built, kind).post("/sign-in/email-otp", body)

    made = enter("ada@example.com", username="Ada")
    assert (made.json["user"]["username"], made.json["user"]["displayUsername"]) == ("ada", "Ada")
    assert outcome(enter("eve@example.com", username="ADA")) == (400, "USERNAME_IS_ALREADY_TAKEN")
    assert outcome(enter("eve@example.com", username="a b")) == (400, "INVALID_USERNAME")


def test_names_that_hooks_write(make_auth: MakeAuth, kind: str) -> None:
    class Naming(Plugin):
        id: ClassVar[str] = "naming"

        @post("/rename")
        async def rename(self, call: Call) -> Status:
            name = str(call.fields["to"])
            await call.db.update(User, {"username": name}, email="ada@example.com")
            return Status()

    built = make_auth(plugins=[Username(), Naming()])
    ada, eve = Browser(built, kind), Browser(built, kind)
    ada.sign_up(username="ada")
    eve.sign_up("eve@example.com", username="eve")
    assert ada.post("/rename", {"to": "Countess"}).status == 200
    assert names(ada) == ("countess", "ada")
    assert outcome(ada.post("/rename", {"to": "a b"})) == (400, "INVALID_USERNAME")
    assert outcome(ada.post("/rename", {"to": "EVE"})) == (400, "USERNAME_IS_ALREADY_TAKEN")


def test_the_second_factor_is_asked_for(
    make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str
) -> None:
    world = factor_server(make_auth, clock, tmp_path, kind)(plugins=[Username()])
    person = world.with_app()
    assert person.browser.post("/update-user", {"username": "ada"}).status == 200
    waiting = world.browser()
    answer = sign_in(waiting, "ada")
    assert answer.json == ASKED
    assert waiting.session() is None
    assert waiting.post(TOTP, {"code": person.code()}).status == 200
    assert waiting.session()["user"]["username"] == "ada"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_o7_other_sites_sign_nobody_in(make_auth: MakeAuth, kind: str, origin: str) -> None:
    browser = server(make_auth, kind)
    browser().sign_up(username="ada")
    body = {"username": "ada", "password": PASSWORD}
    answer = browser().post(SIGN_IN, body, origin=origin)
    assert (answer.status, answer.cookies) == (403, ())
    answer = sign_in(browser(), "ada", callbackURL="https://evil.example")
    assert outcome(answer) == (403, "INVALID_CALLBACK_URL")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_username_length": 256}, "max_username_length"),
        ({"min_username_length": 0}, "min_username_length"),
        ({"min_username_length": 31}, "min_username_length"),
        ({"username_validator": "x"}, "username_validator"),
        ({"validation_order": "never"}, "validation_order"),
        ({"display_username": "no"}, "display_username"),
    ],
)
def test_options_that_do_not_fit(options: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Username.{named}"):
        Username(**options)
