"""W1: fields that an application adds have a length too, its own or a default one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import Advanced, ConfigurationError, EmailAndPassword, Session, SessionOptions, User
from watchword.database.records import Column


def reverse(text: str) -> str:
    """Seen only by texts that may be stored."""
    assert len(text) <= 10_000
    return text[::-1]


class Writer(User, kw_only=True):
    motto: str | None = None
    shout: Annotated[str | None, Column(validator=reverse)] = None
    slug: Annotated[str, msgspec.Meta(pattern=r"\A(a|aa)+\Z")] | None = None
    handle: Annotated[str, msgspec.Meta(max_length=5)] | None = None
    novel: Annotated[str, msgspec.Meta(max_length=200_000)] | None = None
    tags: list[str] | None = None
    prefs: dict[str, object] | None = None
    labels: list[Annotated[str, msgspec.Meta(max_length=100)]] | None = None
    limits: dict[str, Annotated[list[int], msgspec.Meta(max_length=3)]] | None = None
    few: Annotated[list[str], msgspec.Meta(max_length=2)] | None = None


class Visit(Session, kw_only=True):
    mood: str | None = None


LONG = [
    ("motto", "x" * 10_000, "x" * 10_001),
    ("shout", "x" * 10_000, "x" * 10_001),
    ("slug", "aa", "a" * 100_000 + "!"),
    ("handle", "x" * 5, "x" * 6),
    ("novel", "x" * 200_000, "x" * 200_001),
    ("tags", ["x" * 100] * 500, ["x" * 100] * 700),
    ("labels", ["x" * 100] * 500, ["x" * 100] * 700),
    ("limits", {"x" * 50_000: [1]}, {"x" * 70_000: [1]}),
    ("few", ["x" * 70_000] * 2, ["x"] * 3),
    ("prefs", {"a": "x" * 50_000}, {"a": "x" * 70_000}),
    ("prefs", {"x" * 50_000: 1}, {"x" * 70_000: 1}),
]


@pytest.fixture
def browser(make_auth: MakeAuth, kind: str) -> Browser:
    sessions = SessionOptions(model=Visit)
    made = Browser(make_auth(user_type=Writer, session=sessions), kind)
    assert made.sign_up().status == 200
    return made


@pytest.mark.parametrize(("name", "fits", "longer"), LONG)
def test_w1_a_field_of_a_user(browser: Browser, name: str, fits: Any, longer: Any) -> None:
    assert browser.post("/update-user", {name: fits}).status == 200
    for answer in (
        browser.post("/update-user", {name: longer}),
        Browser(browser.auth, browser.kind).sign_up("eve@example.com", **{name: longer}),
    ):
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert f"[body.{name}" in answer.json["message"]
    stored = browser.session()["user"][name]
    assert stored == (fits[::-1] if name == "shout" else fits)


def test_w1_a_field_of_a_session(browser: Browser) -> None:
    assert browser.post("/update-session", {"mood": "x" * 10_000}).status == 200
    answer = browser.post("/update-session", {"mood": "x" * 10_001})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", ["\u540d" * 1000, "Wolfeschlegelsteinhausenbergerdorff " * 7])
def test_w1_long_names_of_people_are_names(browser: Browser, name: str) -> None:
    picture = "data:image/png;base64," + "A" * 60_000
    assert browser.post("/update-user", {"name": name, "image": picture}).status == 200
    assert browser.session()["user"]["name"] == name


@pytest.mark.parametrize("longest", [2048, 8000])
def test_w1_how_long_a_url_may_be_is_an_option(
    make_auth: MakeAuth, kind: str, longest: int
) -> None:
    browser = Browser(make_auth(advanced=Advanced(longest_url=longest)), kind)
    browser.sign_up()
    fits, longer = "/" + "x" * (longest - 1), "/" + "x" * longest
    assert browser.sign_in(callbackURL=fits).json["url"] == fits
    answer = browser.sign_in(callbackURL=longer)
    assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    # A link adds parameters to the URL that it leads to.
    link = browser.get("/verify-email", {"token": "x", "callbackURL": fits})
    assert (link.status, link.header("location")) == (302, f"{fits}?error=INVALID_TOKEN")
    assert browser.get("/verify-email", {"token": "x", "callbackURL": longer}).status == 403


@pytest.mark.parametrize("longest", [0, 99, 8193, "2048"])
def test_w1_the_option_has_bounds(longest: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"advanced\.longest_url"):
        Advanced(longest_url=longest)


def test_w1_passwords_cannot_be_allowed_to_be_of_any_length() -> None:
    with pytest.raises(ConfigurationError, match="max_password_length"):
        EmailAndPassword(enabled=True, argon2_cost=FAST, max_password_length=4097)


def test_w1_the_error_page_says_so_much_and_no_more(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(), kind)
    assert browser.get("/error", {"error_description": "x" * 2000}).status == 200
    assert browser.get("/error", {"error_description": "x" * 2001}).status == 400
    assert browser.get("/error", {"error": "x" * 256}).status == 400
