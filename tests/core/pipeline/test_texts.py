"""Messages are shown to visitors as they are: plain sentences, all of them at once."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.docs.errors_page import groups
from tests.support.browser import Browser
from watchword import Column, User
from watchword.errors import APIError, ErrorCode
from watchword.pipeline.problems import problems
from watchword.pipeline.validation import Email, NewPassword, read_input

_OF_PROGRAMS = re.compile(
    r"`|\b(str|int|bool|float|dict|list|array|object|null|None|NoneType|undefined|datetime|regex|"
    r"struct|type)\b|[a-z][A-Z]|_|\bgot\b|Traceback",
)
DECLARED = [
    pytest.param(code, id=f"{group.__name__}.{name}")
    for group in groups()
    for name, code in group.declared()
    if code.code is not None  # without a code the message is what clients go by
]


@pytest.mark.parametrize("code", DECLARED)
def test_every_message_reads_well_in_a_form(code: ErrorCode) -> None:
    assert code.message[0].isupper()
    assert code.message[-1].isalnum()
    assert len(code.message) <= 80
    assert not _OF_PROGRAMS.search(code.message)
    assert code.message != code.code


class Every(msgspec.Struct, rename="camel"):
    """A field of each kind."""

    text: str
    email_address: Email = "a@b.co"
    filled: NewPassword = "x"
    flag: bool = True
    whole: int = 1
    part: float = 1.0
    words: list[str] = []
    table: dict[str, int] = {}
    when: datetime | None = None
    choice: Literal["a", "b"] = "a"
    short: Annotated[str, msgspec.Meta(max_length=3)] = ""
    long: Annotated[str, msgspec.Meta(min_length=3)] = "xxx"
    few: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    shaped: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]+\Z")] = "a"
    maybe: str | None = None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "[body.text] This is missing"),
        ({"text": 1}, "[body.text] This must be text"),
        ({"text": None}, "[body.text] This must be text"),
        ({"emailAddress": "secret"}, "[body.emailAddress] This is not an e-mail address"),
        ({"emailAddress": 5}, "[body.emailAddress] This must be text"),
        ({"filled": ""}, "[body.filled] This must not be empty"),
        ({"flag": "secret"}, "[body.flag] This must be yes or no"),
        ({"whole": "secret"}, "[body.whole] This must be a whole number"),
        ({"part": "secret"}, "[body.part] This must be a number"),
        ({"words": "secret"}, "[body.words] This must be a list"),
        ({"words": ["a", 2]}, "[body.words.1] This must be text"),
        ({"table": []}, "[body.table] This must be a group of values"),
        ({"table": {"secret": "x"}}, "[body.table] This must be a whole number"),
        ({"when": "secret"}, "[body.when] This is not a date"),
        ({"choice": "secret"}, "[body.choice] This is none of the choices"),
        ({"short": "secret"}, "[body.short] This is too long: at most 3"),
        ({"long": "x"}, "[body.long] This is too short: at least 3"),
        ({"few": 0}, "[body.few] This must be at least 1"),
        ({"few": 10}, "[body.few] This must be at most 9"),
        ({"shaped": "SECRET"}, "[body.shaped] This does not have the right form"),
        ({"maybe": 5}, "[body.maybe] This must be text"),
    ],
)
def test_each_kind_of_problem_has_its_sentence(given: dict[str, Any], told: str) -> None:
    with pytest.raises(APIError) as refused:
        read_input(Every, {} if not given else {"text": "", **given}, "body")
    assert (refused.value.status, refused.value.code) == (400, "VALIDATION_ERROR")
    assert refused.value.message == told
    assert "secret" not in told.lower()


def test_what_nests_too_deep_is_a_problem_and_no_crash() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(APIError) as refused:
        read_input(Every, {"text": 1, "words": deep}, "body")
    assert refused.value.code == "VALIDATION_ERROR"
    assert list(problems({"text": ""}, Every, {})) == []


def test_all_problems_are_told_at_once(browser: Browser) -> None:
    answer = browser.post("/sign-up/email", {"email": "ada", "password": "", "rememberMe": "x"})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["message"] == (
        "[body.name] This is missing; [body.email] This is not an e-mail address; "
        "[body.password] This must not be empty; [body.rememberMe] This must be yes or no"
    )


def test_problems_of_a_query_say_so(browser: Browser) -> None:
    answer = browser.get("/verify-email")
    assert answer.json["message"] == "[query.token] This is missing"


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_what_is_no_object_is_told(browser: Browser, body: Any) -> None:
    answer = browser.post("/sign-in/email", body)
    assert answer.json["message"] == "[body] An object with named values is needed here"


class Member(User):
    """With fields of its own."""

    age: int = 0
    born: datetime | None = None
    nick: Annotated[str, Column(validator=lambda text: text)] = ""


def test_problems_of_own_fields_are_told_at_once(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(user_type=Member), kind)
    answer = browser.sign_up(age="old", born="long ago", nick=5)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["message"] == (
        "[body.age] This must be a whole number; [body.born] This is not a date; "
        "[body.nick] This must be text"
    )


def test_a_value_that_no_column_holds_is_told_without_the_names_of_columns(
    browser: Browser,
) -> None:
    answer = browser.sign_up(name="Ada\0")
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["message"] == "Something in this cannot be stored"


def test_the_length_of_passwords_is_told(browser: Browser) -> None:
    short, long = browser.sign_up(password="tiny"), browser.sign_up(password="x" * 129)
    assert short.json["message"] == "The password is too short: at least 8 characters"
    assert long.json["message"] == "The password is too long: at most 128 characters"
