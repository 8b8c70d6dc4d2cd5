"""PBKDF2 (RFC 8018) as Django, Werkzeug and passlib write it, with SHA-1, SHA-256 or SHA-512."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .foreign_forms import decoded, same
from .hash_cost import HashCost, pbkdf2_cost

_SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}
_NUMBER = r"(?P<rounds>[1-9][0-9]{0,7})"
_BASE64 = r"[A-Za-z0-9+/.]+=*"
_DJANGO = re.compile(
    rf"pbkdf2_(?P<name>sha1|sha256)\${_NUMBER}\$(?P<salt>[^$]+)\$(?P<key>{_BASE64})"
)
_WERKZEUG = re.compile(
    rf"pbkdf2:(?P<name>sha1|sha256|sha512):{_NUMBER}\$(?P<salt>[^$]+)\$(?P<key>(?:[0-9a-f]{{2}})+)"
)
_PASSLIB = re.compile(
    rf"\$pbkdf2(?:-(?P<name>sha1|sha256|sha512))?\${_NUMBER}\$(?P<salt>[^$]*)\$(?P<key>{_BASE64})"
)


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    name: str
    rounds: int
    salt: bytes
    key: bytes


class Pbkdf2:
    """See above."""

    def cost(self, stored: str) -> HashCost | None:
        parts = _parts(stored)
        return None if parts is None else pbkdf2_cost(parts.rounds, parts.name)

    def verify(self, stored: str, password: bytes) -> bool:
        parts = _parts(stored)
        if parts is None:
            return False
        made = hashlib.pbkdf2_hmac(
            parts.name, password, parts.salt, parts.rounds, dklen=len(parts.key)
        )
        return same(made, parts.key)


def _parts(stored: str) -> _Parts | None:
    name, key, salt = "sha1", None, None
    if found := _DJANGO.fullmatch(stored):
        name, key, salt = found["name"], decoded(found["key"]), found["salt"].encode()
    elif found := _WERKZEUG.fullmatch(stored):
        name, key, salt = found["name"], bytes.fromhex(found["key"]), found["salt"].encode()
    elif found := _PASSLIB.fullmatch(stored):
        name, key, salt = found["name"] or "sha1", decoded(found["key"]), decoded(found["salt"])
    if found is None or key is None or salt is None or len(key) != _SIZES[name]:
        return None
    return _Parts(name, int(found["rounds"]), salt, key)
