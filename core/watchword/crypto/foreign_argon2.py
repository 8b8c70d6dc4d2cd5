"""Argon2 (RFC 9106) that is not ours: `$argon2i$`, `$argon2d$`, Django's `argon2$...`.

`$argon2id$` as it stands is our own form; what another system made in it over a text that is not
in the Unicode form NFKC is met here, by the password as it was typed.
"""

from __future__ import annotations

import re

import argon2
from argon2.exceptions import Argon2Error
from argon2.low_level import Type, verify_secret

_FORM = re.compile(
    r"(?:argon2)?(?P<hash>\$argon2(?P<type>id|i|d)\$(?:v=[0-9]{2}\$)?"
    r"m=[1-9][0-9]{0,6},t=[1-9][0-9]{0,3},p=[1-9][0-9]{0,2}"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{22,})",
    re.ASCII,
)
_TYPES = {"id": Type.ID, "i": Type.I, "d": Type.D}
_MEMORY = 1024 * 1024
"""KiB."""
_WORK = 4 * _MEMORY
"""KiB times passes: some seconds."""
_LANES = 64


class ForeignArgon2:
    """See above."""

    def recognizes(self, stored: str) -> bool:
        found = _FORM.fullmatch(stored)
        return found is not None and argon2_is_bounded(found["hash"])

    def verify(self, stored: str, password: bytes) -> bool:
        found = _FORM.fullmatch(stored)
        if found is None:
            return False
        try:
            return verify_secret(found["hash"].encode("ascii"), password, _TYPES[found["type"]])
        except (Argon2Error, ValueError):
            return False


def argon2_is_bounded(stored: str, memory: int = 0, work: int = 0) -> bool:
    """Whether a hash asks for no more memory and time than anybody gives a password.

    `memory` (KiB) and `work` (KiB times passes) are what is allowed in any case.
    """
    try:
        cost = argon2.extract_parameters(stored)
    except (Argon2Error, ValueError):
        return False
    return (
        cost.memory_cost <= max(_MEMORY, memory)
        and cost.memory_cost * cost.time_cost <= max(_WORK, work)
        and cost.parallelism <= _LANES
    )
