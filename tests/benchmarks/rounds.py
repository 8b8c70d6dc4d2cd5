"""Measuring by turns: what is compared runs one after the other, round by round.

What else the machine does meanwhile falls on all of them alike, and ratios stay what they are. The
rounds are short and many, so that few of them meet something at all. What waits for nobody is
measured in the processor's time, which leaves out what others were given.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = tuple[str, str, str]
"""What was measured, the figure, and the one that is wanted."""

Work: TypeAlias = Callable[[int], float]
"""Does a thing so many times and says how long one took, in microseconds."""

Clock: TypeAlias = Callable[[], float]

ROUNDS, CALLS = 61, 100


@dataclass(frozen=True)
class Measured:
    """The microseconds of each work in each round."""

    times: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """Microseconds of one call."""
        return statistics.median(self.times[name])

    def ratio(self, name: str, base: str) -> float:
        """The median of what one is over the other within a round."""
        pairs = zip(self.times[name], self.times[base], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def added(self, name: str, without: str, base: str) -> float:
        """The median of what one takes more than another, over a third."""
        rounds = zip(self.times[name], self.times[without], self.times[base], strict=True)
        return statistics.median((one - other) / third for one, other, third in rounds)

    def within(self, name: str, without: str, other: str) -> float:
        """The median of what one takes more than a second, over what a third takes more."""
        rounds = zip(self.times[name], self.times[without], self.times[other], strict=True)
        return statistics.median((one - less) / (third - less) for one, less, third in rounds)


def alternate(works: Mapping[str, Work], *, rounds: int = ROUNDS, calls: int = CALLS) -> Measured:
    """Run the works by turns. Each is warmed up before; every other round goes backwards."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work(max(calls, CALLS))
    for number in range(rounds):
        order = list(works) if number % 2 == 0 else list(works)[::-1]
        for name in order:
            times[name].append(works[name](calls))
    return Measured(times)


def called(call: Callable[[], object], clock: Clock = time.process_time) -> Work:
    """A function as work. It must answer something true."""

    def work(count: int) -> float:
        started = clock()
        for _ in range(count):
            assert call()
        return (clock() - started) / count * 1e6

    return work


def awaited(
    runner: asyncio.Runner,
    call: Callable[[], Awaitable[object]],
    clock: Clock = time.process_time,
) -> Work:
    """A coroutine function as work, in the loop of the runner. It must answer something true."""

    async def many(count: int) -> float:
        started = clock()
        for _ in range(count):
            assert await call()
        return (clock() - started) / count * 1e6

    return lambda count: runner.run(many(count))


def compared(
    measured: Measured, name: str, base: str, *, what: str, wanted: str = "", digits: int = 2
) -> Row:
    """A row that says a ratio, with the microseconds that it is made of."""
    ratio = f"{measured.ratio(name, base):.{digits}f}x"
    times = f"{measured.median(name):.1f} / {measured.median(base):.1f} us"
    return (what, f"{ratio} ({times})", wanted)
