"""What a sign-in costs: `python tests/benchmarks/sizing.py`, the table of docs/deploying/sizing.md.

Counted is the processor's time, of which a busy machine takes nothing away; what neighbours do to
caches and memory stays. A row is the median of several sign-ins in process, on SQLite.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "core"), str(ROOT)]

from tests.support.browser import ORIGIN, Browser  # noqa: E402
from watchword import Argon2Cost, Auth, EmailAndPassword  # noqa: E402

ROUNDS = 7
SECRET = "sizing-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa"
COSTS = {
    "OWASP's least": Argon2Cost(memory=19_456, passes=2),
    "OWASP, more memory": Argon2Cost(memory=47_104, passes=1),
    "default": Argon2Cost(),
    "double memory": Argon2Cost(memory=131_072, passes=3),
    "RFC 9106, memory to spare": Argon2Cost(memory=2_097_152, passes=1, lanes=4),
}
"""OWASP Password Storage Cheat Sheet; RFC 9106, 4, first choice."""


@dataclass(frozen=True)
class Measured:
    """Seconds of the processor, and MiB of memory while it lasts."""

    name: str
    cost: Argon2Cost
    seconds: float

    def row(self) -> str:
        mebibytes = self.cost.memory / 1024
        name = f"{self.name}: {mebibytes:g} MiB, {self.cost.passes}, {self.cost.lanes}"
        per_second = 1 / self.seconds
        return f"| {name} | {self.seconds * 1000:.0f} ms | {per_second:.1f} | {mebibytes:g} MiB |"


def processor_time(work: Callable[[], object], rounds: int) -> float:
    """The median of the processor's seconds, of all threads."""
    took: list[float] = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return median(took)


def sign_in(name: str, cost: Argon2Cost, rounds: int = ROUNDS) -> Measured:
    """A sign-in at a cost, once somebody has signed up."""
    with tempfile.TemporaryDirectory() as folder:
        auth = Auth(
            database=f"sqlite:///{folder}/app.db",
            secret=SECRET,
            base_url=ORIGIN,
            environ={},
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=cost),
        )
        auth.blocking.migrate()
        browser = Browser(auth)
        assert browser.sign_up().status == 200

        def once() -> None:
            assert browser.sign_in().status == 200

        seconds = processor_time(once, rounds)
        auth.blocking.close()
    return Measured(name, cost, seconds)


def session_check(rounds: int = 2000) -> float:
    """The processor's seconds of a session check, beside it."""
    with tempfile.TemporaryDirectory() as folder:
        auth = Auth(
            database=f"sqlite:///{folder}/app.db",
            secret=SECRET,
            base_url=ORIGIN,
            environ={},
            email_and_password=EmailAndPassword(enabled=True, argon2_cost=COSTS["OWASP's least"]),
        )
        auth.blocking.migrate()
        browser = Browser(auth)
        assert browser.sign_up().status == 200
        request = browser.request("GET", "/get-session")
        seconds = processor_time(lambda: auth.blocking.handle(request), rounds)
        auth.blocking.close()
    return seconds


if __name__ == "__main__":
    print("| cost: memory, passes, lanes | a sign-in | per second and core | memory of each |")
    print("|---|---|---|---|")
    for each, at in COSTS.items():
        print(sign_in(each, at).row(), flush=True)
    print(f"a session check: {session_check() * 1e6:.0f} us")
