"""What goes over the wire, and what the application's functions get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec

from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Email

from .message import LONGEST_MESSAGE, SIWEMessage


class SIWECodes(ErrorCodes):
    """Errors of signing in with a wallet. Bodies repeat the status, as clients know it."""

    SIWE_INVALID_NONCE = ErrorCode(
        500, "SIWE_INVALID_NONCE", "A nonce has 8 to 250 letters and digits"
    )
    UNAUTHORIZED_SIWE_MESSAGE_MISMATCH = ErrorCode(
        401,
        "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH",
        "This is no message to sign in with here",
    )
    UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE = ErrorCode(
        401,
        "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE",
        "The nonce has expired, or was used; begin again",
        guess=True,
    )
    UNAUTHORIZED_SIWE_MESSAGE_EXPIRED = ErrorCode(
        401, "UNAUTHORIZED_SIWE_MESSAGE_EXPIRED", "The message has expired"
    )
    UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID = ErrorCode(
        401, "UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID", "The message is not valid yet"
    )
    INVALID_SIGNATURE = ErrorCode(401, None, "The wallet did not sign this message", guess=True)
    NOT_SIGNED_IN = ErrorCode(401, None, "Signing in with this wallet did not work; try again")
    FAILED_TO_CREATE_SESSION = ErrorCode(
        500, "FAILED_TO_CREATE_SESSION", "Signing in did not work; try again"
    )


class NoInput(Discreet, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing at all."""


class SIWENonce(Discreet, msgspec.Struct, frozen=True):
    """What the message has to name. Good once, for 15 minutes."""

    nonce: str


class VerifySIWE(Discreet, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message to the letter, and the wallet's signature of it. `email` is for new users."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("message", "signature"))

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_MESSAGE)]
    signature: Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]
    """Hex; those of contract wallets are long."""
    email: Email | msgspec.UnsetType = msgspec.UNSET


class VerifySIWEWithEmail(VerifySIWE, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same where users have to say an address."""

    email: Email = msgspec.field()


class SignedInWallet(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """Whose session it is, and by which wallet."""

    id: str
    wallet_address: str
    chain_id: int


class SIWEVerified(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in now."""

    token: str
    success: bool = True
    user: SignedInWallet


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProof:
    """What `SIWE.verify_message` decides about: message and signature, as they came."""

    message: str = field(repr=False)
    signature: str = field(repr=False)
    address: str
    """Whose signature it has to be, with its checksum (EIP-55)."""
    chain_id: int
    fields: SIWEMessage = field(repr=False)
    """The message, read. Its domain, nonce and times were looked at already."""
    domain: str
    """`SIWE.domain`, as it was configured."""

    @property
    def cacao(self) -> dict[str, Any]:
        """The same as a CACAO object (CAIP-74)."""
        return {
            "h": {"t": "caip122"},
            "p": {
                "domain": self.domain,
                "aud": self.domain,
                "nonce": self.fields.nonce,
                "iss": self.domain,
                "version": "1",
            },
            "s": {"t": "eip191", "s": self.signature},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ENSName:
    """What the name service knows of a wallet."""

    name: str | None = None
    avatar: str | None = None
    """The URL of a picture."""
