"""bcrypt: as it stands (`$2a$`, `$2b$`, `$2y$`), and in Django's two forms.

All systems that are read here hash the first 72 bytes of a password and no more; Django's
`bcrypt_sha256` hashes the hexadecimal SHA-256 of it instead. Needs the extra `bcrypt`.
"""

from __future__ import annotations

import hashlib
import logging
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from .foreign_forms import same
from .hash_cost import HashCost, bcrypt_cost

_log = logging.getLogger("watchword")

_FORM = re.compile(
    r"(?P<django>bcrypt(?:_sha256)?\$)?(?P<hash>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53})",
    re.ASCII,
)
_LEAST = 4
"""Powers of two."""
_BYTES = 72
REMEDY = 'pip install "watchword[bcrypt]"'


class _Package(Protocol):
    def hashpw(self, password: bytes, salt: bytes) -> bytes: ...


class Bcrypt:
    """See above."""

    def cost(self, stored: str) -> HashCost | None:
        found = _FORM.fullmatch(stored)
        if found is None or int(found["cost"]) < _LEAST:
            return None
        return bcrypt_cost(int(found["cost"]))

    def verify(self, stored: str, password: bytes) -> bool:
        found = _FORM.fullmatch(stored)
        if found is None:
            return False
        if found["django"] == "bcrypt_sha256$":
            password = hashlib.sha256(password).hexdigest().encode("ascii")
        try:
            package = cast("_Package", import_module("bcrypt"))
        except ImportError:
            # The client cannot help it, and must not learn of it.
            _log.error("a bcrypt hash cannot be verified: %s", REMEDY)
            return False
        # The three names are of one algorithm; `2y` is known to PHP's and not to all others.
        wanted = found["hash"].replace("$2y$", "$2b$", 1).encode("ascii")
        try:
            return same(package.hashpw(password[:_BYTES], wanted), wanted)
        except ValueError:
            return False


def bcrypt_is_missing(stored: str) -> bool:
    """Whether this is a bcrypt hash and nothing is installed to verify it."""
    return _FORM.search(stored) is not None and find_spec("bcrypt") is None
