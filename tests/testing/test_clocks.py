"""Time is moved for servers that somebody else built, and goes on as before afterwards."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.testing.conftest import ADDRESS
from watchword import Auth, RateLimit, RateLimitRule, Request, SessionOptions, testing
from watchword.storage.memory import MemoryStorage


def test_it_stands_still_until_it_is_moved() -> None:
    clock = testing.Clock(datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock() == clock() == clock.now == datetime(2030, 1, 1, 10, tzinfo=UTC)
    clock.forward(90)
    clock.forward(timedelta(minutes=1))
    assert repr(clock) == "<Clock at 2030-01-01T10:02:30+00:00>"
    clock.move_to(datetime(2029, 1, 1, tzinfo=UTC))
    assert clock().year == 2029
    for naive in (testing.Clock, clock.move_to):
        with pytest.raises(ValueError, match="no zone"):
            naive(datetime(2030, 1, 1))


def test_it_begins_with_the_time_of_the_machine(auth: Auth[Any]) -> None:
    with testing.frozen(auth) as clock:
        assert abs(datetime.now(UTC) - clock()) < timedelta(seconds=60)


def test_a_server_has_its_own_time_again_afterwards(auth: Auth[Any]) -> None:
    before = auth.config.options.clock
    ada = testing.make_user(auth)
    with suppress(ZeroDivisionError), testing.frozen(auth) as clock:
        assert auth.config.options.clock is clock
        session = testing.session_cookies(auth, ada)
        clock.forward(8 * 86_400)
        assert auth.blocking.users.sessions(ada.id) == []
        raise ZeroDivisionError
    assert auth.config.options.clock is before
    assert len(auth.blocking.users.sessions(ada.id)) == len(session) == 1


def test_two_servers_and_a_storage_in_memory_have_one_time() -> None:
    storage = MemoryStorage()
    before = storage.clock
    one = testing.auth(secondary_storage=storage, session=SessionOptions(expires_in=3600))
    another = testing.auth()
    ada = testing.make_user(one)
    with testing.frozen(one, another) as clock:
        testing.session_cookies(one, ada)
        assert len(storage.live()) > 0
        clock.forward(3601)
        assert storage.live() == {}
        assert testing.make_user(another).created_at == clock.now
    assert storage.clock is before


def test_limits_go_by_it(auth: Auth[Any]) -> None:
    limits = RateLimit(enabled=True, custom_rules={"/ok": RateLimitRule(window=60, max=1)})
    limited = testing.auth(base_url=ADDRESS, rate_limit=limits)
    asked = Request(method="GET", path="/api/auth/ok", host="app.example.com", client="203.0.113.7")
    with testing.frozen(limited) as clock:
        statuses = [limited.blocking.handle(asked).status for _ in range(2)]
        clock.forward(60)
        assert [*statuses, limited.blocking.handle(asked).status] == [200, 429, 200]
