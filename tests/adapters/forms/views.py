"""What the views of all applications have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from watchword import Submitted
from watchword.results import SessionAndUser

OWN = {"cache-control": "private", "set-cookie": "own=1"}
"""Headers that a view gives itself."""
FORMS = ("/in", "/out", "/read", "/mine")


def name_of(found: SessionAndUser[Any] | None) -> str:
    """Whom a page names."""
    return found.user.email if found else "nobody"


def told(before: str, done: Submitted[Any], after: str) -> tuple[int, str]:
    """What a page says of a form."""
    return done.status, f"{before} {done.code or 'ok'} {after}"


def endpoint_of(path: str) -> str:
    """The endpoint behind a view."""
    return "sign_out" if path == "/out" else "sign_in_email"


def read(body: bytes) -> Mapping[str, list[str]]:
    """A form, as an application without a framework reads it."""
    return parse_qs(body.decode(), keep_blank_values=True)
