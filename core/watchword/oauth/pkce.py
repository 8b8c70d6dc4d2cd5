"""Proof key for code exchange (RFC 7636), by the only method that there is any more: S256."""

from __future__ import annotations

import hashlib
from string import ascii_lowercase, ascii_uppercase, digits

from watchword.crypto.signing import base64url

ALPHABET = f"{ascii_lowercase}{digits}{ascii_uppercase}-_"
"""Of verifiers, states and nonces."""
VERIFIER_LENGTH = 128
STATE_LENGTH = 32


def code_challenge(verifier: str) -> str:
    """What the authorization request shows of a verifier."""
    return base64url(hashlib.sha256(verifier.encode()).digest())
