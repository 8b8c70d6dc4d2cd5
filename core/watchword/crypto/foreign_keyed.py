"""Flask-Security hashes no passwords but their HMAC under the application's SECURITY_PASSWORD_SALT.

Written as `$flask-security$<key in base64>$<hash>`; without a key it says no more than that the
password was brought into the Unicode form NFKD before it was hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

from .foreign_forms import decoded
from .hash_cost import HashCost

_PREFIX = "$flask-security$"


class _Scheme(Protocol):
    def cost(self, stored: str) -> HashCost | None: ...

    def verify(self, stored: str, password: bytes) -> bool: ...


class KeyedPassword:
    """See above. `scheme_of` finds the scheme of the hash inside."""

    def __init__(self, scheme_of: Callable[[str], _Scheme | None]) -> None:
        self._scheme_of = scheme_of

    def cost(self, stored: str) -> HashCost | None:
        if not stored.startswith(_PREFIX):
            return None
        key, _, inner = stored.removeprefix(_PREFIX).partition("$")
        scheme = None if decoded(key) is None else self._scheme_of(inner)
        return None if scheme is None else scheme.cost(inner)

    def verify(self, stored: str, password: bytes) -> bool:
        text, _, inner = stored.removeprefix(_PREFIX).partition("$")
        key, scheme = decoded(text), self._scheme_of(inner)
        if key is None or scheme is None:
            return False
        password = unicodedata.normalize("NFKD", password.decode("utf-8", "replace")).encode()
        if key:
            password = b64encode(hmac.digest(key, password, hashlib.sha512))
        return scheme.verify(inner, password)


def keyed_hash(key: str, stored: str) -> str:
    """The text to store for a hash that Flask-Security made; without a key for single hashes."""
    return f"{_PREFIX}{b64encode(key.encode()).decode()}${stored}"
