"""A server that is down is asked once in a while, by one caller, and the log tells it twice."""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from watchword.database.secondary import SecondaryUnavailable
from watchword.storage.connections.circuit_breaker import CircuitBreaker


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def breaker(ticks: Ticks) -> CircuitBreaker:
    return CircuitBreaker("the server", 10, ticks)


def refused(breaker: CircuitBreaker) -> bool:
    try:
        breaker.admit()
    except SecondaryUnavailable:
        return True
    return False


def test_everybody_is_admitted_until_something_fails(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        breaker.succeeded(breaker.admit())
    error = breaker.failed(breaker.admit(), "broken")
    assert isinstance(error, SecondaryUnavailable)
    assert str(error) == "the server is unavailable"
    assert refused(breaker)


def test_after_the_pause_one_tries_and_the_rest_go_on_failing(
    breaker: CircuitBreaker, ticks: Ticks
) -> None:
    breaker.failed(breaker.admit(), "broken")
    ticks.now = 9.9
    assert refused(breaker)
    ticks.now = 10
    ticket = breaker.admit()
    assert refused(breaker)
    breaker.succeeded(ticket)
    assert not refused(breaker)


def test_a_try_that_fails_begins_another_pause(breaker: CircuitBreaker, ticks: Ticks) -> None:
    breaker.failed(breaker.admit(), "broken")
    ticks.now = 10
    ticket = breaker.admit()
    ticks.now = 15
    breaker.failed(ticket, "broken")
    ticks.now = 24
    assert refused(breaker)
    ticks.now = 25
    assert not refused(breaker)


def test_a_try_that_never_reports_is_followed_by_another(
    breaker: CircuitBreaker, ticks: Ticks
) -> None:
    breaker.failed(breaker.admit(), "broken")
    ticks.now = 10
    breaker.admit()
    ticks.now = 20
    assert not refused(breaker)


def test_who_was_admitted_before_the_outage_neither_ends_nor_begins_one(
    breaker: CircuitBreaker, ticks: Ticks
) -> None:
    early, late = breaker.admit(), breaker.admit()
    breaker.failed(breaker.admit(), "broken")
    breaker.succeeded(early)
    assert refused(breaker), "an answer from before says nothing about now"
    ticks.now = 10
    breaker.succeeded(breaker.admit())
    breaker.failed(late, "broken")
    assert not refused(breaker), "nor does a failure from before"


def test_an_outage_under_fifty_threads_is_two_lines(
    breaker: CircuitBreaker, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    together = threading.Barrier(50)

    def fail(_: int) -> None:
        ticket = breaker.admit()
        together.wait()
        breaker.failed(ticket, "broken")

    def try_again(_: int) -> bool:
        together.wait()
        try:
            breaker.succeeded(breaker.admit())
        except SecondaryUnavailable:
            return False
        return True

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(50) as pool:
        list(pool.map(fail, range(50)))
        assert Counter(pool.map(try_again, range(50))) == {False: 50}
        ticks.now = 10
        assert True in set(pool.map(try_again, range(50)))
    assert [record.getMessage() for record in caplog.records] == [
        "the server is unavailable (broken)",
        "the server is available again",
    ]


def test_a_lock_that_was_held_at_a_fork_holds_up_no_child(breaker: CircuitBreaker) -> None:
    breaker.failed(breaker.admit(), "broken")
    with breaker._lock.here():
        child = os.fork()
        if child == 0:
            os._exit(0 if refused(breaker) else 1)
    assert os.waitpid(child, 0)[1] == 0
