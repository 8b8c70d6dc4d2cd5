"""W9: password hashes take turns, so that no burst of sign-ins takes the cores and the memory.

One bound for all of a process, in both worlds; what waits is bounded in number and time; whoever is
refused hears 503 with the seconds to wait, and nothing of it counts as a wrong password.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import pytest
from argon2.exceptions import VerificationError

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser, Clock
from watchword import (
    Advanced,
    Auth,
    EmailAndPassword,
    FailedSignIns,
    Overloaded,
    RateLimit,
    WorkLimits,
)
from watchword.crypto import argon2_hashes
from watchword.runtime.capacity import Hashes
from watchword.runtime.hashing import hashing_within
from watchword.storage.memory import MemoryStorage

UNAVAILABLE = (503, "SERVICE_UNAVAILABLE")
OWNER = {"email": "ada@example.com", "password": "password1234"}


class Hasher:
    """A hasher that takes until it is released, and counts how many do so at the same time."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.entered = threading.Semaphore(0)
        self.calls = self.now = self.most = 0
        self._lock = threading.Lock()

    def verify(self, stored: str, password: str) -> bool:
        with self._lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
        self.entered.release()
        assert self.release.wait(60)
        with self._lock:
            self.now -= 1
        return password == "password1234"


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher()
    yield made
    made.release.set()


def slow(auth: Auth[Any], hasher: Hasher) -> Auth[Any]:
    Browser(auth).sign_up()
    auth.config.passwords.verify = hasher.verify  # type: ignore[method-assign]
    return auth


def limited(**limits: Any) -> Advanced:
    return Advanced(work=WorkLimits(**limits))


def refused(answer: Answer) -> bool:
    return (answer.status, answer.code) == UNAVAILABLE


def test_120_sign_ins_at_once_in_threads(
    make_auth: MakeAuth, hasher: Hasher, caplog: pytest.LogCaptureFixture
) -> None:
    auth = slow(make_auth(advanced=limited(hashes=2, hash_queue=5, hash_wait=31)), hasher)

    def sign_in(number: int) -> Answer:
        # Known and unknown addresses take the same turns.
        email = "ada@example.com" if number % 2 else f"nobody{number}@example.com"
        return Browser(auth).sign_in(email, password="wrong-horse")

    with ThreadPoolExecutor(120) as pool:
        futures = [pool.submit(sign_in, number) for number in range(120)]
        early: list[Answer] = []
        for future in as_completed(futures):
            early.append(future.result())
            if len(early) == 113:
                break
        assert all(map(refused, early))
        assert {one.header("retry-after") for one in early} == {"31"}
        assert {one.header("x-retry-after") for one in early} == {"31"}
        hasher.release.set()
        statuses = sorted(future.result().status for future in futures)
    assert statuses == [401] * 7 + [503] * 113
    assert (hasher.calls, hasher.most) == (7, 2)
    assert Browser(auth).sign_in().status == 200
    told = [one.levelno for one in caplog.records if one.name == "watchword.hashing"]
    assert told == [logging.ERROR, logging.WARNING]


async def test_120_sign_ins_at_once_on_a_loop(make_auth: MakeAuth, hasher: Hasher) -> None:
    auth = slow(make_auth(advanced=limited(hashes=2, hash_queue=5, hash_wait=32)), hasher)
    browser = Browser(auth)
    bodies = [{"email": f"{n}@example.com", "password": "wrong-horse"} for n in range(120)]
    requests = [browser.request("POST", "/sign-in/email", body) for body in bodies]
    tasks = [asyncio.create_task(auth.handle(request)) for request in requests]
    early = [await one for one in itertools.islice(asyncio.as_completed(tasks), 113)]
    assert {answer.status for answer in early} == {503}
    hasher.release.set()
    statuses = sorted(answer.status for answer in await asyncio.gather(*tasks))
    assert statuses == [401] * 7 + [503] * 113
    owner = await auth.handle(browser.request("POST", "/sign-in/email", OWNER))
    assert owner.status == 200
    await auth.close()
    assert (hasher.calls, hasher.most) == (8, 2)


