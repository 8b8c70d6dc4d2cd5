"""Password hashing: argon2id by default, and the scrypt strings that Better Auth writes.

Hashes that other systems made are verified too (`foreign_passwords`). Whatever scheme a stored
hash has, it is verified; `needs_upgrade` says whether it is weaker than, or other than, what is
preferred now (RFC 9106; spec: e-mail and password, password hashing).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal

import argon2
from argon2.exceptions import Argon2Error

from watchword.safe_ranges import Safe

from .foreign_argon2 import argon2_is_bounded

_SCRYPT = re.compile(r"[0-9a-f]{32}:[0-9a-f]{128}", re.ASCII)
_ARGON_VERSION = 19
_N, _R, _P, _LENGTH = 16_384, 16, 1, 64
_MEMORY = 128 * _N * _R * 2


def password_length(password: str) -> int:
    """Length as browsers count it: UTF-16 code units."""
    return len(password.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Cost of argon2id: `memory` in KiB, passes, lanes."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "memory": Safe("stolen hashes are cheap to guess at (OWASP: 19 MiB)", least=19_456),
        "passes": Safe("stolen hashes are cheap to guess at (OWASP: 2 passes)", least=2),
    }

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
        own = self._hasher
        if not argon2_is_bounded(stored, own.memory_cost, own.memory_cost * own.time_cost):
            return False
        try:
            return self._hasher.verify(stored, _normalized(password))
        except (Argon2Error, ValueError):
            return False

    def is_weak(self, stored: str) -> bool:
        """Whether the stored hash cost less than the configured one, or cannot be read."""
        try:
            found = argon2.extract_parameters(stored)
        except (Argon2Error, ValueError):
            return True
        return (
            found.type is not argon2.Type.ID
            or found.version < _ARGON_VERSION
            or found.memory_cost < self._hasher.memory_cost
            or found.time_cost < self._hasher.time_cost
            or found.hash_len < self._hasher.hash_len
            or found.salt_len < self._hasher.salt_len
        )


class Scrypt:
    """Better Auth's format: `salt:key` in hex, where the salt's hex *text* is the salt."""

    def __init__(self, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._token_bytes = token_bytes

    def recognizes(self, stored: str) -> bool:
        return _SCRYPT.fullmatch(stored) is not None

    def hash(self, password: str) -> str:
        """The string to store. `ValueError` for a password with U+0000."""
        if "\0" in password:
            raise ValueError("the password holds the character U+0000; refuse it before hashing")
        salt = self._token_bytes(16).hex()
        return f"{salt}:{self._key(salt, password)}"

    def verify(self, stored: str, password: str) -> bool:
        if not self.recognizes(stored):
            return False
        salt, _, key = stored.partition(":")
        same = hmac.compare_digest(self._key(salt, password), key)
        # HMAC, inside scrypt, fills short keys with zeros: "pw" and "pw\0" have one key.
        return same and not password.endswith("\0")

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
        """The string to store. scrypt raises `ValueError` for a password with U+0000."""
        return self._preferred.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password is the stored one; False for hashes of unknown form."""
        for scheme in self._schemes:
            if scheme.recognizes(stored):
                # argon2id may be of a system that hashed the password as it was typed.
                return scheme.verify(stored, password) or (
                    not unicodedata.is_normalized("NFKC", password)
                    and _foreign().verify_foreign(stored, password)
                )
        return _foreign().verify_foreign(stored, password)

    def knows(self, stored: str) -> bool:
        """Whether a hash is of a form that can be verified."""
        recognized = any(scheme.recognizes(stored) for scheme in self._schemes)
        return recognized or bool(_foreign().is_foreign(stored))

    def needs_upgrade(self, stored: str) -> bool:
        """Whether a verified hash should be replaced by a new one."""
        return not self._preferred.recognizes(stored) or self._preferred.is_weak(stored)


def _normalized(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _foreign() -> Any:
    # Loaded when the first such hash is met: most databases hold none.
    return import_module(".foreign_passwords", __package__)
