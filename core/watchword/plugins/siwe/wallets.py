"""Addresses and signatures of Ethereum's wallets.

Keccak comes from pycryptodome, the curve from libsecp256k1 (coincurve): extra `siwe`.
"""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from watchword.errors import ConfigurationError

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Of two signatures that are equally good only the one with the smaller `s` is one (EIP-2)."""
_SIGNATURE = re.compile(r"0x[0-9A-Fa-f]{128}(?:[0-9A-Fa-f]{2})?", re.ASCII)
_PARITIES = {0: 0, 1: 1, 27: 0, 28: 1}


def require_keccak() -> None:
    """Refuse to start without it: raises `ConfigurationError`."""
    _require("Crypto", "pycryptodome")


def has_curve() -> bool:
    """Whether signatures of keys can be told from others here."""
    return find_spec("coincurve") is not None


def require_curve() -> None:
    """Refuse to start where nobody could verify signatures: raises `ConfigurationError`."""
    _require("coincurve", "coincurve")


def checksummed(address: str) -> str | None:
    """An address with its checksum (EIP-55); None for one that has a wrong one.

    In letters of one case there is none.
    """
    digits = address[2:]
    lower = digits.lower()
    marks = keccak(lower.encode()).hex()
    made = "".join(
        letter.upper() if int(mark, 16) >= 8 else letter
        for letter, mark in zip(lower, marks, strict=False)
    )
    return f"0x{made}" if digits in (made, lower, digits.upper()) else None


def is_signed_by(address: str, message: str, signature: str) -> bool:
    """Whether the wallet of an address signed a message with `personal_sign` (EIP-191, 0x45).

    Signatures are hex, of 65 bytes (r, s, v with v 27, 28, 0 or 1) or 64 (EIP-2098), with a low s.
    """
    if _SIGNATURE.fullmatch(signature) is None:
        return False
    raw = bytes.fromhex(signature[2:])
    r, s = raw[:32], int.from_bytes(raw[32:64])
    if len(raw) == 64:
        parity, s = s >> 255, s & (1 << 255) - 1
    else:
        parity = _PARITIES.get(raw[64])
    if parity is None or s > _HALF_ORDER:
        return False
    text = message.encode()
    digest = keccak(b"\x19Ethereum Signed Message:\n%d%b" % (len(text), text))
    recoverable = r + s.to_bytes(32) + bytes([parity])
    public_key: Any = import_module("coincurve").PublicKey
    try:
        found = public_key.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:  # a point that is none
        return False
    return keccak(found.format(compressed=False)[1:])[12:] == bytes.fromhex(address[2:])


def keccak(data: bytes) -> bytes:
    """Keccak-256 with the padding of Ethereum, which is not that of SHA-3."""
    hashes: Any = import_module("Crypto.Hash.keccak")
    return hashes.new(digest_bits=256, data=data).digest()


def _require(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise ConfigurationError(
            "SIWE", f"{package} is not installed", "pip install 'watchword[siwe]'"
        )
