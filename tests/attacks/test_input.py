"""Values that Python, databases and browsers read in other ways than they were meant."""

from __future__ import annotations

import base64
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import (
    Column,
    ConfigurationError,
    CookieCache,
    DeleteUser,
    EmailVerification,
    PasswordReset,
    RateLimitRule,
    Session,
    SessionOptions,
    User,
)
from watchword.database.facade import Database
from watchword.plugins import OneTimeToken


class Person(User, kw_only=True):
    """A user with a field of every kind."""

    age: int | None = None
    tall: bool | None = None
    born: datetime | None = None
    tags: list[str] | None = None
    note: Annotated[str | None, Column(returned=False)] = None
    rank: Annotated[str, Column(input=False, returned=False)] = "secret-rank"


class Visit(Session, kw_only=True):
    """A session with fields of its own."""

    tab: int | None = None
    mood: Annotated[str | None, Column(returned=False)] = None


@pytest.fixture
def rich(make_auth: MakeAuth, kind: str) -> Browser:
    sessions = SessionOptions(model=Visit)
    return Browser(make_auth(user_type=Person, session=sessions), kind)


WRONG = {
    "age": ["5", "\u0665", 5.5, True, [5], {"a": 5}, 10**400, 2**63, -(2**63) - 1, 1e300],
    "tall": ["true", 1, 0, "", [], {}],
    "born": [5, True, "yesterday", "2030-13-01", "99999-01-01T00:00:00Z", "", [], {}],
    "tags": ["x", 5, True, {"0": "x"}, [5], [None], [["x"]]],
    "note": [5, True, ["x"], {"x": 1}],
}


@pytest.mark.parametrize("name", list(WRONG))
def test_i1_own_fields_take_their_own_type_only(rich: Browser, name: str) -> None:
    for number, value in enumerate(WRONG[name]):
        answer = rich.sign_up(f"x{number}@example.com", **{name: value})
        assert (answer.status, answer.cookies) == (400, ()), value
    rich.sign_up()
    for value in WRONG[name]:
        assert rich.post("/update-user", {name: value}).status == 400, value
    assert rich.session()["user"].get(name) is None


@pytest.mark.parametrize("value", ["5", 5.5, True, [5], {}, 10**400, 2**63])
def test_i1_own_fields_of_a_session_do_too(rich: Browser, value: Any) -> None:
    rich.sign_up()
    assert rich.post("/update-session", {"tab": value}).status == 400
    assert rich.session()["session"]["tab"] is None


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000, "1" + "0" * 400 + ".5"])
def test_i1_numbers_that_python_cannot_hold_are_400(rich: Browser, number: str) -> None:
    rich.sign_up()
    data = f'{{"age": {number}}}'.encode()
    answer = rich.send(
        "POST", "/update-user", data=data, headers={"content-type": "application/json"}
    )
    assert answer.status == 400


@pytest.mark.parametrize("cached", [False, True])
def test_i7_fields_that_are_not_returned_are_never_shown(
    make_auth: MakeAuth, kind: str, cached: bool
) -> None:
    sessions = SessionOptions(model=Visit, cookie_cache=CookieCache(enabled=cached))
    browser = Browser(make_auth(user_type=Person, session=sessions), kind)
    answers = [browser.sign_up(note="secret-note"), browser.sign_in()]
    answers.append(browser.post("/update-session", {"mood": "secret-mood"}))
    answers.append(browser.post("/update-user", {"note": "secret-note"}))
    for path in ("/get-session", "/get-session", "/list-sessions", "/list-accounts"):
        answers.append(browser.get(path))
    for answer in answers:
        assert answer.status == 200
        assert b"secret-" not in answer.response.body
        for line in answer.cookies:
            assert "secret-" not in readable(line)


def readable(cookie: str) -> str:
    """The text of a cookie and of what base64 hides in it."""
    value = unquote(cookie.partition("=")[2].partition(";")[0])
    found = cookie
    for part in value.split("."):
        padded = part + "=" * (-len(part) % 4)
        found += base64.urlsafe_b64decode(padded).decode("utf-8", "replace")
    return found


@pytest.mark.parametrize("text", ["\0", "a\0b"])
def test_i3_nul_in_a_query_or_a_header_breaks_nothing(browser: Browser, text: str) -> None:
    browser.sign_up()
    for path in ("/verify-email", "/delete-user/callback", "/reset-password/x", "/get-session"):
        answer = browser.get(path, {"token": text, "callbackURL": "/"})
        assert answer.status < 500, path
    odd = Browser(browser.auth, browser.kind)
    body = {"email": "ada@example.com", "password": "password1234"}
    assert odd.post("/sign-in/email", body, user_agent=text).status < 500
    assert odd.get("/get-session", cookie=f"better-auth.session_token={text}.{text}").json is None


