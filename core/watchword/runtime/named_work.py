"""What unfinished background work is called, for whoever reads what a shutdown left undone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

_unfinished: dict[int, tuple[int, str]] = {}
"""By a number of its own: the process whose work it is, and its name, which holds no secret."""


def name_work(name: str) -> Callable[[], None]:
    """Note that something with this name is to be done; what is returned says that it is."""
    place = object()
    number = id(place)
    _unfinished[number] = (os.getpid(), name)

    def done() -> None:
        nonlocal place
        _unfinished.pop(number, None)
        place = None

    return done


def names_of_the_unfinished() -> str:
    """`reset-password (2), magic-link`; empty where nothing has a name. A child has nothing to
    finish of its parent's."""
    process = os.getpid()
    names = Counter(name for made_in, name in list(_unfinished.values()) if made_in == process)
    told = (name if count == 1 else f"{name} ({count})" for name, count in sorted(names.items()))
    return ", ".join(told)
