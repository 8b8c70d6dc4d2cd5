"""scrypt (RFC 7914) as passlib (`$scrypt$`), Werkzeug and Django write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .foreign_forms import are_of_scrypt, decoded, same, scrypt_key
from .hash_cost import HashCost, scrypt_cost

_SIZES = (32, 64)
"""Bytes: passlib's key, and that of the others."""
_NUMBER = "[1-9][0-9]{0,8}"
_BASE64 = r"[A-Za-z0-9+/]+=*"
_PASSLIB = re.compile(
    rf"\$scrypt\$ln=(?P<ln>[1-9][0-9]?),r=(?P<r>{_NUMBER}),p=(?P<p>{_NUMBER})"
    rf"\$(?P<salt>[^$]*)\$(?P<key>{_BASE64})"
)
_WERKZEUG = re.compile(
    rf"scrypt:(?P<n>{_NUMBER}):(?P<r>{_NUMBER}):(?P<p>{_NUMBER})"
    r"\$(?P<salt>[^$]+)\$(?P<key>(?:[0-9a-f]{2})+)"
)
_DJANGO = re.compile(
    rf"scrypt\$(?P<n>{_NUMBER})\$(?P<salt>[^$]+)\$(?P<r>{_NUMBER})\$(?P<p>{_NUMBER})"
    rf"\$(?P<key>{_BASE64})"
)


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    n: int
    r: int
    p: int
    salt: bytes
    key: bytes


class ForeignScrypt:
    """See above."""

    def cost(self, stored: str) -> HashCost | None:
        it = _parts(stored)
        return None if it is None else scrypt_cost(it.n, it.r, it.p)

    def verify(self, stored: str, password: bytes) -> bool:
        it = _parts(stored)
        if it is None:
            return False
        return same(scrypt_key(password, it.salt, it.n, it.r, it.p, len(it.key)), it.key)


def _parts(stored: str) -> _Parts | None:
    if found := _PASSLIB.fullmatch(stored):
        n, salt, key = 1 << int(found["ln"]), decoded(found["salt"]), decoded(found["key"])
    elif found := _WERKZEUG.fullmatch(stored):
        n, salt, key = int(found["n"]), found["salt"].encode(), bytes.fromhex(found["key"])
    elif found := _DJANGO.fullmatch(stored):
        n, salt, key = int(found["n"]), found["salt"].encode(), decoded(found["key"])
    else:
        return None
    r, p = int(found["r"]), int(found["p"])
    if salt is None or key is None or len(key) not in _SIZES or not are_of_scrypt(n, r, p):
        return None
    return _Parts(n, r, p, salt, key)