def test_both_worlds_of_a_process_take_the_same_turns(make_auth: MakeAuth, hasher: Hasher) -> None:
    limits = limited(hashes=1, hash_queue=0, hash_wait=33)
    auth, other = slow(make_auth(advanced=limits), hasher), make_auth(advanced=limits)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(Browser(auth).sign_in)
        assert hasher.entered.acquire(timeout=60)
        assert refused(Browser(auth, "async").sign_in())
        assert refused(Browser(other).sign_up("bob@example.com"))
        hasher.release.set()
        assert first.result().status == 200
    assert Browser(auth, "async").sign_in().status == 200


def test_a_session_check_takes_no_turn(make_auth: MakeAuth, hasher: Hasher, kind: str) -> None:
    auth = slow(make_auth(advanced=limited(hashes=1, hash_queue=0, hash_wait=34)), hasher)
    browser = Browser(auth)
    browser.sign_up("bob@example.com")
    browser.kind = kind
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Browser(auth).sign_in)
        assert hasher.entered.acquire(timeout=60)
        assert browser.session()["user"]["email"] == "bob@example.com"
        hasher.release.set()


@pytest.mark.parametrize("place", ["memory", "database", "secondary-storage"])
def test_a_refused_sign_in_is_not_a_wrong_password(
    make_auth: MakeAuth, hasher: Hasher, clock: Clock, kind: str, place: Any
) -> None:
    stored = {"secondary_storage": MemoryStorage(clock)} if place == "secondary-storage" else {}
    auth = slow(
        make_auth(
            advanced=limited(hashes=1, hash_queue=0, hash_wait=35),
            email_and_password=EmailAndPassword(
                enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=3, pause=60)
            ),
            rate_limit=RateLimit(storage=place),
            **stored,
        ),
        hasher,
    )
    browser = Browser(auth, kind)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Browser(auth).sign_in, "bob@example.com")
        assert hasher.entered.acquire(timeout=60)
        for email in ("ada@example.com", "nobody@example.com"):
            assert all(refused(browser.sign_in(email, password="wrong-horse")) for _ in range(20))
        hasher.release.set()
    for email in ("ada@example.com", "nobody@example.com"):
        statuses = [browser.sign_in(email, password="wrong-horse").status for _ in range(5)]
        assert statuses == [401] * 3 + [429] * 2
        clock.forward(60)
        # The pause's own ticket can be given back as well.
        assert browser.sign_in(email, password="wrong-horse").status == 401
        assert browser.sign_in(email, password="wrong-horse").status == 429


def test_a_ticket_of_the_pause_is_given_back(
    make_auth: MakeAuth, hasher: Hasher, clock: Clock, kind: str
) -> None:
    bound = FailedSignIns(most=1, pause=60)
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, failed_sign_ins=bound)
    auth = slow(
        make_auth(
            advanced=limited(hashes=1, hash_queue=0, hash_wait=36), email_and_password=passwords
        ),
        hasher,
    )
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Browser(auth).sign_in, "bob@example.com")
        assert hasher.entered.acquire(timeout=60)
        assert refused(Browser(auth, kind).sign_in())
        hasher.release.set()
    assert Browser(auth, kind).sign_in().status == 200


def test_whose_turn_does_not_come_in_time_is_refused(
    make_auth: MakeAuth, hasher: Hasher, kind: str
) -> None:
    auth = slow(make_auth(advanced=limited(hashes=1, hash_queue=5, hash_wait=0.01)), hasher)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(Browser(auth).sign_in)
        assert hasher.entered.acquire(timeout=60)
        assert refused(Browser(auth, kind).sign_in())
        hasher.release.set()
        assert first.result().status == 200
    assert Browser(auth, kind).sign_in().status == 200


def test_own_hashing_takes_turns_as_well(make_auth: MakeAuth, hasher: Hasher, kind: str) -> None:
    passwords = EmailAndPassword(
        enabled=True, hash_password=lambda text: text[::-1], verify_password=hasher.verify
    )
    auth = make_auth(
        advanced=limited(hashes=1, hash_queue=0, hash_wait=37), email_and_password=passwords
    )
    Browser(auth).sign_up()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Browser(auth).sign_in)
        assert hasher.entered.acquire(timeout=60)
        assert refused(Browser(auth, kind).sign_in())
        assert refused(Browser(auth, kind).sign_up("bob@example.com"))
        hasher.release.set()
    assert Browser(auth, kind).sign_in().status == 200


