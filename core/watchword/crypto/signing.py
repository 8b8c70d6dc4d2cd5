"""HMAC-SHA-256 signatures and SHA-256 names (spec: cookies and sessions, signed cookies)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import a2b_base64, b2a_base64
from uuid import UUID

from watchword.http.bounds import LONGEST_COOKIE

_SIGNATURE_LENGTH = 44
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def sign(value: str, secret: str) -> str:
    """The signature of a value: standard base64, padded, 44 characters."""
    return base64.b64encode(_digest(value, secret)).decode("ascii")


def sign_cookie_value(value: str, secret: str) -> str:
    """The raw value of a signed cookie, before percent-encoding: `value.signature`."""
    return f"{value}.{sign(value, secret)}"


def verify_cookie_value(raw: str, secret: str) -> str | None:
    """The value of a raw signed cookie; None if it is malformed or was not signed with the secret.

    The signature is compared as text, so that no other spelling of it passes.
    """
    if len(raw) > LONGEST_COOKIE:
        return None
    value, dot, signature = raw.rpartition(".")
    if not dot or not value or len(signature) != _SIGNATURE_LENGTH or signature[-1] != "=":
        return None
    try:
        expected = b2a_base64(_digest(value, secret), newline=False)
        given = signature.encode("ascii")
    except UnicodeEncodeError:
        return None
    return value if hmac.compare_digest(expected, given) else None


def mac(text: str, secret: str) -> str:
    """A MAC for URLs and cookies: base64url without padding."""
    return mac_of(text.encode(), secret.encode()).decode("ascii")


def mac_of(data: bytes, key: bytes) -> bytes:
    """The same of bytes, as bytes."""
    return _base64url(hmac.digest(key, data, "sha256"))


def hash_identifier(text: str) -> str:
    """SHA-256 as base64url without padding: the stored form of hashed tokens and identifiers."""
    return base64url(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def reservation_id(identifier: str) -> str:
    """The primary key under which an identifier is reserved (first writer wins)."""
    return hash_identifier(f"reserve:{identifier}")


def reservation_uuid(identifier: str) -> str:
    """The same where ids are UUIDs: version 5, from the first bytes of the hash (data model, 9)."""
    digest = hashlib.sha256(f"reserve:{identifier}".encode("utf-8", "surrogatepass")).digest()
    return str(UUID(bytes=digest[:16], version=5))


def reservation_number(identifier: str) -> str:
    """The same where the database counts ids: one below those that it ever gives away itself."""
    digest = hashlib.sha256(f"reserve:{identifier}".encode("utf-8", "surrogatepass")).digest()
    return str(-2 - int.from_bytes(digest[:8]) % (2**31 - 2))


def base64url(data: bytes) -> str:
    """RFC 4648, 5, without padding."""
    return _base64url(data).decode("ascii")


def base64url_decode(text: str) -> bytes:
    """The bytes of an unpadded base64url text. Raises `ValueError` for any but the one spelling."""
    given = text.encode("ascii")
    data = a2b_base64(given.translate(_FROM_URL) + b"=" * (-len(given) % 4))
    if _base64url(data) != given:
        raise ValueError("not base64url without padding")
    return data


def equal(one: str, other: str) -> bool:
    """Compare two secrets in constant time, whatever characters they hold."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _base64url(data: bytes) -> bytes:
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def _digest(value: str, secret: str) -> bytes:
    return hmac.digest(secret.encode("utf-8"), value.encode("utf-8"), "sha256")
