"""Attacks are made against the same servers as the core's tests."""

from __future__ import annotations

import logging
from logging.handlers import QueueHandler

import pytest

from tests.core.conftest import browser, clock, kind, make_auth

__all__ = ["browser", "clock", "kind", "make_auth"]


@pytest.fixture(autouse=True)
def no_log_wakes_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Litestar has a thread write the log. One that waits for the interpreter while a child is
    forked in C leaves that child waiting for it, for ever."""
    root = logging.getLogger()
    kept = [one for one in root.handlers if not isinstance(one, QueueHandler)]
    monkeypatch.setattr(root, "handlers", kept)