@pytest.mark.parametrize(
    "email",
    [
        "ada@example.com\n",
        "\u212aelvin@example.com",
        "\u0130@example.com",
        "ada@ex\u0251mple.com",
        "ada@example.com\u200b",
        "Ada <ada@example.com>",
        "ada@example.com,eve@example.com",
        "ada@example.com ",
        '"ada"@example.com',
        "ada(comment)@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
    ],
)
def test_i4_look_alikes_reach_nobodys_row(make_auth: MakeAuth, email: str) -> None:
    mailed: list[str] = []
    reset = PasswordReset(send_reset_password=lambda mail, request: mailed.append(mail.user.email))
    browser = Browser(make_auth(password_reset=reset))
    browser.sign_up()
    browser.sign_up("kelvin@example.com")
    browser.jar.clear()
    assert browser.sign_in(email).status == 400
    assert browser.sign_up(email).status == 400
    assert browser.post("/request-password-reset", {"email": email}).status == 400
    browser.auth.blocking.close()
    assert mailed == []


@pytest.mark.parametrize(
    "length", ["\u0661\u0662", "1_0", "+5", " 5 ", "-1", "0x5", "5, 5", "9" * 5000, "", "\xb2"]
)
def test_a_length_that_python_would_read_as_a_number_is_none(browser: Browser, length: str) -> None:
    """Security, section 20: `int` reads digits of all scripts, signs, spaces and underscores."""
    headers = {"content-type": "application/json", "content-length": length}
    answer = browser.send("POST", "/sign-out", data=b"{}", headers=headers)
    assert answer.status in ((200,) if not length else (400, 413))


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\t", "\0", "\x7f", "\u0085", "\n/"], ids=ascii
)
def test_r1_a_path_ends_where_it_ends(browser: Browser, end: str) -> None:
    """Security, R1 and section 20: `$` matches before a newline."""
    browser.sign_up()
    answer = browser.sign_in(callbackURL=f"/ok{end}")
    assert (answer.status // 100, answer.header("location")) == (4, None)


FOREVER = 10**15


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("session.expires_in", lambda: SessionOptions(expires_in=FOREVER)),
        ("session.update_age", lambda: SessionOptions(update_age=FOREVER)),
        ("session.fresh_age", lambda: SessionOptions(fresh_age=FOREVER)),
        ("token_expires_in", lambda: PasswordReset(token_expires_in=FOREVER)),
        ("expires_in", lambda: EmailVerification(expires_in=FOREVER)),
        ("delete", lambda: DeleteUser(enabled=True, token_expires_in=FOREVER)),
        ("one_time_token", lambda: OneTimeToken(expires_in=FOREVER)),
        ("rate limit", lambda: RateLimitRule(window=FOREVER)),
        ("infinity", lambda: RateLimitRule(window=float("inf"))),
    ],
)
def test_a_duration_beyond_the_calendar_is_refused_at_start_up(name: str, make: Any) -> None:
    """Security, section 20: dates end with the year 9999, and requests must not find out."""
    with pytest.raises(ConfigurationError, match="too long"):
        make()


def test_a_hundred_years_are_not_too_long(make_auth: MakeAuth) -> None:
    life = timedelta(days=36_500)
    browser = Browser(make_auth(plugins=[OneTimeToken(expires_in=life)]))
    browser.sign_up()
    assert browser.get("/one-time-token/generate").status == 200


def test_d4_a_row_that_is_there_is_answered_like_the_check_before(
    make_auth: MakeAuth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = make_auth()
    assert Browser(auth).sign_up().status == 200
    checked = Browser(auth).sign_up()
    real, before_the_insert = Database.find_many, iter([True])

    async def sees_no_user(self: Database, record: Any, **filters: Any) -> Any:
        if record is User and next(before_the_insert, False):
            return []
        return await real(self, record, **filters)

    monkeypatch.setattr(Database, "find_many", sees_no_user)
    assert Browser(auth).sign_up().response == checked.response
    assert next(before_the_insert, None) is None, "the look-up before saw nothing"
    database = sqlite3.connect(tmp_path / "test.db")
    tables = ("user", "account", "session")
    counts = [database.execute(f"select count(*) from {name}").fetchone()[0] for name in tables]
    database.close()
    assert counts == [1, 1, 1]
