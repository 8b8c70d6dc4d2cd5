"""Litestar as tests make it.

Left to itself an application sets up logging for the process: it takes away the root logger's
handlers, `caplog`'s among them, for one that writes to what is standard error at that moment.
"""

from __future__ import annotations

from functools import partial

from litestar import Litestar

LitestarApp = partial(Litestar, logging_config=None)
