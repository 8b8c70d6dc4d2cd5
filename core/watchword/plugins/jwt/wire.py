"""Inputs, results and errors of tokens (spec: plugin jwt, (b))."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from watchword.crypto.signed_tokens import Algorithm
from watchword.discreet import Discreet
from watchword.errors import ErrorCode, ErrorCodes
from watchword.pipeline.validation import Identifier

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
ClaimName = Annotated[str, msgspec.Meta(max_length=255)]


class JWTCodes(ErrorCodes):
    """Errors of tokens and of the keys that sign them."""

    NO_SIGNING_KEY = ErrorCode(503, "NO_SIGNING_KEY", "There is no key to sign with")
    SIGNING_KEY_REFUSED = ErrorCode(
        400, "SIGNING_KEY_REFUSED", "There is no such key, it is not for that, or it has expired"
    )
    INVALID_CLAIMS = ErrorCode(
        500, "INVALID_CLAIMS", "The server's own functions gave nothing that a token can say"
    )


class IssuedToken(Discreet, msgspec.Struct, frozen=True):
    """A signed token."""

    token: str


class KeySetAnswer(Discreet, msgspec.Struct, frozen=True):
    """The public keys, newest first (RFC 7517, 5)."""

    __secrets__: ClassVar[frozenset[str]] = frozenset()

    keys: list[dict[str, Any]]


class SignJWT(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """What a token is to say, and what is to be otherwise than the options say."""

    payload: Annotated[dict[ClaimName, Any], msgspec.Meta(max_length=1000)]
    issuer: Name | None = None
    audience: Name | Annotated[list[Name], msgspec.Meta(min_length=1, max_length=100)] | None = None
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=3_155_760_000)] | None = None
    """Seconds."""
    signing_key_id: Identifier | None = None
    signing_algorithm: Algorithm | None = None


class VerifyJWT(Discreet, msgspec.Struct, frozen=True):
    """A token, and whose it has to be; None: as the options say."""

    token: Annotated[str, msgspec.Meta(max_length=1_048_576)]
    """What is far too long for a token is none, as is everything else that is no good one."""
    issuer: Name | None = None


class VerifiedJWT(Discreet, msgspec.Struct, frozen=True):
    """What a good token says; None for any other."""

    payload: dict[str, Any] | None
