# pyright: basic
"""The tests that every storage has to pass, for pytest.

A module with `from watchword.testing.storage_contract import *` and a fixture `storage` that gives
an empty database runs them all, on both kinds of engine. See docs/storage-contract.md.
"""

import pytest

_PARTS = ("conditions", "driving", "joins", "races", "rows", "single_use", "transactions", "values")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from .conditions import *  # noqa: E402
from .conditions import things  # noqa: E402
from .driving import crowd, engine, in_order, kind, open_engine, run, runner  # noqa: E402
from .joins import *  # noqa: E402
from .joins import people  # noqa: E402
from .races import *  # noqa: E402
from .rows import *  # noqa: E402
from .single_use import *  # noqa: E402
from .transactions import *  # noqa: E402
from .values import *  # noqa: E402

_TESTS = [name for name in globals() if name.startswith("test_")]
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    *_TESTS,
    "crowd",
    "engine",
    "in_order",
    "kind",
    "open_engine",
    "people",
    "run",
    "runner",
    "things",
]
