"""Keys made from the server's secret for one purpose each (HKDF, RFC 5869, with SHA-256)."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .secrets_list import Secrets

_PURPOSE_SALT = b"better-auth:oauth-encryption:v1"


def derive_key(secret: str, salt: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes of key material."""
    return HKDF(SHA256(), length, salt, info).derive(secret.encode("utf-8"))


def purpose_secrets(secrets: Secrets, purpose: str) -> Secrets:
    """The secrets for one purpose, such as `oauth-state-cookie`: each is replaced by its own key.

    The key's lower-case hex text is the new secret (spec: cookies and sessions, state cookie).
    """

    def derived(secret: str) -> str:
        return derive_key(secret, _PURPOSE_SALT, f"better-auth:{purpose}:v1".encode(), 32).hex()

    return Secrets(
        derived(secrets.current),
        tuple(replace(one, value=derived(one.value)) for one in secrets.versions),
        None if secrets.legacy is None else derived(secrets.legacy),
    )
