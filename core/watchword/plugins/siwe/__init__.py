"""Sign-In with Ethereum: a wallet signs a message of a fixed form, and that is the proof.

The message names this server's domain and a nonce of this server, which is good once (EIP-4361;
spec: plugin siwe).
"""

from __future__ import annotations

from .message import SIWEMessage
from .plugin import SIWE, SIWEAPI
from .records import WalletAddress
from .wire import (
    ENSName,
    SignedInWallet,
    SIWENonce,
    SIWEVerified,
    VerifySIWE,
    WalletProof,
)

__all__ = [
    "SIWE",
    "SIWEAPI",
    "ENSName",
    "SIWEMessage",
    "SIWENonce",
    "SIWEVerified",
    "SignedInWallet",
    "VerifySIWE",
    "WalletAddress",
    "WalletProof",
]
