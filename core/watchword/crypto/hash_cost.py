"""What it takes to verify a stored hash, and how much of it a sign-in may spend.

A row may hold a hash that asks for gigabytes or for minutes: imported, or planted. Its cost is read
before anything is computed (spec: security, W9).
"""

from __future__ import annotations

import math

import msgspec

from watchword.discreet import Discreet

MOST_SECONDS = 2.0
MOST_MEMORY = 256 * 1024 * 1024
"""Bytes; twice what OWASP's dearest parameters of scrypt take."""


class HashCost(Discreet, msgspec.Struct, frozen=True):
    """Roughly, on one core of 2020: good enough to compare schemes with each other."""

    seconds: float
    memory: int = 0
    """Bytes."""

    @property
    def is_bounded(self) -> bool:
        """Whether a sign-in may spend as much."""
        return self.seconds <= MOST_SECONDS and self.memory <= MOST_MEMORY


BEYOND = HashCost(math.inf)


def argon2_cost(memory: int, passes: int) -> HashCost:
    """Of argon2 (RFC 9106); `memory` is in KiB."""
    return HashCost(memory * passes * 0.8e-6, memory * 1024)


def bcrypt_cost(power: int) -> HashCost:
    """Of bcrypt with 2 to the `power` rounds."""
    return HashCost(6e-5 * 2**power) if power < 32 else BEYOND


def pbkdf2_cost(rounds: int, digest: str) -> HashCost:
    """Of PBKDF2 (RFC 8018)."""
    return HashCost(rounds * (5.5e-7 if digest == "sha512" else 2.7e-7))


def scrypt_cost(n: int, r: int, p: int) -> HashCost:
    """Of scrypt (RFC 7914)."""
    return HashCost(n * r * p * 4e-7, 128 * r * (n + p))
