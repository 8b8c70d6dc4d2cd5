"""Finds out which modules `make test-fast` leaves out, and writes tests/slow.txt.

    python -m pytest -p tests.support.measured -q tests/core tests/plugins ...

in one process, without -n. What counts is the time of processors, that of programs which a test
starts included, so that a busy machine does not change the list by much.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from .fast import LIST
from .services import ROOT

MOST = 0.04
"""Seconds that a test of a module may take in the mean."""
_HEAD = f"""# Modules whose tests take more than {MOST} s of a processor each. Written by
# `python -m pytest -p tests.support.measured`; `make test-fast` leaves them out.
"""


@dataclass
class Taken:
    """By all tests of one module."""

    tests: int = 0
    seconds: float = 0.0


_MODULES: dict[str, Taken] = defaultdict(Taken)


def _spent() -> float:
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before = _spent()
    result = yield
    module = _MODULES[item.path.relative_to(ROOT).as_posix()]
    module.tests += 1
    module.seconds += _spent() - before
    return result


def pytest_sessionfinish() -> None:
    slow = sorted(name for name, it in _MODULES.items() if it.seconds / it.tests > MOST)
    LIST.write_text(_HEAD + "".join(f"{name}\n" for name in slow))
