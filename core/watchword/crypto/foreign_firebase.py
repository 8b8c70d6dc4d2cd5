"""Firebase's scrypt: the key of scrypt encrypts the project's signer key (AES-256-CTR).

Written as Supabase writes it, so that a hash carries all that it takes:
`$fbscrypt$v=1,n=<mem_cost>,r=<rounds>,p=1,ss=<salt separator>,sk=<signer key>$<salt>$<hash>`, all
in base64 (source: the README of firebase/scrypt).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .foreign_forms import are_of_scrypt, decoded, same, scrypt_key
from .hash_cost import HashCost, scrypt_cost

_BASE64 = r"[A-Za-z0-9+/_\-]+=*"
_FORM = re.compile(
    r"\$fbscrypt\$v=1,n=(?P<n>[1-9][0-9]?),r=(?P<r>[1-9][0-9]?),p=(?P<p>[1-9])"
    rf"(?:,ss=(?P<separator>{_BASE64})?)?,sk=(?P<signer>{_BASE64})"
    rf"\$(?P<salt>{_BASE64})\$(?P<hash>{_BASE64})",
    re.ASCII,
)
_SHORTEST = 16
"""Bytes of a signer key; Firebase's has 64."""


@dataclass(frozen=True, slots=True, repr=False)
class _Parts:
    n: int
    r: int
    p: int
    salt: bytes
    signer: bytes
    hash: bytes


class FirebaseScrypt:
    """See above."""

    def cost(self, stored: str) -> HashCost | None:
        it = _parts(stored)
        return None if it is None else scrypt_cost(it.n, it.r, it.p)

    def verify(self, stored: str, password: bytes) -> bool:
        it = _parts(stored)
        if it is None:
            return False
        key = scrypt_key(password, it.salt, it.n, it.r, it.p, 32)
        encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
        return same(encryptor.update(it.signer) + encryptor.finalize(), it.hash)


def firebase_hash(
    *, signer: str, separator: str, rounds: int, mem_cost: int, salt: str, key: str
) -> str:
    """The text to store for a user of an export and the parameters of its project."""
    return f"$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={separator},sk={signer}${salt}${key}"


def _parts(stored: str) -> _Parts | None:
    found = _FORM.fullmatch(stored)
    if found is None:
        return None
    separator, salt = decoded(found["separator"] or ""), decoded(found["salt"])
    signer, hashed = decoded(found["signer"]), decoded(found["hash"])
    if separator is None or salt is None or signer is None or hashed is None:
        return None
    n, r, p = 1 << int(found["n"]), int(found["r"]), int(found["p"])
    if not are_of_scrypt(n, r, p) or len(signer) < _SHORTEST or len(hashed) != len(signer):
        return None
    return _Parts(n, r, p, salt + separator, signer, hashed)
