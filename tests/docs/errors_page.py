"""Writes docs/errors.md from the declared codes: `python tests/docs/errors_page.py`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import watchword
from watchword.errors import ErrorCode, ErrorCodes

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"

INTRODUCTION = """# Errors

Every error that a client can see is JSON: `{"message": ..., "code": ...}` with the status. Codes
are the protocol's; messages are plain English for people and may change. In Python the same error
is an `APIError` with `status`, `code` and `message`.

This page is made from the code; a test keeps it so. A code of - means that there is only a message
on the wire.
"""


def groups() -> Iterator[type[ErrorCodes]]:
    """All groups of codes, by the name of their module."""
    for package in ("features", "plugins"):
        home = importlib.import_module(f"watchword.{package}")
        for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
            importlib.import_module(module.name)
    found = [group for group in _below(ErrorCodes) if _is_ours(group)]
    return iter(sorted(found, key=lambda group: (group.__module__, group.__name__)))


def _below(group: type[ErrorCodes]) -> Iterator[type[ErrorCodes]]:
    for one in group.__subclasses__():
        yield one
        yield from _below(one)


def codes(group: type[ErrorCodes]) -> list[tuple[str, ErrorCode]]:
    """The codes of one group."""
    return list(group.declared())


def page() -> str:
    """The text of the page."""
    parts = [INTRODUCTION]
    for group in groups():
        title = (group.__doc__ or group.__name__).strip().splitlines()[0].rstrip(".")
        parts.append(f"\n## {title}\n\n| status | code | message |\n|---|---|---|\n")
        for _, code in codes(group):
            name = f"`{code.code}`" if code.code else "-"
            parts.append(f"| {code.status} | {name} | {code.message} |\n")
    return "".join(parts)


def _is_ours(group: type[ErrorCodes]) -> bool:
    return group.__module__.startswith(f"{watchword.__name__}.")


if __name__ == "__main__":
    PAGE.write_text(page())
