"""Argon2 (RFC 9106) by argon2-cffi: all that needs the package.

It is loaded with the first password: a process that only checks sessions does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import argon2
from argon2.exceptions import Argon2Error
from argon2.low_level import Type, error_to_str, verify_secret

from .hash_cost import BEYOND, HashCost, argon2_cost

if TYPE_CHECKING:
    from .passwords import Argon2Cost

_VERSION = 19
_LANES = 16
"""Each takes a thread."""
_NO_MEMORY = error_to_str(-22)
"""ARGON2_MEMORY_ALLOCATION_ERROR; the package has no exception for it."""


def argon2_hash(password: bytes, cost: Argon2Cost) -> str:
    """A PHC string of argon2id. Raises `MemoryError`."""
    try:
        return _hasher(cost).hash(password)
    except Argon2Error as error:
        _raise_without_memory(error)
        raise


def is_weaker(stored: str, cost: Argon2Cost) -> bool:
    """Whether a PHC string took less than argon2id at a cost does, or cannot be read."""
    try:
        found = argon2.extract_parameters(stored)
    except (Argon2Error, ValueError):
        return True
    wanted = _hasher(cost)
    return (
        found.type is not Type.ID
        or found.version < _VERSION
        or found.memory_cost < wanted.memory_cost
        or found.time_cost < wanted.time_cost
        or found.hash_len < wanted.hash_len
        or found.salt_len < wanted.salt_len
    )


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
        _raise_without_memory(error)
        return False


def _hasher(cost: Argon2Cost) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(
        time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes
    )


def _raise_without_memory(error: Exception) -> None:
    # The package says it in its own way.
    if str(error) == _NO_MEMORY:
        raise MemoryError from None
