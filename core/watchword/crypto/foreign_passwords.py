"""Password hashes that other systems made: verified as those systems did, and never made here.

A scheme is an object with `cost` and `verify`. `FOREIGN` lists them; a hash in one of these
forms is replaced by one of our own when its user signs in.
"""

from __future__ import annotations

import re
from typing import Protocol

from .foreign_argon2 import ForeignArgon2
from .foreign_bcrypt import Bcrypt
from .foreign_firebase import FirebaseScrypt
from .foreign_forms import LONGEST_HASH
from .foreign_keyed import KeyedPassword
from .foreign_pbkdf2 import Pbkdf2
from .foreign_scrypt import ForeignScrypt
from .hash_cost import HashCost

_KEY = 20
"""Characters, of a key that has more."""


class ForeignScheme(Protocol):
    """One family of hashes."""

    def cost(self, stored: str) -> HashCost | None:
        """What verifying a hash of the family takes; None for any other text."""
        ...

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether the password (UTF-8) is the one of a hash of the family.

        Not to be called for a cost beyond the bounds. Raises `MemoryError`, and nothing else.
        """
        ...


_PLAIN: tuple[ForeignScheme, ...] = (
    Bcrypt(),
    Pbkdf2(),
    ForeignScrypt(),
    FirebaseScrypt(),
    ForeignArgon2(),
)


def plain_scheme(stored: str) -> ForeignScheme | None:
    """The scheme of a hash that was made of the password itself."""
    if len(stored) > LONGEST_HASH:
        return None
    return next((scheme for scheme in _PLAIN if scheme.cost(stored) is not None), None)


FOREIGN: tuple[ForeignScheme, ...] = (*_PLAIN, KeyedPassword(plain_scheme))


def foreign_cost(stored: str) -> HashCost | None:
    """What verifying a hash takes; None if it is in no form that another system makes."""
    scheme = _scheme(stored)
    return None if scheme is None else scheme.cost(stored)


def verify_foreign(stored: str, password: str) -> bool:
    """Whether the password is the stored one; False for hashes of unknown form or beyond bounds.

    Passwords with U+0000 match nothing: bcrypt ends at it, and HMAC takes it for filling.
    """
    scheme = _scheme(stored)
    cost = None if scheme is None else scheme.cost(stored)
    if scheme is None or cost is None or not cost.is_bounded or "\0" in password:
        return False
    return scheme.verify(stored, password.encode("utf-8", "surrogatepass"))


def _scheme(stored: str) -> ForeignScheme | None:
    if len(stored) > LONGEST_HASH or not stored.isascii():
        return None
    return next((scheme for scheme in FOREIGN if scheme.cost(stored) is not None), None)


def like_it_but_nobodys(stored: str) -> str:
    """A hash that takes the same work to verify, and that no password is known for.

    The key stands last in all forms. Its last two characters stay: not all are good at the end.
    """
    return stored[:-_KEY] + re.sub("[A-Za-z0-9]", "0", stored[-_KEY:-2]) + stored[-2:]