def test_own_hashing_may_be_asynchronous(make_auth: MakeAuth, kind: str) -> None:
    async def hash_password(password: str) -> str:
        await asyncio.sleep(0)
        return password[::-1]

    async def verify_password(stored: str, password: str) -> bool:
        await asyncio.sleep(0)
        return stored == password[::-1]

    for given in (verify_password, lambda stored, password: verify_password(stored, password)):
        passwords = EmailAndPassword(
            enabled=True, hash_password=hash_password, verify_password=given
        )
        browser = Browser(make_auth(email_and_password=passwords), kind)
        browser.sign_up()
        assert browser.sign_in().status == 200
        assert browser.sign_in(password="wrong-horse").status == 401


def test_without_memory_for_a_hash_nothing_is_known_of_the_password(
    make_auth: MakeAuth,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bound = FailedSignIns(most=1, pause=60)
    passwords = EmailAndPassword(enabled=True, argon2_cost=FAST, failed_sign_ins=bound)
    browser = Browser(make_auth(email_and_password=passwords), kind)
    browser.sign_up()

    def none_left(*given: object) -> bool:
        raise VerificationError("Memory allocation error")

    with monkeypatch.context() as patched:
        patched.setattr(argon2_hashes, "verify_secret", none_left)
        for email in ("ada@example.com", "nobody@example.com"):
            assert refused(browser.sign_in(email))
    assert "no memory for a password hash" in caplog.text
    assert browser.sign_in().status == 200


def test_the_new_hash_of_a_right_password_can_wait(
    make_auth: MakeAuth, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    auth = make_auth()
    Browser(auth).sign_up()

    def none_left(password: str) -> str:
        raise MemoryError

    monkeypatch.setattr(auth.config.passwords, "hash", none_left)
    monkeypatch.setattr(auth.config.passwords, "needs_upgrade", lambda stored: True)
    assert Browser(auth, kind).sign_in().status == 200


def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    hashing = hashing_within(Hashes(parallel=1, queue=10, wait=38))
    release, order = threading.Event(), list[int]()
    jobs = [hashing.submit(lambda: release.wait(60))]
    for number in range(10):
        jobs.append(hashing.submit(lambda number=number: order.append(number)))  # type: ignore[misc]
    with pytest.raises(Overloaded):
        hashing.submit(lambda: None)
    release.set()
    for job in jobs:
        job.outcome.result(60)
    assert order == list(range(10))


def test_whoever_goes_away_frees_the_place_in_the_queue() -> None:
    hashing = hashing_within(Hashes(parallel=1, queue=1, wait=39))
    release = threading.Event()
    first = hashing.submit(lambda: release.wait(60))
    hashing.submit(lambda: None).give_up()
    last: Future[str] = hashing.submit(lambda: "last").outcome
    release.set()
    assert first.outcome.result(60)
    assert last.result(60) == "last"


def test_whose_turn_ends_after_going_away_is_no_error() -> None:
    hashing = hashing_within(Hashes(parallel=1, queue=1, wait=41))
    release = threading.Event()
    first = hashing.submit(lambda: release.wait(60))
    gone = hashing.submit(lambda: None)
    assert gone.outcome.cancel()
    gone.expire()
    last = hashing.submit(lambda: "last")
    release.set()
    assert first.outcome.result(60)
    assert last.outcome.result(60) == "last"


async def test_cancelled_sign_ins_leave_the_queue(make_auth: MakeAuth, hasher: Hasher) -> None:
    auth = slow(make_auth(advanced=limited(hashes=1, hash_queue=1, hash_wait=40)), hasher)
    browser = Browser(auth)

    def sign_in() -> asyncio.Task[Any]:
        request = browser.request("POST", "/sign-in/email", OWNER)
        return asyncio.create_task(auth.handle(request))

    first = sign_in()
    await asyncio.to_thread(hasher.entered.acquire)
    for _ in range(5):
        gone = sign_in()
        done, _ = await asyncio.wait([gone], timeout=0.05)
        assert not done
        gone.cancel()
        await asyncio.wait([gone])
    last = sign_in()
    hasher.release.set()
    assert [(await one).status for one in (first, last)] == [200, 200]
    await auth.close()
    assert hasher.calls == 2
