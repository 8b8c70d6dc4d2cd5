"""What is logged of our own requests: no header of an answer, which may be a cookie or a token.

httpcore2 writes them all into its loggers, at DEBUG. What others send through it is as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = ("httpcore2.http11", "httpcore2.http2")

_ours: ContextVar[bool] = ContextVar("watchword_outgoing_ours", default=False)


@contextmanager
def quiet() -> Generator[None]:
    """While a request of ours is under way."""
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)


def _may_be_logged(record: logging.LogRecord) -> bool:
    return not (_ours.get() and "response_headers" in record.getMessage())


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_may_be_logged)
