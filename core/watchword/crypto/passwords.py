"""Password hashing: argon2id by default, and the scrypt strings that Better Auth writes.

Hashes that other systems made are verified too (`foreign_passwords`). Whatever scheme a stored
hash has, it is verified, unless it asks for more work than a sign-in may spend; `needs_upgrade`
says whether it is weaker than, or other than, what is preferred now (RFC 9106; spec: e-mail and
password, password hashing).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal, cast

from watchword.configuration.safe_ranges import Safe

from .hash_cost import HashCost, argon2_cost, scrypt_cost

_log = logging.getLogger("watchword")

_SCRYPT = r"[0-9a-f]{32}:[0-9a-f]{128}"
_N, _R, _P, _LENGTH = 16_384, 16, 1, 64
_SCRYPT_COST = scrypt_cost(_N, _R, _P)


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
    """KiB of memory that a hash takes."""
    passes: int = 3
    """Passes over that memory."""
    lanes: int = 1
    """Lanes that a hash may be computed in side by side."""


class Argon2id:
    """argon2id (RFC 9106) in PHC strings. One lane, so that a hash takes one core and no more."""

    def __init__(self, cost: Argon2Cost = Argon2Cost()) -> None:
        self.own_cost = argon2_cost(cost.memory, cost.passes)
        self._cost = cost

    def recognizes(self, stored: str) -> bool:
        return stored.startswith("$argon2id$")

    def cost(self, stored: str) -> HashCost | None:
        return cast("HashCost | None", _argon2().cost_of_argon2(stored))

    def hash(self, password: str) -> str:
        """The string to store. Raises `MemoryError`."""
        return cast("str", _argon2().argon2_hash(_normalized(password), self._cost))

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password is the stored one. Raises `MemoryError`."""
        return cast("bool", _argon2().argon2_matches(stored, _normalized(password)))

    def nobodys(self) -> str:
        """A hash that no password is known for; verifying it takes what all others take."""
        own, salt, key = self._cost, secrets.token_bytes(16), secrets.token_bytes(32)
        cost = f"m={own.memory},t={own.passes},p={own.lanes}"
        return f"$argon2id$v=19${cost}${_unpadded(salt)}${_unpadded(key)}"

    def is_weak(self, stored: str) -> bool:
        """Whether the stored hash cost less than the configured one, or cannot be read."""
        return cast("bool", _argon2().is_weaker(stored, self._cost))


class Scrypt:
    """Better Auth's format: `salt:key` in hex, where the salt's hex *text* is the salt."""

    own_cost = _SCRYPT_COST

    def __init__(self, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._token_bytes = token_bytes

    def recognizes(self, stored: str) -> bool:
        return re.fullmatch(_SCRYPT, stored) is not None

    def cost(self, stored: str) -> HashCost | None:
        return self.own_cost if self.recognizes(stored) else None

    def nobodys(self) -> str:
        """A hash that no password is known for; verifying it takes what all others take."""
        return f"{secrets.token_hex(16)}:{secrets.token_hex(_LENGTH)}"

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
            maxmem=2 * _SCRYPT_COST.memory,
            dklen=_LENGTH,
        ).hex()


class PasswordHasher:
    """Hashes with the preferred scheme, verifies all known ones. CPU-bound: run it off the loop.

    What takes memory that there is not raises `MemoryError`: nothing is known of the password then.
    """

    def __init__(
        self, preferred: Literal["argon2id", "scrypt"] = "argon2id", cost: Argon2Cost | None = None
    ) -> None:
        argon, scrypt = Argon2id(cost or Argon2Cost()), Scrypt()
        self._schemes = (argon, scrypt)
        self._preferred = argon if preferred == "argon2id" else scrypt
        self._dearest: tuple[float, str] = (0, "")
        """What was met of other systems: the seconds of the dearest hash, and one like it."""
        self.nobodys = self._preferred.nobodys()
        """What is verified where there is no user, so that the time tells nothing."""

    @property
    def memory(self) -> int:
        """Bytes that a hash of the preferred scheme takes."""
        return self._preferred.own_cost.memory

    def hash(self, password: str) -> str:
        """The string to store. scrypt raises `ValueError` for a password with U+0000."""
        return self._preferred.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password is the stored one; False for hashes of unknown form.

        A wrong password takes at least the same work whichever scheme the hash has.
        """
        is_right = False
        if self.knows(stored):
            is_right = self._matches(stored, password)
        else:
            what = "asks for too much work" if self.asks_too_much(stored) else "has an unknown form"
            _log.warning("a stored password hash %s: nobody can sign in with it", what)
        if not is_right:
            self._do_the_rest(stored, password)
        return is_right

    def knows(self, stored: str) -> bool:
        """Whether a hash is of a form that can be verified, and its cost within bounds."""
        cost = self._cost(stored)
        return cost is not None and self._allows(cost)

    def asks_too_much(self, stored: str) -> bool:
        """Whether a hash is of a known form, but costs more than a sign-in may spend."""
        cost = self._cost(stored)
        return cost is not None and not self._allows(cost)

    def needs_upgrade(self, stored: str) -> bool:
        """Whether a verified hash should be replaced by a new one."""
        return not self._preferred.recognizes(stored) or self._preferred.is_weak(stored)

    def _matches(self, stored: str, password: str) -> bool:
        scheme = self._own_scheme(stored)
        if scheme is not None:
            # argon2id may be of a system that hashed the password as it was typed.
            return scheme.verify(stored, password) or (
                not unicodedata.is_normalized("NFKC", password)
                and _foreign().verify_foreign(stored, password)
            )
        self._note(stored)
        return bool(_foreign().verify_foreign(stored, password))

    def _do_the_rest(self, stored: str, password: str) -> None:
        # Once other systems' hashes were met, a wrong password takes one of them and one of ours.
        if self.needs_upgrade(stored) or not self.knows(stored):
            self._preferred.verify(self.nobodys, password)
        seconds, like_it = self._dearest
        if like_it and self._foreign_seconds(stored) < seconds:
            _foreign().verify_foreign(like_it, password)

    def _note(self, stored: str) -> None:
        seconds = self._foreign_seconds(stored)
        if seconds > self._dearest[0]:
            self._dearest = (seconds, _foreign().like_it_but_nobodys(stored))

    def _foreign_seconds(self, stored: str) -> float:
        if self._own_scheme(stored) is not None:
            return 0
        cost = self._cost(stored)
        return cost.seconds if cost is not None and self._allows(cost) else 0

    def _own_scheme(self, stored: str) -> Argon2id | Scrypt | None:
        return next((one for one in self._schemes if one.recognizes(stored)), None)

    def _cost(self, stored: str) -> HashCost | None:
        scheme = self._own_scheme(stored)
        found = _foreign().foreign_cost(stored) if scheme is None else scheme.cost(stored)
        return cast("HashCost | None", found)

    def _allows(self, cost: HashCost) -> bool:
        # What is configured is allowed in any case.
        own = self._preferred.own_cost
        dear = cost.seconds <= own.seconds and cost.memory <= own.memory
        return cost.is_bounded or dear


def _unpadded(data: bytes) -> str:
    return b64encode(data).decode("ascii").rstrip("=")


def _normalized(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _argon2() -> Any:
    # Loaded with the first password: a process that only checks sessions does without.
    return import_module(".argon2_hashes", __package__)


def _foreign() -> Any:
    # Loaded when the first such hash is met: most databases hold none.
    return import_module(".foreign_passwords", __package__)
