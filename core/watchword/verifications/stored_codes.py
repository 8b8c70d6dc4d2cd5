"""How codes and tokens are kept: as they are, hashed, encrypted, or as the application says.

Spec: plugin conventions 1, section 8; plugins email-otp, magic-link, one-time-token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Literal

from watchword.call import Call
from watchword.crypto.signing import equal, hash_identifier
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.errors import ConfigurationError

TextFunction = Callable[[str], str | Awaitable[str]]


@dataclass(frozen=True, slots=True)
class CodeCipher:
    """An application's own encryption of codes: two functions, sync or async."""

    encrypt: TextFunction
    """Gets a code; gives what is stored."""
    decrypt: TextFunction
    """Gets what is stored; gives the code."""


TokenStorage = Literal["plain", "hashed"] | TextFunction
"""As it is, as SHA-256 (base64url without padding), or by an own hash function."""
CodeStorage = Literal["plain", "hashed", "encrypted"] | TextFunction | CodeCipher
"""Also encrypted with the secret (XChaCha20-Poly1305), or by an own cipher."""


def check_storage(
    option: str, form: object, known: Collection[str] = ("plain", "hashed", "encrypted")
) -> None:
    """Raise `ConfigurationError` unless `form` is one of the `known` names, or own functions."""
    if callable(form) or form in known or (isinstance(form, CodeCipher) and "encrypted" in known):
        return
    names = ", ".join(map(repr, known))
    raise ConfigurationError(option, f"{form!r} is no known form", f"Give {names} or a function")


async def stored_code(call: Call, form: CodeStorage, code: str) -> str:
    """The form in which a code goes to the database."""
    if isinstance(form, CodeCipher):
        return str(await call.run_with_secret(form.encrypt, code))
    if callable(form):
        return str(await call.run_with_secret(form, code))
    if form == "hashed":
        return hash_identifier(code)
    if form == "encrypted":
        return encrypt(code, call.config.secrets, call.config.options.token_bytes)
    return code


async def readable_code(call: Call, form: CodeStorage, stored: str) -> str | None:
    """The code behind a stored form; None where only its hash is kept, or it cannot be read."""
    if isinstance(form, CodeCipher):
        return str(await call.run_with_secret(form.decrypt, stored))
    if form == "encrypted":
        try:
            return decrypt(stored, call.config.secrets)
        except DecryptionFailed:
            return None
    return stored if form == "plain" else None


async def code_matches(call: Call, form: CodeStorage, stored: str, given: str) -> bool:
    """Whether a code that somebody gave is the stored one, compared in constant time."""
    if form == "encrypted" or isinstance(form, CodeCipher):
        kept = await readable_code(call, form, stored)
        return kept is not None and equal(kept, given)
    return equal(stored, await stored_code(call, form, given))
