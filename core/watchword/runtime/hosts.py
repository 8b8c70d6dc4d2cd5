"""Servers and libraries around this process that change what threads are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, TypeVar, cast

T = TypeVar("T")

_UWSGI_THREADS = ("enable-threads", "threads", "gevent")


def threads_stand_still() -> bool:
    """Whether threads only run while a request does: uWSGI, unless it is told otherwise."""
    uwsgi = sys.modules.get("uwsgi")
    options = getattr(uwsgi, "opt", None)
    if not isinstance(options, Mapping):
        return False
    names = {
        name.decode() if isinstance(name, bytes) else str(name)
        for name in cast("Mapping[object, object]", options)
    }
    return names.isdisjoint(_UWSGI_THREADS)


def off_the_greenlets(work: Callable[[], T]) -> T:
    """Run heavy work. Where gevent has made greenlets of threads, in one of its real threads, so
    that the other greenlets go on."""
    if not _threads_are_greenlets():
        return work()
    gevent = cast("Any", sys.modules["gevent"])
    # In a copy of the caller's context, so that its trace goes on.
    return cast("T", gevent.get_hub().threadpool.apply(copy_context().run, (work,)))


def _threads_are_greenlets() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))
