"""QR codes, as SVG in the page: no other address ever learns what is in them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from importlib import import_module
from importlib.util import find_spec
from typing import Any

if find_spec("segno") is None:  # pragma: no cover
    raise ImportError('watchword.plugins.pages needs segno: pip install "watchword[pages]"')

_QUIET = 4
"""Modules of white around it (ISO/IEC 18004, 6.3.8)."""


def qr_svg(text: str, label: str) -> str:
    """A code as an element of HTML, dark on light in any theme; `label` says what it is.

    Raises `ValueError` for a text that is too long.
    """
    # Most processes never draw one, and it takes longer to load than all of the pages.
    make: Callable[..., Any] = import_module("segno").make
    rows = [bytes(row) for row in make(text, error="m", micro=False).matrix]
    size = len(rows) + 2 * _QUIET
    dark = "".join(
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, module in enumerate(row)
        if module
    )
    return (
        f'<svg class="qr" role="img" aria-label="{escape(label)}" viewBox="0 0 {size} {size}" '
        f'shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#fff"/>'
        f'<path fill="#000" d="{dark}"/></svg>'
    )
