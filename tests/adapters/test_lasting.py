"""Web sockets and streams of events: who opens one, for how long, and what comes along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.drivers import ASGIClient, Client, Pairs
from tests.adapters.lasting import EVERY, SOCKETS, STREAM, STREAMS
from tests.adapters.sockets import Heard, talk
from tests.support.browser import Clock
from watchword import Auth, CookieCache, SessionOptions, testing
from watchword.plugins import Bearer

SITE = "http://app.example.com"
HERE = ("Origin", SITE)
DAY = 86_400
NOBODY = (401, "UNAUTHORIZED")


@dataclass
class Place:
    """An application, and Al, who is signed in."""

    auth: Auth[Any]
    clock: Clock
    client: Client
    runner: asyncio.Runner
    between: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    """What happens before each event of the stream."""

    def __post_init__(self) -> None:
        self.user = testing.make_user(self.auth, email="al@example.com", name="Al")
        self.found = self.auth.blocking.users.create_session(self.user.id)
        cookies = [line.partition(";")[0] for line in self.found.cookies]
        self.cookie = ("Cookie", "; ".join(cookies))
        self.token = self.found.value.session.token

    def talk(self, path: str, *headers: tuple[str, str], say: Any = (), **how: Any) -> Heard:
        assert isinstance(self.client, ASGIClient)
        return talk(self.client, path, headers, say, **how)

    def events(self, *headers: tuple[str, str]) -> tuple[int, str, Pairs]:
        answer = self.client.send("GET", "/events", headers)
        text = answer.body.decode()
        if answer.status != 200:
            return answer.status, json.loads(text)["code"], answer.headers
        assert answer.all("content-type")[0].startswith(STREAM)
        return 200, text.replace("data: ", "").replace("\n\n", ","), answer.headers

    def revoke(self) -> None:
        """From somewhere else: another process, an administrator."""
        self.auth.blocking.users.revoke_sessions(self.user.id)

    def later(self) -> None:
        self.clock.forward(EVERY)

    def revoke_later(self) -> None:
        self.revoke()
        self.later()


def opened(name: str, folder: Path, **options: Any) -> Iterator[Place]:
    clock = Clock()
    auth = testing.auth(
        database=f"sqlite:///{folder}/app.db", base_url=SITE, clock=clock, **options
    )
    between: list[Callable[[], object]] = []
    client = STREAMS[name](auth, lambda: between)
    with asyncio.Runner() as runner:
        if isinstance(client, ASGIClient):
            client.run = runner.run
        yield Place(auth, clock, client, runner, between)
        runner.run(auth.close())
        auth.blocking.close()


@pytest.fixture(params=SOCKETS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from opened(request.param, tmp_path, plugins=[Bearer()])


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield from opened(request.param, tmp_path, plugins=[Bearer()])


@pytest.mark.parametrize("path", ["/chat", "/guarded"])
def test_a_page_of_the_site_talks_as_its_visitor(place: Place, path: str) -> None:
    heard = place.talk(path, HERE, place.cookie, say=["hello", "there"])
    assert heard.texts == ["al@example.com: hello", "al@example.com: there"]
    assert heard.closed in (None, (1000, ""))


@pytest.mark.parametrize("path", ["/chat", "/guarded"])
def test_nobody_is_refused_before_anything_is_accepted(place: Place, path: str) -> None:
    heard = place.talk(path, HERE)
    assert not heard.accepted
    # Litestar knows no answers in place of a web socket.
    assert (heard.denial or heard.closed) in (NOBODY, (1008, "UNAUTHORIZED"))
    assert place.talk(path, HERE, denials=False).closed == (1008, "UNAUTHORIZED")


def test_everybody_may_talk_where_nothing_is_asked_for(place: Place) -> None:
    assert place.talk("/open", HERE, place.cookie).texts == ["al@example.com"]
    assert place.talk("/open", HERE).texts == ["nobody"]
    assert place.talk("/open").texts == ["nobody"]


def test_a_program_shows_its_bearer_and_no_origin(place: Place) -> None:
    bearer = ("Authorization", f"Bearer {place.token}")
    assert place.talk("/chat", bearer, say=["hi"]).texts == ["al@example.com: hi"]
    assert not place.talk("/chat", ("Authorization", "Bearer x"), say=["hi"]).accepted


def test_a_bearer_decides_before_a_cookie(place: Place) -> None:
    eve = testing.make_user(place.auth, email="eve@example.com")
    token = place.auth.blocking.users.create_session(eve.id).value.session.token
    both = (HERE, place.cookie, ("Authorization", f"Bearer {token}"))
    assert place.talk("/chat", *both, say=["hi"]).texts == ["eve@example.com: hi"]


def test_renewed_cookies_go_out_with_the_acceptance(place: Place) -> None:
    place.clock.forward(2 * DAY)
    heard = place.talk("/chat", HERE, place.cookie, say=["hi"])
    assert heard.texts == ["al@example.com: hi"]
    assert any("session_token=" in line for line in heard.cookies)


def test_a_session_that_is_revoked_hears_nothing_more(place: Place) -> None:
    say = ["before", place.revoke_later, "after", "later"]
    heard = place.talk("/chat", HERE, place.cookie, say=say)
    assert heard.texts == ["al@example.com: before"]
    assert heard.closed == (1008, "")


def test_the_store_is_asked_no_more_often_than_said(place: Place) -> None:
    say = ["one", place.revoke, "two", place.later, "three"]
    heard = place.talk("/chat", HERE, place.cookie, say=say)
    assert heard.texts == ["al@example.com: one", "al@example.com: two"]


def test_a_session_ends_when_its_time_is_over(place: Place) -> None:
    say = ["one", lambda: place.clock.forward(8 * DAY), "two"]
    assert place.talk("/chat", HERE, place.cookie, say=say).texts == ["al@example.com: one"]


def test_a_cookie_that_says_more_than_the_store_opens_nothing(tmp_path: Path) -> None:
    """With a session cache pages believe a copy for some minutes; what lasts does not."""
    cached = SessionOptions(cookie_cache=CookieCache(enabled=True, max_age=3600))
    for place in opened("starlette", tmp_path, session=cached):
        place.revoke()
        heard = place.talk("/chat", HERE, place.cookie, say=["hi"])
        assert heard.denial == NOBODY


# streams


def nothing() -> None:
    """What happens before an event, if nothing does."""


def test_events_come_for_whoever_is_signed_in(stream: Place) -> None:
    stream.between += [nothing] * 3
    assert stream.events(stream.cookie)[:2] == (200, "0,1,2,")
    bearer = ("Authorization", f"Bearer {stream.token}")
    assert stream.events(bearer)[:2] == (200, "0,1,2,")
    assert stream.events()[:2] == NOBODY


def test_a_stream_ends_with_the_session(stream: Place) -> None:
    stream.between += [nothing, nothing, stream.revoke_later, nothing]
    assert stream.events(stream.cookie)[:2] == (200, "0,1,")


def test_cookies_are_renewed_before_a_stream_begins(stream: Place) -> None:
    stream.between += [nothing]
    stream.clock.forward(2 * DAY)
    status, text, headers = stream.events(stream.cookie)
    assert (status, text) == (200, "0,")
    names = [name.lower() for name, value in headers if "session_token=" in value]
    assert names == ["set-cookie"]
    assert [value.lower() for name, value in headers if name.lower() == "vary"] == [
        "cookie, authorization"
    ]


def test_a_page_of_another_site_reads_no_stream(stream: Place) -> None:
    """It may ask, as for every page; without CORS headers its browser shows it nothing."""
    stream.between += [nothing]
    _, _, headers = stream.events(stream.cookie, ("Origin", "https://evil.example"))
    assert not any(name.lower().startswith("access-control-") for name, _ in headers)
