"""What the kit changes about a built server: for a while, in tests, and nowhere else.

`Auth` never changes after construction. Tests of an application have to move the time of the very
server that the application built, and to read its mails; so here, and only here, an option is
another one for a while. Everything reads options when it needs them, so it holds at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from watchword.errors import ConfigurationError

_ENVIRONMENT = "WATCHWORD_ENV"


def require_tests(what: str) -> None:
    """Refuse to start outside of tests. Raises `ConfigurationError`, which names `what`.

    Tests are what pytest runs (8.2 and later say so in PYTEST_VERSION, to child processes as well),
    what `python -m unittest` runs, and any process with WATCHWORD_ENV=test.
    """
    told = "PYTEST_VERSION" in os.environ or os.environ.get(_ENVIRONMENT) == "test"
    if not (told or _under_unittest()):
        remedy = f"Run it by pytest or `python -m unittest`, or set {_ENVIRONMENT}=test"
        raise ConfigurationError("watchword.testing", f"{what} is for tests alone", remedy)


def refuse_production(what: str, *, configured: bool = False) -> None:
    """Refuse to start where the environment, or the server itself (`configured`), says production.

    Raises `ConfigurationError`, which names `what`.
    """
    named = [name for name in (_ENVIRONMENT, "NODE_ENV") if os.environ.get(name) == "production"]
    if named or configured:
        found = f"{named[0]}=production" if named else "Auth(production=True)"
        remedy = f"Leave {what} out, or run the tests without {found}"
        raise ConfigurationError("watchword.testing", f"{what} under {found}", remedy)
    require_tests(what)


@contextmanager
def another(target: object, values: Mapping[str, object]) -> Generator[None, None, None]:
    """Let fields of a frozen object have other values for a while."""
    before = {name: getattr(target, name) for name in values}
    _set(target, values)
    try:
        yield
    finally:
        _set(target, before)


def _set(target: object, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if isinstance(target, msgspec.Struct):
            msgspec.structs.force_setattr(target, name, value)
        else:
            object.__setattr__(target, name, value)


def _under_unittest() -> bool:
    spec: Any = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name == "unittest.__main__"
