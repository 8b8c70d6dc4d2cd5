"""ID tokens that a browser or an application hands in: nothing about them is believed before the
provider's own key has vouched for it (OpenID Connect Core, 3.1.3.7; spec: security, A3).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from joserfc import jws
from joserfc.errors import JoseError

from watchword.crypto.signing import base64url_decode
from watchword.http.json import decode

from .failures import OAuthFailed
from .tokens import LONGEST_TOKEN, Profile

if TYPE_CHECKING:
    from .client import Client

LEEWAY = 30
"""Seconds by which clocks may differ."""
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
ASYMMETRIC = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""The only signatures that vouch for anything: what is checked with a shared secret never does."""
_HEADER_FIELDS = frozenset(("alg", "kid", "typ", "x5t", "x5t#S256", "jku", "x5u", "x5c", "cty"))
"""Those that change nothing of what is done; keys that a token brings along are never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTokenRules:
    """What the ID tokens of a provider have to be."""

    jwks_url: str
    jwks_headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Of the request for the keys, by lower-case name."""
    issuers: tuple[str, ...] = ()
    """None: `Provider.accepts_claims` looks at the issuer, which depends on other claims."""
    algorithms: tuple[str, ...] = ("RS256",)
    """Signatures that are accepted, whatever a token's header says."""
    max_age: int | None = 3600
    """Seconds since it was issued."""
    nonce: Literal["exact", "exact or SHA-256"] = "exact"
    audience: tuple[str, ...] = ()
    """None: the client ids."""


async def verified_claims(
    client: Client,
    token: str,
    rules: IdTokenRules,
    audience: Sequence[str],
    nonce: str | None,
) -> Profile:
    """The claims of a token that is genuine, in time, and for us.

    Raises `OAuthFailed`; `OutgoingFailed` where the keys cannot be had.
    """
    allowed = [one for one in rules.algorithms if one in ASYMMETRIC]
    if not allowed:
        # Without a list the library would fall back on one of its own.
        raise OAuthFailed("ID token: the provider names no signature that vouches for it")
    header = _header(token)
    keys = await client.key_sets.get(client, rules.jwks_url, header, rules.jwks_headers)
    try:
        checked = jws.deserialize_compact(token.encode(), keys, algorithms=allowed)
        found = decode(checked.payload)
    except (JoseError, ValueError, TypeError):
        raise OAuthFailed("ID token: not signed by the provider") from None
    if not isinstance(found, dict):
        raise OAuthFailed("ID token: no claims")
    claims = cast("Profile", found)
    _check(claims, rules, rules.audience or tuple(audience), client.now.timestamp())
    if nonce is not None and not _same_nonce(claims.get("nonce"), nonce, rules):
        raise OAuthFailed("ID token: another nonce")
    return claims


def _header(token: str) -> str | None:
    """The key id that the token names. Raises `OAuthFailed` for what is no signed token."""
    if len(token) > LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:
        raise OAuthFailed("ID token: not a signed token")
    try:
        header = decode(base64url_decode(token.partition(".")[0]))
    except ValueError:
        raise OAuthFailed("ID token: no header") from None
    if not isinstance(header, dict) or not cast("Profile", header).keys() <= _HEADER_FIELDS:
        raise OAuthFailed("ID token: a header that is not known")
    kid = cast("Profile", header).get("kid")
    return kid if isinstance(kid, str) else None


def _check(claims: Profile, rules: IdTokenRules, audience: Sequence[str], now: float) -> None:
    missing = [name for name in _REQUIRED if name not in claims]
    if missing:
        raise OAuthFailed(f"ID token: without {', '.join(missing)}")
    if rules.issuers and claims["iss"] not in rules.issuers:
        raise OAuthFailed("ID token: another issuer")
    named = claims["aud"]
    named = cast("list[object]", named) if isinstance(named, list) else [named]
    if not any(one in audience for one in named):
        raise OAuthFailed("ID token: for another audience")
    expires, issued = _number(claims, "exp"), _number(claims, "iat")
    starts = _number(claims, "nbf") if "nbf" in claims else issued
    if now - LEEWAY >= expires:
        raise OAuthFailed("ID token: over")
    if now + LEEWAY < max(issued, starts):
        raise OAuthFailed("ID token: not valid yet")
    if rules.max_age is not None and now - LEEWAY > issued + rules.max_age:
        raise OAuthFailed("ID token: issued too long ago")


def _number(claims: Profile, name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OAuthFailed(f"ID token: {name} is no number")
    return value


def _same_nonce(claimed: object, nonce: str, rules: IdTokenRules) -> bool:
    if not isinstance(claimed, str):
        return False
    accepted = [nonce]
    if rules.nonce == "exact or SHA-256":
        accepted.append(hashlib.sha256(nonce.encode("utf-8", "replace")).hexdigest())
    given = claimed.encode("utf-8", "replace")
    return any(hmac.compare_digest(given, one.encode("utf-8", "replace")) for one in accepted)
