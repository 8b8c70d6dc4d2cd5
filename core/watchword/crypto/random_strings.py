"""Random text without bias: bytes that would favour a character are thrown away."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

ALPHANUMERIC = string.ascii_lowercase + string.ascii_uppercase + string.digits
"""Row ids, session tokens, reset tokens."""
URL_SAFE = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_"
"""One-time tokens, OAuth states."""
LETTERS = string.ascii_letters
"""Magic-link tokens."""
LOWER_ALPHANUMERIC = string.digits + string.ascii_lowercase
"""Deletion tokens."""
DIGITS = string.digits
"""One-time codes."""


def random_string(
    length: int, alphabet: str, token_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> str:
    """`length` characters of an alphabet of 1 to 256, each equally likely."""
    size = len(alphabet)
    if not 0 < size <= 256:
        raise ValueError(f"the alphabet has {size} characters; 1 to 256 can be chosen from")
    limit = 256 // size * size
    made: list[str] = []
    while len(made) < length:
        fresh = token_bytes(length - len(made) + 8)
        made.extend(alphabet[byte % size] for byte in fresh if byte < limit)
    return "".join(made[:length])
