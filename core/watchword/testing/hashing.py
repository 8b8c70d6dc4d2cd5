"""Password hashing that takes no time, and that no production gets."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from watchword.auth import Auth
from watchword.crypto.passwords import Argon2Cost, PasswordHasher

from .rehearsing import another, refuse_production

CHEAP = Argon2Cost(memory=8, passes=1)
"""The least that argon2id can cost: anybody undoes such hashes."""


@contextmanager
def cheap_passwords(auth: Auth[Any]) -> Generator[None, None, None]:
    """Let a built server hash passwords at next to no cost, until the end of the block.

    Hashes that were made before are verified all the same. Your own `hash_password` stays. Raises
    `ConfigurationError` in production and outside of tests.
    """
    refuse_production("testing.cheap_passwords", configured=auth.config.production)
    with another(auth.config, {"passwords": PasswordHasher(cost=CHEAP)}):
        yield
