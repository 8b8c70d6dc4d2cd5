"""Encrypted text in the database and in cookies: XChaCha20-Poly1305, with a change of secrets.

The form is lower-case hex of nonce (24 bytes), ciphertext and tag (16 bytes); the key is the
SHA-256 of the secret. With versioned secrets `$ba$<version>$` stands in front (spec: cookies and
sessions, secrets).
"""

from __future__ import annotations

import hashlib
import re
import secrets as system
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from .secrets_list import Secrets

_NONCE, _TAG = 24, 16
_ENVELOPE = re.compile(r"\$ba\$(?P<version>[0-9]{1,18})\$(?P<hex>.*)", re.ASCII | re.DOTALL)
_HEX = re.compile(r"([0-9a-f]{2})*", re.ASCII)
_CONSTANTS = b"expand 32-byte k"


class DecryptionFailed(ValueError):
    """The text was not encrypted with a secret that is known here, or was changed since."""


def encrypt(
    text: str, secrets: Secrets, token_bytes: Callable[[int], bytes] = system.token_bytes
) -> str:
    """The text encrypted with the current secret, in an envelope if secrets have versions."""
    sealed = _seal(text.encode("utf-8"), secrets.current, token_bytes(_NONCE)).hex()
    return f"$ba${secrets.versions[0].version}${sealed}" if secrets.versions else sealed


def decrypt(stored: str, secrets: Secrets) -> str:
    """The text behind `encrypt`, whichever known secret it was made with.

    Without an envelope that is the only secret, or the legacy one beside versioned secrets.
    Raises `DecryptionFailed`.
    """
    found = _ENVELOPE.fullmatch(stored) if secrets.versions else None
    sealed = stored if found is None else found["hex"]
    secret = _secret(secrets, None if found is None else int(found["version"]))
    if not _HEX.fullmatch(sealed) or len(sealed) < 2 * (_NONCE + _TAG):
        raise DecryptionFailed("the text has not the form of an encrypted one")
    try:
        return _open(bytes.fromhex(sealed), secret).decode("utf-8")
    except (InvalidTag, UnicodeDecodeError):
        raise DecryptionFailed("the text was encrypted with another secret, or changed") from None


def _secret(secrets: Secrets, version: int | None) -> str:
    if not secrets.versions:
        return secrets.current
    if version is None:
        if secrets.legacy is None:
            raise DecryptionFailed("the text names no version, and there is no legacy secret")
        return secrets.legacy
    for entry in secrets.versions:
        if entry.version == version:
            return entry.value
    raise DecryptionFailed(f"there is no secret with version {version}")


def _seal(data: bytes, secret: str, nonce: bytes) -> bytes:
    cipher, inner = _cipher(secret, nonce)
    return nonce + cipher.encrypt(inner, data, None)


def _open(sealed: bytes, secret: str) -> bytes:
    cipher, inner = _cipher(secret, sealed[:_NONCE])
    return cipher.decrypt(inner, sealed[_NONCE:], None)


def _cipher(secret: str, nonce: bytes) -> tuple[ChaCha20Poly1305, bytes]:
    key = hashlib.sha256(secret.encode("utf-8")).digest()
    return ChaCha20Poly1305(_subkey(key, nonce[:16])), bytes(4) + nonce[16:]


def _subkey(key: bytes, nonce: bytes) -> bytes:
    # HChaCha20 (draft-irtf-cfrg-xchacha, 2.2) is the ChaCha20 block without the final addition of
    # the initial state. The library gives the block; what it added is subtracted again.
    block = Cipher(ChaCha20(key, nonce), mode=None).encryptor().update(bytes(64))
    return _minus(block[:16], _CONSTANTS) + _minus(block[48:], nonce)


def _minus(words: bytes, initial: bytes) -> bytes:
    return b"".join(
        (
            (
                int.from_bytes(words[at : at + 4], "little")
                - int.from_bytes(initial[at : at + 4], "little")
            )
            & 0xFFFFFFFF
        ).to_bytes(4, "little")
        for at in range(0, 16, 4)
    )
