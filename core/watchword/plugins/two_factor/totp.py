"""Codes of an authenticator app: RFC 6238, in HMAC-SHA-1, and the URI that sets the app up.

Spec: plugin two-factor, (e). The key is the text of the secret itself, or what it stands for in
base32 if another system made it.
"""

from __future__ import annotations

import hmac
from base64 import b32decode, b32encode
from datetime import datetime
from urllib.parse import quote

from watchword.crypto.signing import equal
from watchword.http.query import encode_form

_IMPORTED = "base32:"
"""What a secret of another system begins with. Generated ones hold no colon."""
_DRIFT = 1
"""Steps that the clock of a phone may be off."""


def totp_key(secret: str) -> bytes:
    """The key behind a secret. Raises `ValueError` for an imported one that is no base32."""
    if not secret.startswith(_IMPORTED):
        return secret.encode()
    text = secret.removeprefix(_IMPORTED).upper().rstrip("=")
    try:
        return b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise ValueError("the secret is no base32") from None


def totp_step(now: datetime, period: int) -> int:
    """The number of the time step (RFC 6238, 4.2) of a moment; `period` in seconds."""
    return int(now.timestamp()) // period


def totp_code(key: bytes, step: int, digits: int) -> str:
    """The code of a step (RFC 4226, 5.3)."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(key: bytes, given: str, now: datetime, *, digits: int, period: int) -> int | None:
    """The step that a code is of: the present one or a neighbour; None if it is wrong."""
    present, found = totp_step(now, period), None
    for step in range(max(present - _DRIFT, 0), present + _DRIFT + 1):
        # All of them: the time does not tell which one it was.
        if equal(totp_code(key, step, digits), given):
            found = step
    return found


def totp_uri(key: bytes, issuer: str, account: str, *, digits: int, period: int) -> str:
    """What an authenticator app is set up with, as a link or a QR code. It is a secret."""
    label = f"{_component(issuer)}:{_component(account)}"
    secret = b32encode(key).decode().rstrip("=")
    params = {"secret": secret, "issuer": issuer, "digits": str(digits), "period": str(period)}
    return f"otpauth://totp/{label}?{encode_form(params)}"


def _component(text: str) -> str:
    return quote(text, safe="!'()*", errors="replace")
