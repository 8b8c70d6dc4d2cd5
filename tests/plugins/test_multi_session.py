"""Multi session: several people signed in with one browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.vectors import vectors
from watchword import ConfigurationError, SessionOptions
from watchword.configuration.options import CookieCache
from watchword.plugins import Bearer, MultiSession
from watchword.storage.memory import MemoryStorage

SESSION = "better-auth.session_token"
DEVICE = f"{SESSION}_multi-"
LIST, ACTIVE, REVOKE = (
    f"/multi-session/{name}" for name in ("list-device-sessions", "set-active", "revoke")
)


def name_of(token: str) -> str:
    return f"{DEVICE}{token.lower()}"


@pytest.fixture
def desk(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(plugins=[MultiSession(maximum_sessions=3)]), kind)


def join(browser: Browser, *people: str) -> dict[str, str]:
    """Sign people up, one after the other; their tokens."""
    return {one: browser.sign_up(f"{one}@example.com").json["token"] for one in people}


def listed(browser: Browser) -> set[str]:
    return {one["user"]["email"].partition("@")[0] for one in browser.get(LIST).json}


def who(browser: Browser) -> str | None:
    session = browser.session()
    return session and session["user"]["email"].partition("@")[0]


def devices(browser: Browser) -> set[str]:
    return {name for name in browser.jar if name.startswith(DEVICE)}


@pytest.mark.parametrize("case", vectors("multiSession", "vectors-plugins-1.json")["cases"])
def test_names_of_cookies(case: dict[str, str]) -> None:
    assert f"{case['sessionCookieName']}_multi-{case['sessionToken'].lower()}" == case["cookieName"]


def test_a_session_gets_a_cookie_of_its_own(desk: Browser) -> None:
    answer = desk.sign_up()
    token = answer.json["token"]
    line = answer.cookie(name_of(token))
    assert line is not None
    assert line.partition("=")[2] == (answer.cookie(SESSION) or "").partition("=")[2]
    assert desk.get("/get-session").cookies == ()
    assert desk.post("/update-user", {"name": "A"}).cookie(name_of(token)) is None


def test_people_switch(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    assert who(desk) == "grace"
    assert listed(desk) == {"ada", "grace"}
    answer = desk.post(ACTIVE, {"sessionToken": tokens["ada"]})
    assert answer.json["user"]["email"] == "ada@example.com"
    assert answer.json["session"]["token"] == tokens["ada"]
    assert who(desk) == "ada"
    desk.post(ACTIVE, {"sessionToken": tokens["grace"].lower()})
    assert who(desk) == "grace"


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
def test_the_session_cache_follows(make_auth: MakeAuth, strategy: Any) -> None:
    session = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    desk = Browser(make_auth(plugins=[MultiSession()], session=session))
    tokens = join(desk, "ada", "grace")
    desk.post(ACTIVE, {"sessionToken": tokens["ada"]})
    assert who(desk) == "ada"
    desk.post(REVOKE, {"sessionToken": tokens["ada"]})
    assert who(desk) == "grace"
    desk.post(REVOKE, {"sessionToken": tokens["grace"]})
    assert desk.jar == {}


def test_sessions_in_a_secondary_storage(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth(plugins=[MultiSession()], secondary_storage=MemoryStorage(clock))
    desk = Browser(auth)
    tokens = join(desk, "ada", "grace")
    assert listed(desk) == {"ada", "grace"}
    desk.post(REVOKE, {"sessionToken": tokens["grace"]})
    assert who(desk) == "ada"


def test_another_sign_in_of_the_same_user_ends_the_earlier_one(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    again = desk.sign_in("ada@example.com")
    assert devices(desk) == {name_of(tokens["grace"]), name_of(again.json["token"])}
    sessions = desk.get("/list-sessions").json
    assert [one["token"] for one in sessions] == [again.json["token"]]


def test_beyond_the_limit_nobody_is_remembered(desk: Browser) -> None:
    tokens = join(desk, "a", "b", "c", "d")
    assert who(desk) == "d"
    assert listed(desk) == {"a", "b", "c"}
    assert desk.post(ACTIVE, {"sessionToken": tokens["d"]}).code == "INVALID_SESSION_TOKEN"


def test_sessions_that_ended_make_room(desk: Browser, clock: Clock) -> None:
    join(desk, "a", "b", "c")
    clock.forward(7 * 86_400 + 1)
    join(desk, "d")
    assert listed(desk) == {"d"}
    assert len(devices(desk)) == 1


def test_revoking_another_one(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    assert desk.post(REVOKE, {"sessionToken": tokens["ada"]}).json == {"status": True}
    assert (who(desk), listed(desk)) == ("grace", {"grace"})
    assert devices(desk) == {name_of(tokens["grace"])}


def test_revoking_the_one_that_counts(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    desk.post(REVOKE, {"sessionToken": tokens["grace"]})
    assert who(desk) == "ada"
    desk.post(REVOKE, {"sessionToken": tokens["ada"]})
    assert who(desk) is None
    assert desk.jar == {}


def test_signing_out_ends_all(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    kept = dict(desk.jar)
    assert desk.post("/sign-out", {}).status == 200
    assert desk.jar == {}
    desk.jar = kept
    assert listed(desk) == set()
    assert desk.post(ACTIVE, {"sessionToken": tokens["ada"]}).code == "INVALID_SESSION_TOKEN"


def test_a_session_that_is_gone_is_forgotten(desk: Browser, clock: Clock) -> None:
    tokens = join(desk, "ada")
    clock.forward(7 * 86_400 + 1)
    answer = desk.post(ACTIVE, {"sessionToken": tokens["ada"]})
    assert (answer.status, answer.code) == (401, "INVALID_SESSION_TOKEN")
    assert devices(desk) == set()


def test_a_session_that_is_not_to_be_remembered_ends_with_the_browser(desk: Browser) -> None:
    first = desk.sign_up("grace@example.com").json["token"]
    desk.sign_up("ada@example.com")
    answer = desk.sign_in("ada@example.com", rememberMe=False)
    token = answer.json["token"]
    assert "Max-Age" not in (answer.cookie(name_of(token)) or "")
    assert desk.jar.get("better-auth.dont_remember") is not None
    back = desk.post(ACTIVE, {"sessionToken": first})
    assert "Max-Age=604800" in (back.cookie(SESSION) or "")
    assert "better-auth.dont_remember" not in desk.jar
    again = desk.post(ACTIVE, {"sessionToken": token})
    assert "Max-Age" not in (again.cookie(SESSION) or "")


def test_cookies_count_by_their_signature_and_name(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    stranger = Browser(desk.auth, desk.kind)
    other = join(stranger, "eve")["eve"]
    forged = stranger.jar[SESSION].replace(other, tokens["ada"])
    good = desk.jar[name_of(tokens["ada"])]
    for name, value in (
        (name_of(tokens["ada"]), forged),
        (name_of(tokens["ada"]), tokens["ada"]),
        (name_of(tokens["ada"]), ""),
        (name_of("x" * 32), good),
        (f"evil_multi-{tokens['ada'].lower()}", good),
    ):
        stranger.jar[name] = value
        assert listed(stranger) == {"eve"}, name
        for meant in (tokens["ada"], "x" * 32):
            answer = stranger.post(ACTIVE, {"sessionToken": meant})
            assert answer.code == "INVALID_SESSION_TOKEN"
            assert stranger.post(REVOKE, {"sessionToken": meant}).code == "INVALID_SESSION_TOKEN"
        del stranger.jar[name]
    assert listed(desk) == {"ada", "grace"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sessionToken": None},
        {"sessionToken": 1},
        {"sessionToken": []},
        {"sessionToken": "x" * 1_000_000},
        [],
        "x",
    ],
)
def test_bad_input(desk: Browser, body: object) -> None:
    join(desk, "ada")
    for path in (ACTIVE, REVOKE):
        assert desk.post(path, body).status == 400


def test_nobody_is_asked_for_without_cookies(desk: Browser) -> None:
    assert desk.get(LIST).json == []
    token = {"sessionToken": "x" * 32}
    assert desk.post(ACTIVE, token).code == "INVALID_SESSION_TOKEN"
    assert desk.post(REVOKE, token).code == "UNAUTHORIZED"


def test_other_sites_switch_nobody(desk: Browser) -> None:
    tokens = join(desk, "ada", "grace")
    for path in (ACTIVE, REVOKE):
        answer = desk.post(path, {"sessionToken": tokens["ada"]}, origin="https://evil.example")
        assert answer.code == "INVALID_ORIGIN"
    assert (who(desk), listed(desk)) == ("grace", {"ada", "grace"})


def test_a_thousand_cookies_are_no_thousand_questions(desk: Browser) -> None:
    join(desk, "ada")
    desk.jar.update({f"{DEVICE}{number}": "x" for number in range(900)})
    assert listed(desk) == {"ada"}


def test_who_signs_out_with_a_bearer_token_leaves_the_browser_alone(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[Bearer(), MultiSession()])
    desk, app = Browser(auth), Browser(auth)
    join(desk, "ada", "grace")
    token = app.sign_up("eve@example.com").json["token"]
    desk.post("/sign-out", {}, authorization=f"Bearer {token}")
    assert listed(desk) == {"ada", "grace"}


@pytest.mark.parametrize("most", [0, -1, 101, "3", None, True])
def test_limits_that_cannot_work(most: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"MultiSession\.maximum_sessions"):
        MultiSession(maximum_sessions=most)
