"""Bounds and spellings that the hashes of several systems share.

What a stored hash asks for is bounded, so that a row that somebody else wrote cannot exhaust the
memory or the processor of who verifies it. A key must have the length that its system gives it: one
that was cut is met by chance.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error

LONGEST_HASH = 2048
"""Characters of a stored hash."""
MEMORY = 256 * 1024 * 1024
"""Bytes that scrypt may take. OWASP's dearest parameters take half of it."""
_SCRYPT_WORK = 4 * 1024 * 1024
"""At most this product of N, r and p."""


def decoded(text: str) -> bytes | None:
    """Base64 with or without its filling, in the alphabets `+/`, `-_` and passlib's `./`."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/").replace(".", "+")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (Error, ValueError):
        return None


def scrypt_is_bounded(n: int, r: int, p: int) -> bool:
    """Whether these are parameters of scrypt (RFC 7914) within the bounds."""
    return (
        n > 1
        and n & (n - 1) == 0
        and r > 0
        and p > 0
        and 128 * n * r <= MEMORY // 2
        and n * r * p <= _SCRYPT_WORK
    )


def scrypt_key(password: bytes, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    """A key of scrypt. Call it with bounded parameters."""
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=MEMORY, dklen=length)


def same(left: bytes, right: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left, right)
