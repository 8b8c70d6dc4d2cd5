"""Spellings that the hashes of several systems share.

A key must have the length that its system gives it: one that was cut is met by chance.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error

from .hash_cost import MOST_MEMORY

LONGEST_HASH = 2048
"""Characters of a stored hash."""


def decoded(text: str) -> bytes | None:
    """Base64 with or without its filling, in the alphabets `+/`, `-_` and passlib's `./`."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/").replace(".", "+")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (Error, ValueError):
        return None


def are_of_scrypt(n: int, r: int, p: int) -> bool:
    """Whether these can be parameters of scrypt (RFC 7914)."""
    return n > 1 and n & (n - 1) == 0 and r > 0 and p > 0


def scrypt_key(password: bytes, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    """A key of scrypt. Call it with bounded parameters. Raises `MemoryError`."""
    most = 2 * MOST_MEMORY
    try:
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=most, dklen=length)
    except ValueError:
        # The parameters are right, so OpenSSL could not get what it needs.
        raise MemoryError from None


def same(left: bytes, right: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left, right)
