"""Rows of promises: taken once, replaced, swept now and then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Clock
from tests.support.databases import KeySpace
from watchword import Advanced, Auth, Call, Headers, Verification
from watchword.crypto.signing import reservation_uuid
from watchword.database.facade import Database
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage
from watchword.storage.redis import RedisStorage
from watchword.verifications.verifications import (
    create_verification,
    find_verification,
    newest_verification,
    place_verification,
    replace_verification,
    reserve_verification,
    take_verification,
)


def run(auth: Auth[Any], work: Callable[[Call], Awaitable[Any]]) -> Any:
    """The result of what is done in a call of its own."""
    call = Call(auth.config, auth.blocking.runtime, auth.config.sites.resolve(None, Headers()))
    return finish(cast("Any", work(call)))


def stored(auth: Auth[Any]) -> int:
    return finish(auth.blocking.runtime.engine.count("verification"))


def test_expired_rows_are_swept_at_most_once_a_minute(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth()

    async def promise(call: Call) -> None:
        await create_verification(call, "a", "1", call.after(10))

    async def look(call: Call) -> Verification | None:
        return await find_verification(call, "other")

    run(auth, look)
    run(auth, promise)
    for seconds, left in ((11, 1), (30, 1), (18, 1), (1, 0)):
        clock.forward(seconds)
        run(auth, look)
        assert stored(auth) == left, seconds
    run(auth, promise)
    clock.forward(59)
    run(auth, look)
    assert stored(auth) == 1


def test_an_expired_row_that_nobody_swept_serves_nobody(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth()
    run(auth, lambda call: find_verification(call, "a"))
    run(auth, lambda call: create_verification(call, "a", "1", call.after(10)))
    clock.forward(11)
    found = run(auth, lambda call: find_verification(call, "a"))
    assert found.expires_at < clock()
    assert run(auth, lambda call: take_verification(call, "a")) is None


def test_taking_a_row_spares_what_was_promised_meanwhile(
    make_auth: MakeAuth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = make_auth()
    run(auth, lambda call: create_verification(call, "a", "older", call.after(60)))
    clock.forward(1)

    plain = Database.take

    async def and_then(self: Database, record: Any, **filters: Any) -> Any:
        taken = await plain(self, record, **filters)
        clock.forward(1)
        run(auth, lambda late: create_verification(late, "a", "meanwhile", late.after(60)))
        return taken

    async def take(call: Call) -> Verification | None:
        await create_verification(call, "a", "taken", call.after(60))
        monkeypatch.setattr(Database, "take", and_then)
        try:
            return await take_verification(call, "a")
        finally:
            monkeypatch.undo()

    assert run(auth, take).value == "taken"
    assert stored(auth) == 1
    assert run(auth, lambda call: take_verification(call, "a")).value == "meanwhile"


@pytest.mark.parametrize("kept", ["database", "uuid", "serial", "secondary"])
def test_of_two_who_place_a_promise_one_does(make_auth: MakeAuth, clock: Clock, kept: str) -> None:
    options: dict[str, Any] = {
        "database": {},
        "uuid": {"advanced": Advanced(generate_id="uuid")},
        "serial": {"advanced": Advanced(generate_id="serial")},
        "secondary": {"secondary_storage": MemoryStorage(clock)},
    }[kept]
    auth = make_auth(**options)

    def place(value: str, stale: Verification | None) -> bool:
        return run(
            auth,
            lambda call: place_verification(call, "a", value, call.after(60), stale=stale),
        )

    assert place("first", None)
    assert not place("second", None)
    first = run(auth, lambda call: newest_verification(call, "a"))
    assert first.value == "first"
    assert place("second", first)
    assert not place("third", first)
    assert run(auth, lambda call: newest_verification(call, "a")).value == "second"


def test_a_replaced_promise_is_the_only_one(make_auth: MakeAuth, clock: Clock) -> None:
    auth = make_auth()
    for value in ("first", "second"):
        run(auth, lambda call, value=value: replace_verification(call, "a", value, call.after(60)))
    assert stored(auth) == 1
    assert run(auth, lambda call: newest_verification(call, "a")).value == "second"


def test_reservations_hold_where_ids_are_uuids(
    make_auth: MakeAuth, clock: Clock, postgres: str
) -> None:
    auth = make_auth(database=postgres, advanced=Advanced(generate_id="uuid"))
    ends = clock() + timedelta(minutes=1)
    won = [
        run(auth, lambda call: reserve_verification(call, "saml:1", "x", ends)) for _ in range(3)
    ]
    assert won == [True, False, False]
    row = run(auth, lambda call: newest_verification(call, "saml:1"))
    assert row.id == reservation_uuid("saml:1")


def test_a_reservation_holds_for_the_last_instant_of_what_is_reserved(
    make_auth: MakeAuth, clock: Clock, redis: KeySpace
) -> None:
    auth = make_auth(secondary_storage=RedisStorage(redis.url, prefix=redis.prefix))
    ends = clock() + timedelta(seconds=0.9)
    won = [
        run(auth, lambda call: reserve_verification(call, "saml:1", "x", ends)) for _ in range(3)
    ]
    assert won == [True, False, False]


def test_the_uuid_of_a_reservation_is_made_of_the_hash() -> None:
    """Its first sixteen bytes are 71 5a a8 cf 6c 04 5c a8 d2 4e 6b 37 58 0c 8a 89."""
    assert reservation_uuid("saml:1") == "715aa8cf-6c04-5ca8-924e-6b37580c8a89"
