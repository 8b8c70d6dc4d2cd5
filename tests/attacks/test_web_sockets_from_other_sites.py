"""Cross-site hijacking of web sockets: a page of any site may open one to ours, and the browser
sends the visitor's cookies along. No same-origin policy keeps it from reading what comes back, and
no preflight is asked for; only the server can tell by the Origin (RFC 6455, 10.2)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.lasting import SOCKETS
from tests.adapters.test_lasting import HERE, NOBODY, Place, opened
from watchword import Advanced
from watchword.plugins import Bearer

FRONT = "https://front.example"
PATHS = ("/chat", "/guarded")


@pytest.fixture(params=SOCKETS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def place(name: str, tmp_path: Path) -> Iterator[Place]:
    yield from opened(name, tmp_path, plugins=[Bearer()], trusted_origins=[FRONT])


STRANGERS = {
    "another site": ("https://evil.example", "INVALID_ORIGIN"),
    "another scheme": ("https://app.example.com", "INVALID_ORIGIN"),
    "another port": ("http://app.example.com:8080", "INVALID_ORIGIN"),
    "a sister": ("http://blog.example.com", "INVALID_ORIGIN"),
    "a prefix": ("http://app.example.com.evil.example", "INVALID_ORIGIN"),
    "a suffix": ("http://evil-app.example.com", "INVALID_ORIGIN"),
    "userinfo": ("http://app.example.com@evil.example", "INVALID_ORIGIN"),
    "a sandbox": ("null", "MISSING_OR_NULL_ORIGIN"),
    "a file": ("file://", "INVALID_ORIGIN"),
    "an extension": ("chrome-extension://abcdef", "INVALID_ORIGIN"),
    "nonsense": ("javascript:alert(1)", "INVALID_ORIGIN"),
    "a megabyte": ("https://" + "a" * 60_000, "INVALID_ORIGIN"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_page_of_another_origin_is_refused(place: Place, path: str, kind: str) -> None:
    origin, code = STRANGERS[kind]
    heard = place.talk(path, ("Origin", origin), place.cookie, say=["give me all"])
    assert not heard.accepted
    assert heard.texts == []
    assert (heard.denial or heard.closed) in ((403, code), (1008, code))


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_page_of_another_origin_is_nobody_where_all_may_talk(place: Place, kind: str) -> None:
    origin, _ = STRANGERS[kind]
    assert place.talk("/open", ("Origin", origin), place.cookie).texts == ["nobody"]


@pytest.mark.parametrize("path", PATHS)
def test_cookies_without_an_origin_are_no_browsers(place: Place, path: str) -> None:
    heard = place.talk(path, place.cookie, say=["hi"])
    assert not heard.accepted
    assert place.talk("/open", place.cookie).texts == ["nobody"]


def test_neither_is_one_of_two(place: Place) -> None:
    heard = place.talk("/chat", HERE, ("Origin", "https://evil.example"), place.cookie)
    assert not heard.accepted


@pytest.mark.parametrize("path", PATHS)
def test_an_origin_that_is_trusted_talks(place: Place, path: str) -> None:
    heard = place.talk(path, ("Origin", FRONT), place.cookie, say=["hi"])
    assert heard.texts == ["al@example.com: hi"]


def test_a_referer_is_taken_for_want_of_an_origin_as_with_endpoints(place: Place) -> None:
    evil = ("Referer", "https://evil.example/http://app.example.com")
    assert not place.talk("/chat", evil, place.cookie).accepted
    own = ("Referer", "http://app.example.com/page")
    assert place.talk("/chat", own, place.cookie, say=["hi"]).texts == ["al@example.com: hi"]


def test_what_fetch_metadata_claims_changes_nothing(place: Place) -> None:
    same = ("Sec-Fetch-Site", "same-origin")
    assert not place.talk("/chat", ("Origin", "https://evil.example"), same, place.cookie).accepted


def test_a_refused_page_renews_nothing_and_sets_nothing(place: Place) -> None:
    place.clock.forward(2 * 86_400)
    before = place.auth.blocking.users.sessions(place.user.id)
    heard = place.talk("/open", ("Origin", "https://evil.example"), place.cookie)
    assert heard.cookies == []
    assert place.auth.blocking.users.sessions(place.user.id) == before


def test_a_subprotocol_is_no_way_around_it(place: Place) -> None:
    """Pages choose subprotocols, and nothing else that a server reads."""
    chosen = ("Sec-WebSocket-Protocol", f"bearer, {place.token}")
    evil = ("Origin", "https://evil.example")
    assert not place.talk("/chat", evil, chosen, place.cookie).accepted
    heard = place.talk("/chat", evil, chosen)
    assert (heard.denial or heard.closed) in (NOBODY, (1008, "UNAUTHORIZED"))


def test_the_operators_switch_counts(name: str, tmp_path: Path) -> None:
    for place in opened(name, tmp_path, advanced=Advanced(disable_csrf_check=True)):
        evil = ("Origin", "https://evil.example")
        assert place.talk("/chat", evil, place.cookie, say=["hi"]).accepted


def test_whoever_develops_is_told_which_option_to_set(
    place: Place, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    origin = f"https://{name}.sockets.example"
    with caplog.at_level(logging.WARNING, "watchword.requests"):
        for _ in range(3):
            place.talk("/chat", ("Origin", origin), place.cookie)
    told = [one.getMessage() for one in caplog.records if origin in one.getMessage()]
    assert len(told) == 1
    assert f"trusted_origins=['{origin}']" in told[0]
