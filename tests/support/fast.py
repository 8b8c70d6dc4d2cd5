"""The part of the tests that takes less than two minutes: `pytest -p tests.support.fast`.

Left out are the modules of tests/slow.txt, which were measured (`measured.py`), and what runs in
the asynchronous world where the same tests run in the blocking one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from .services import ROOT

LIST = ROOT / "tests" / "slow.txt"


@cache
def slow_modules() -> set[Path]:
    """Those of the list."""
    lines = LIST.read_text().splitlines()
    return {ROOT / line for line in lines if line and not line.startswith("#")}


def is_in_another_world(item: pytest.Item) -> bool:
    """Whether the blocking world has the same test."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and "async" in callspec.id.split("-")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if collection_path in slow_modules() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_in_another_world(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_in_another_world(item)]
