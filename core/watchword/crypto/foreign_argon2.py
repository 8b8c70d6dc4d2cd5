"""Argon2 (RFC 9106) that is not ours: `$argon2i$`, `$argon2d$`, Django's `argon2$...`.

`$argon2id$` as it stands is our own form; what another system made in it over a text that is not
in the Unicode form NFKC is met here, by the password as it was typed.
"""

from __future__ import annotations

import re

import argon2
from argon2.exceptions import Argon2Error
from argon2.low_level import Type, error_to_str, verify_secret

from .hash_cost import BEYOND, HashCost, argon2_cost

_FORM = re.compile(
    r"(?:argon2)?(?P<hash>\$argon2(?P<type>id|i|d)\$(?:v=[0-9]{2}\$)?"
    r"m=[1-9][0-9]{0,6},t=[1-9][0-9]{0,3},p=[1-9][0-9]{0,2}"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{22,})",
    re.ASCII,
)
_TYPES = {"id": Type.ID, "i": Type.I, "d": Type.D}
_LANES = 16
"""Each takes a thread."""
_NO_MEMORY = error_to_str(-22)
"""ARGON2_MEMORY_ALLOCATION_ERROR; the package has no exception for it."""


class ForeignArgon2:
    """See above."""

    def cost(self, stored: str) -> HashCost | None:
        found = _FORM.fullmatch(stored)
        return None if found is None else cost_of_argon2(found["hash"])

    def verify(self, stored: str, password: bytes) -> bool:
        found = _FORM.fullmatch(stored)
        if found is None:
            return False
        return argon2_matches(found["hash"], password, _TYPES[found["type"]])


def cost_of_argon2(stored: str) -> HashCost | None:
    """What a PHC string of argon2 asks for; None if it is none."""
    try:
        found = argon2.extract_parameters(stored)
    except (Argon2Error, ValueError):
        return None
    if found.parallelism > _LANES:
        return BEYOND
    return argon2_cost(found.memory_cost, found.time_cost)


def argon2_matches(stored: str, password: bytes, kind: Type = Type.ID) -> bool:
    """Whether a password is that of a PHC string. Raises `MemoryError`, and nothing else."""
    try:
        return verify_secret(stored.encode("utf-8", "surrogatepass"), password, kind)
    except (Argon2Error, ValueError) as error:
        raise_without_memory(error)
        return False


def raise_without_memory(error: Exception) -> None:
    """Raise `MemoryError` if that is what an error of argon2 says in its own way."""
    if str(error) == _NO_MEMORY:
        raise MemoryError from None
