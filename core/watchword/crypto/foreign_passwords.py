"""Password hashes that other systems made: verified as those systems did, and never made here.

A scheme is an object with `recognizes` and `verify`. `FOREIGN` lists them; a hash in one of these
forms is replaced by one of our own when its user signs in.
"""

from __future__ import annotations

from typing import Protocol

from .foreign_argon2 import ForeignArgon2
from .foreign_bcrypt import Bcrypt
from .foreign_firebase import FirebaseScrypt
from .foreign_forms import LONGEST_HASH
from .foreign_keyed import KeyedPassword
from .foreign_pbkdf2 import Pbkdf2
from .foreign_scrypt import ForeignScrypt


class ForeignScheme(Protocol):
    """One family of hashes."""

    def recognizes(self, stored: str) -> bool:
        """Whether this is a hash of the family, with a cost that is within the bounds."""
        ...

    def verify(self, stored: str, password: bytes) -> bool:
        """Whether the password (UTF-8) is the stored one. Raises nothing."""
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
    return next((scheme for scheme in _PLAIN if scheme.recognizes(stored)), None)


FOREIGN: tuple[ForeignScheme, ...] = (*_PLAIN, KeyedPassword(plain_scheme))


def is_foreign(stored: str) -> bool:
    """Whether a hash is in a form that another system made and that is verified here."""
    return _scheme(stored) is not None


def verify_foreign(stored: str, password: str) -> bool:
    """Whether the password is the stored one; False for hashes of unknown form.

    Passwords with U+0000 match nothing: bcrypt ends at it, and HMAC takes it for filling.
    """
    scheme = _scheme(stored)
    if scheme is None or "\0" in password:
        return False
    return scheme.verify(stored, password.encode("utf-8", "surrogatepass"))


def _scheme(stored: str) -> ForeignScheme | None:
    if len(stored) > LONGEST_HASH or not stored.isascii():
        return None
    return next((scheme for scheme in FOREIGN if scheme.recognizes(stored)), None)
