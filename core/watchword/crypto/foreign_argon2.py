"""Argon2 (RFC 9106) that is not ours: `$argon2i$`, `$argon2d$`, Django's `argon2$...`.

`$argon2id$` as it stands is our own form; what another system made in it over a text that is not
in the Unicode form NFKC is met here, by the password as it was typed.
"""

from __future__ import annotations

import re

from argon2.low_level import Type

from .argon2_hashes import argon2_matches, cost_of_argon2
from .hash_cost import HashCost

_FORM = re.compile(
    r"(?:argon2)?(?P<hash>\$argon2(?P<type>id|i|d)\$(?:v=[0-9]{2}\$)?"
    r"m=[1-9][0-9]{0,6},t=[1-9][0-9]{0,3},p=[1-9][0-9]{0,2}"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{22,})",
    re.ASCII,
)
_TYPES = {"id": Type.ID, "i": Type.I, "d": Type.D}


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
