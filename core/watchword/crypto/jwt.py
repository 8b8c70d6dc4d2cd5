"""JSON Web Tokens signed with HMAC-SHA-256, and nothing else of the JOSE family.

A token is `header.claims.signature` (RFC 7515, compact form) with the header `{"alg":"HS256"}`.
The signature is checked before anything is parsed, so that only what a holder of the secret wrote
is looked at; then the header must name exactly HS256 and may not ask for anything more.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import cast

from watchword.http.json import InvalidJSON, decode, encode

from .signing import base64url, base64url_decode, mac, mac_of

_HEADER = base64url(b'{"alg":"HS256"}')
_HEADER_FIELDS = frozenset(("alg", "typ"))


class TokenInvalid(ValueError):
    """The token is malformed, signed otherwise, or asks for something that is not done here."""


class TokenExpired(TokenInvalid):
    """The token is genuine, but its time is over."""


class TokenNotYetValid(TokenInvalid):
    """The token is genuine, but its time has not begun."""


def sign_jwt(claims: Mapping[str, object], secret: str) -> str:
    """A token with these claims, in their order. Dates become text."""
    body = f"{_HEADER}.{base64url(encode(claims))}"
    return f"{body}.{mac(body, secret)}"


def verify_jwt(token: str, secret: str, *, now: float, leeway: float = 0) -> dict[str, object]:
    """The claims of a token that was signed with the secret and has not ended.

    `now` is in Unix seconds, `leeway` in seconds. A token without an end (`exp`) is refused.
    Raises `TokenInvalid`, or its subclasses `TokenExpired` and `TokenNotYetValid` (RFC 7519, 4.1.4
    and 4.1.5).
    """
    content = json_object(signed_claims(token, secret))
    check_lifetime(content, now=now, leeway=leeway)
    return content


def signed_claims(token: str, secret: str) -> bytes:
    """The text of the claims of a token that was signed with the secret, ended or not.

    Raises `TokenInvalid`.
    """
    body, _, signature = token.rpartition(".")
    header, dot, claims = body.partition(".")
    if not dot or not token.isascii():
        raise TokenInvalid("not a signed token")
    if not hmac.compare_digest(mac_of(body.encode(), secret.encode()), signature.encode()):
        raise TokenInvalid("signed with another key")
    if header != _HEADER:
        _check_header(json_object(part_of_token(header)))
    return part_of_token(claims)


def check_lifetime(claims: Mapping[str, object], *, now: float, leeway: float) -> None:
    """Hold `exp` and `nbf` against the clock, in Unix seconds. Raises as `verify_jwt` does."""
    if now - leeway >= _number(claims, "exp"):
        raise TokenExpired("the token has expired")
    if "nbf" in claims and now + leeway < _number(claims, "nbf"):
        raise TokenNotYetValid("the token is not valid yet")


def _check_header(header: Mapping[str, object]) -> None:
    if header.get("alg") != "HS256":
        raise TokenInvalid("only HS256 is accepted")
    if not header.keys() <= _HEADER_FIELDS:
        raise TokenInvalid("the header asks for more than a signature")


def _number(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid(f"the claim {name} is not a number")
    return value


def part_of_token(part: str) -> bytes:
    """The bytes of one part of a token. Raises `TokenInvalid`."""
    try:
        return base64url_decode(part)
    except ValueError:
        raise TokenInvalid("a part of the token cannot be read") from None


def json_object(text: bytes) -> dict[str, object]:
    """What a part of a token says. Raises `TokenInvalid` unless it is a JSON object."""
    try:
        value = decode(text)
    except InvalidJSON:
        raise TokenInvalid("a part of the token is not JSON") from None
    if not isinstance(value, dict):
        raise TokenInvalid("a part of the token is not a JSON object")
    return cast("dict[str, object]", value)
