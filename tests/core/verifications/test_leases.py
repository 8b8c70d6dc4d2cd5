"""Leases: one holder at a time, of whom nobody waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Clock
from watchword import Advanced, Auth, Headers, Overloaded
from watchword.call import Call
from watchword.records import Verification
from watchword.runtime.blocking import BlockingRuntime, finish
from watchword.storage.memory import MemoryStorage
from watchword.verifications.leases import Leased, lease, persevere

KEPT: dict[str, Callable[[Clock], dict[str, Any]]] = {
    "database": lambda clock: {},
    "serial": lambda clock: {"advanced": Advanced(generate_id="serial")},
    "secondary": lambda clock: {"secondary_storage": MemoryStorage(clock)},
}


@pytest.fixture(params=KEPT)
def auth(request: pytest.FixtureRequest, make_auth: MakeAuth, clock: Clock) -> Auth[Any]:
    return make_auth(**KEPT[request.param](clock))


def call_of(auth: Auth[Any]) -> Call:
    return Call(auth.config, auth.blocking.runtime, auth.config.sites.resolve(None, Headers()))


def is_free(auth: Auth[Any], name: str = "work") -> bool:
    async def look() -> bool:
        try:
            async with lease(call_of(auth), name, 10):
                return True
        except Leased:
            return False

    return finish(look())


def test_one_holds_it_until_he_is_done(auth: Auth[Any]) -> None:
    async def work() -> None:
        async with lease(call_of(auth), "work", 10):
            assert not is_free(auth)
            assert is_free(auth, "other work")
        assert is_free(auth)

    finish(work())


def test_who_fails_lets_others_go_on(auth: Auth[Any]) -> None:
    async def work() -> None:
        async with lease(call_of(auth), "work", 10):
            raise LookupError

    with pytest.raises(LookupError):
        finish(work())
    assert is_free(auth)


def test_who_died_is_not_waited_for(auth: Auth[Any], clock: Clock) -> None:
    async def work() -> None:
        async with lease(call_of(auth), "work", 10):
            clock.forward(9)
            assert not is_free(auth)
            clock.forward(2)
            assert is_free(auth)

    finish(work())


def test_who_comes_back_from_the_dead_stores_nothing(auth: Auth[Any], clock: Clock) -> None:
    async def work() -> None:
        call = call_of(auth)
        async with lease(call, "work", 10) as mine:
            clock.forward(11)
            async with lease(call_of(auth), "work", 10), call.db.transaction():
                await mine.settle()
            raise AssertionError("the lease was somebody else's")

    with pytest.raises(Leased):
        finish(work())
    assert is_free(auth)


def test_what_is_settled_and_undone_can_be_done_again(auth: Auth[Any]) -> None:
    async def work() -> None:
        call = call_of(auth)
        async with lease(call, "work", 10) as mine, call.db.transaction():
            await mine.settle()
            raise LookupError

    with pytest.raises(LookupError):
        finish(work())
    assert is_free(auth)


def test_a_lease_leaves_nothing_behind(make_auth: MakeAuth) -> None:
    auth = make_auth()
    assert is_free(auth)
    call = call_of(auth)
    assert finish(call.db.count(Verification)) == 0


def test_patience_ends(auth: Auth[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(self: BlockingRuntime, seconds: float) -> None:
        pauses.append(seconds)

    async def busy() -> None:
        raise Leased

    monkeypatch.setattr(BlockingRuntime, "pause", pause)
    with pytest.raises(Overloaded):
        finish(persevere(call_of(auth), busy, 5))
    assert 5 <= sum(pauses) < 6
    assert max(pauses) <= 0.25
