"""Password hashing: argon2id by default, and the scrypt strings that Better Auth writes.

Whatever scheme a stored hash has, it is verified; `needs_upgrade` says whether it is weaker than,
or other than, what is preferred now (RFC 9106; spec: e-mail and password, password hashing).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Literal

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

_SCRYPT = re.compile(r"[0-9a-f]{32}:[0-9a-f]{128}", re.ASCII)
_N, _R, _P, _LENGTH = 16_384, 16, 1, 64
_MEMORY = 128 * _N * _R * 2


def password_length(password: str) -> int:
    """Length as browsers count it: UTF-16 code units."""
    return len(password.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Cost of argon2id: `memory` in KiB, passes, lanes."""

    memory: int = 65_536
    passes: int = 3
    lanes: int = 1


class Argon2id:
    """argon2id (RFC 9106) in PHC strings. One lane, so that a hash takes one core and no more."""

    def __init__(self, cost: Argon2Cost = Argon2Cost()) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes
        )

    def recognizes(self, stored: str) -> bool:
        return stored.startswith("$argon2id$")

    def hash(self, password: str) -> str:
        return self._hasher.hash(_normalized(password))

    def verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _normalized(password))
        except (Argon2Error, InvalidHashError):
            return False

    def is_weak(self, stored: str) -> bool:
        """Whether the stored parameters differ from the configured ones."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except (Argon2Error, InvalidHashError):
            return True


class Scrypt:
    """Better Auth's format: `salt:key` in hex, where the salt's hex *text* is the salt."""

    def recognizes(self, stored: str) -> bool:
        return _SCRYPT.fullmatch(stored) is not None

    def hash(self, password: str) -> str:
        salt = secrets.token_hex(16)
        return f"{salt}:{self._key(salt, password)}"

    def verify(self, stored: str, password: str) -> bool:
        salt, _, key = stored.partition(":")
        return hmac.compare_digest(self._key(salt, password), key)

    def is_weak(self, stored: str) -> bool:
        return False

    def _key(self, salt: str, password: str) -> str:
        return hashlib.scrypt(
            _normalized(password),
            salt=salt.encode("ascii"),
            n=_N,
            r=_R,
            p=_P,
            maxmem=_MEMORY,
            dklen=_LENGTH,
        ).hex()


class PasswordHasher:
    """Hashes with the preferred scheme, verifies all known ones. CPU-bound: run it off the loop."""

    def __init__(
        self, preferred: Literal["argon2id", "scrypt"] = "argon2id", cost: Argon2Cost | None = None
    ) -> None:
        argon, scrypt = Argon2id(cost or Argon2Cost()), Scrypt()
        self._schemes = (argon, scrypt)
        self._preferred = argon if preferred == "argon2id" else scrypt

    def hash(self, password: str) -> str:
        """The string to store. The password must not hold U+0000 (check before)."""
        return self._preferred.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password is the stored one; False for hashes of unknown form."""
        for scheme in self._schemes:
            if scheme.recognizes(stored):
                return scheme.verify(stored, password)
        return False

    def needs_upgrade(self, stored: str) -> bool:
        """Whether a verified hash should be replaced by a new one."""
        return not self._preferred.recognizes(stored) or self._preferred.is_weak(stored)


def _normalized(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
