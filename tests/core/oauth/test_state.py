"""A state belongs to one browser, one flow and one callback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Clock
from watchword import Auth, Call, Headers
from watchword.oauth.state import (
    Link,
    State,
    StateRefused,
    Strategy,
    encode_state,
    keep_state,
    new_state,
    read_state,
    take_state,
)
from watchword.runtime.blocking import finish

STRATEGIES: list[Strategy] = ["database", "cookie"]


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> Strategy:
    return request.param


@pytest.fixture
def auth(make_auth: MakeAuth) -> Auth:
    return make_auth()


def call_of(auth: Auth, cookie: str = "") -> Call:
    headers = Headers([("cookie", cookie)] if cookie else [])
    site = auth.config.sites.resolve(None, headers)
    return Call(auth.config, auth.blocking.runtime, site, headers=headers)


def begin(auth: Auth, strategy: Strategy) -> tuple[State, str]:
    """A kept state, and the cookie that the browser got."""
    call = call_of(auth)
    made = new_state(call, "github", callback_url="/app", nonce=True)
    state = replace(
        made,
        error_url="/err",
        link=Link(user_id="u", email="a@example.com", encrypted_session_token="s"),
        additional={"link": {"userId": "victim"}, "serverContext": {}, "foo": ["bar"]},
    )
    finish(keep_state(call, state, strategy))
    (line,) = call.cookies.lines()
    return replace(state, additional={"foo": ["bar"]}), line.partition(";")[0]


def test_it_comes_back_as_it_was_kept(auth: Auth, strategy: Strategy) -> None:
    state, cookie = begin(auth, strategy)
    call = call_of(auth, cookie)
    assert finish(take_state(call, state.value, strategy)) == state
    (line,) = call.cookies.lines()
    assert "Max-Age=0" in line


def test_it_comes_back_once(auth: Auth, strategy: Strategy) -> None:
    state, cookie = begin(auth, strategy)
    finish(take_state(call_of(auth, cookie), state.value, strategy))
    assert refusal(auth, cookie, state.value, strategy) == "state_mismatch"


def test_of_fifty_callbacks_one_goes_on(auth: Auth, strategy: Strategy) -> None:
    state, cookie = begin(auth, strategy)

    def attempt(_: int) -> str | None:
        return refusal(auth, cookie, state.value, strategy)

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(attempt, range(50)))
    assert outcomes.count(None) == 1


def test_another_browser_cannot_use_it_nor_end_it(auth: Auth, strategy: Strategy) -> None:
    state, cookie = begin(auth, strategy)
    _, stranger = begin(auth, strategy)
    for other in ("", stranger):
        assert refusal(auth, other, state.value, strategy) == "state_mismatch"
    assert refusal(auth, cookie, state.value, strategy) is None


def test_another_value_is_refused(auth: Auth, strategy: Strategy) -> None:
    state, cookie = begin(auth, strategy)
    for value in ("", state.value[:-1], state.value.swapcase(), "x" * 100_000):
        assert refusal(auth, cookie, value, strategy) == "state_mismatch"


def test_it_ends(auth: Auth, strategy: Strategy, clock: Clock) -> None:
    state, cookie = begin(auth, strategy)
    clock.forward(601)
    assert refusal(auth, cookie, state.value, strategy) == "state_mismatch"


def test_a_cookie_that_was_changed_is_invalid(auth: Auth) -> None:
    state, cookie = begin(auth, "cookie")
    forged = cookie[:-1] + ("0" if cookie[-1] != "0" else "1")
    assert refusal(auth, forged, state.value, "cookie") == "state_invalid"


def test_any_browser_may_finish_where_the_application_says_so(auth: Auth) -> None:
    state, _ = begin(auth, "database")
    taken = take_state(call_of(auth), state.value, "database", skip_cookie=True)
    assert finish(taken) == state


def test_a_state_that_is_too_long_is_not_kept(auth: Auth, strategy: Strategy) -> None:
    call = call_of(auth)
    made = new_state(call, "github", callback_url="/" + "a" * 40_000)
    with pytest.raises(ValueError, match="too long"):
        finish(keep_state(call, made, strategy))


@pytest.mark.parametrize("link", [[], "x", 1, True, {}, {"userId": "u"}, {"userId": 1}])
def test_a_link_that_cannot_be_read_is_no_sign_in(auth: Auth, link: object) -> None:
    state = new_state(call_of(auth), "github", callback_url="/app")
    text = encode_state(state)
    assert read_state(text) == state
    assert read_state(text[:-1] + f',"link":{encoded(link)}}}') is None


def encoded(value: object) -> str:
    return repr(value).replace("'", '"').replace("True", "true")


def refusal(auth: Auth, cookie: str, value: str, strategy: Strategy) -> str | None:
    try:
        finish(take_state(call_of(auth, cookie), value, strategy))
    except StateRefused as error:
        return error.code
    return None
