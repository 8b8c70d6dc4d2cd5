"""AES-256-CBC with HMAC-SHA-512 as authenticated encryption (RFC 7518, 5.2.5: A256CBC-HS512).

The primitives are those of `cryptography`. The tag is checked before anything is decrypted.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

KEY_LENGTH = 64

_BLOCK, _TAG = 16, 32
_padding = PKCS7(_BLOCK * 8)


class ContentKey:
    """A key, of which one half authenticates and the other one encrypts. Its repr shows neither."""

    __slots__ = ("_cipher", "_mac_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_LENGTH:
            raise ValueError(f"the key has {len(key)} bytes instead of {KEY_LENGTH}")
        self._mac_key = key[: KEY_LENGTH // 2]
        self._cipher = AES(key[KEY_LENGTH // 2 :])

    def encrypt(
        self, plain: bytes, beside: bytes, iv: bytes | None = None
    ) -> tuple[bytes, bytes, bytes]:
        """Initialisation vector, ciphertext and tag. `beside` is authenticated, not encrypted.

        A vector is drawn at random unless one is given, which only recorded examples do.
        """
        iv = secrets.token_bytes(_BLOCK) if iv is None else iv
        padder, encryptor = _padding.padder(), Cipher(self._cipher, CBC(iv)).encryptor()
        padded = padder.update(plain) + padder.finalize()
        text = encryptor.update(padded) + encryptor.finalize()
        return iv, text, self._tag(beside, iv, text)

    def decrypt(self, iv: bytes, text: bytes, tag: bytes, beside: bytes) -> bytes | None:
        """What was encrypted; None unless all of it is as this key made it."""
        if len(iv) != _BLOCK or not hmac.compare_digest(self._tag(beside, iv, text), tag):
            return None
        decryptor, unpadder = Cipher(self._cipher, CBC(iv)).decryptor(), _padding.unpadder()
        try:
            padded = decryptor.update(text) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:  # Only who has the key can make such a text with the right tag.
            return None

    def _tag(self, beside: bytes, iv: bytes, text: bytes) -> bytes:
        signed = b"".join((beside, iv, text, (len(beside) * 8).to_bytes(8, "big")))
        return hmac.digest(self._mac_key, signed, "sha512")[:_TAG]
