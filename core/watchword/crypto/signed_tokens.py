"""Tokens signed with a private key, for whoever has the public one (RFC 7515, compact form).

A key serves one algorithm, which its owner names; what a token says of itself only has to agree
(RFC 8725, 3.1). The header may name algorithm, key and kind, and nothing more: a token that brings
a key along, says where there is one, or asks for an extension (`crit`) is refused. Nothing of what
it claims is parsed before the signature has vouched for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from watchword.http.json import encode

from .jwt import TokenInvalid, check_lifetime, json_object, part_of_token
from .signing import base64url

Algorithm: TypeAlias = Literal["EdDSA", "ES256", "ES512", "PS256", "RS256"]
Key: TypeAlias = OKPKey | ECKey | RSAKey
JWK: TypeAlias = Mapping[str, Any]
"""A key as JSON (RFC 7517)."""

ALGORITHMS: Mapping[Algorithm, tuple[str, str | None]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "ES512": ("EC", "P-521"),
    "PS256": ("RSA", None),
    "RS256": ("RSA", None),
}
"""The kind of key and the curve of each (RFC 7518, 3.1; RFC 8037, 3.1)."""
LEAST_BITS, MOST_BITS = 2048, 8192
"""Of RSA keys. Longer ones would only keep the server busy."""
LONGEST_TOKEN = 131_072
"""Characters: a whole user with a picture fits in."""
LONGEST_KEY_ID = 255

_PUBLIC = {"OKP": ("kty", "crv", "x"), "EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
_HEADER_FIELDS = frozenset(("alg", "kid", "typ"))
_LONGEST_HEADER = 1024
_KINDS = frozenset(("jwt", "at+jwt"))
"""Values of `typ` that are taken: the same key may sign other things, which are no such tokens
(RFC 8725, 3.11)."""


class WrongIssuer(TokenInvalid):
    """The token is somebody else's."""


class WrongAudience(TokenInvalid):
    """The token is meant for others."""


class UnusableKey(ValueError):
    """A key is not of the kind that its algorithm needs, or too weak. Names no part of it."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key and the one algorithm that it is for."""

    id: str
    algorithm: Algorithm
    key: Key = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """What a token says about its signature."""

    algorithm: str
    key_id: str


def known_algorithm(name: str) -> Algorithm:
    """A name, if it is one of an algorithm here. Raises `UnusableKey`."""
    if name not in ALGORITHMS:
        raise UnusableKey("for an algorithm that is not known")
    return cast("Algorithm", name)


def new_key(algorithm: Algorithm, bits: int) -> JWK:
    """A new private key; `bits` are those of an RSA key."""
    kind, curve = ALGORITHMS[algorithm]
    if kind == "OKP":
        made: Key = OKPKey.generate_key("Ed25519", auto_kid=False)
    elif curve is not None:
        made = ECKey.generate_key("P-256" if curve == "P-256" else "P-521", auto_kid=False)
    else:
        made = RSAKey.generate_key(bits, auto_kid=False)
    return made.as_dict(private=True)


def public_part(jwk: JWK) -> dict[str, Any]:
    """The members of a key that anybody may know, and no others. Raises `UnusableKey`."""
    names = _PUBLIC.get(str(jwk.get("kty")))
    if names is None or not all(isinstance(jwk.get(name), str) for name in names):
        raise UnusableKey("not a public key of a kind that is known")
    return {name: value for name, value in jwk.items() if name in names}


def verifying_key(key_id: str, algorithm: Algorithm, jwk: JWK) -> VerifyingKey:
    """What verifies by a key, of which private members are not looked at. Raises `UnusableKey`."""
    return VerifyingKey(key_id, algorithm, _imported(algorithm, public_part(jwk)))


def signing_key(algorithm: Algorithm, jwk: JWK) -> Key:
    """What signs with a private key. Raises `UnusableKey`."""
    if not isinstance(jwk.get("d"), str):
        raise UnusableKey("not a private key")
    return _imported(algorithm, jwk)


def _imported(algorithm: Algorithm, jwk: JWK) -> Key:
    kind, curve = ALGORITHMS[algorithm]
    if jwk.get("kty") != kind or jwk.get("crv") != curve:
        raise UnusableKey(f"not a key for {algorithm}")
    if len(str(jwk.get("n"))) * 6 > MOST_BITS + 12:
        raise UnusableKey(f"longer than {MOST_BITS} bits")
    types: dict[str, type[Key]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}
    try:
        key = types[kind].import_key(dict(jwk))
    except (JoseError, ValueError, TypeError, KeyError):
        raise UnusableKey("the key cannot be read") from None
    if isinstance(key, RSAKey) and key.public_key.key_size < LEAST_BITS:
        raise UnusableKey(f"shorter than {LEAST_BITS} bits")
    return key


def sign_token(key_id: str, algorithm: Algorithm, key: Key, claims: Mapping[str, object]) -> str:
    """A token with these claims, in their order. Dates become text."""
    header = base64url(encode({"alg": algorithm, "kid": key_id}))
    body = f"{header}.{base64url(encode(claims))}"
    return f"{body}.{base64url(_model(algorithm).sign(body.encode(), key))}"


def token_header(token: str) -> TokenHeader:
    """What a token says about its signature, which proves nothing. Raises `TokenInvalid`."""
    if len(token) > LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:
        raise TokenInvalid("not a signed token")
    part = token.partition(".")[0]
    if len(part) > _LONGEST_HEADER:
        raise TokenInvalid("the header is too long")
    header = json_object(part_of_token(part))
    algorithm, key_id, kind = (header.get(name) for name in ("alg", "kid", "typ"))
    if not header.keys() <= _HEADER_FIELDS:
        raise TokenInvalid("the header asks for more than a signature")
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        raise TokenInvalid("the header names no algorithm or no key")
    if not 0 < len(key_id) <= LONGEST_KEY_ID or not key_id.isprintable():
        raise TokenInvalid("the header names no key")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _KINDS):
        raise TokenInvalid("a token of another kind")
    return TokenHeader(algorithm, key_id)


def signed_claims(token: str, key: VerifyingKey) -> dict[str, object]:
    """The claims of a token that was signed with the private part of a key, ended or not.

    Raises `TokenInvalid`.
    """
    header = token_header(token)
    if header.algorithm != key.algorithm or header.key_id != key.id:
        raise TokenInvalid("not signed by the algorithm of the key")
    body, _, signature = token.rpartition(".")
    try:
        good = _model(key.algorithm).verify(body.encode(), part_of_token(signature), key.key)
    except (JoseError, ValueError):
        good = False
    if not good:
        raise TokenInvalid("signed with another key")
    return json_object(part_of_token(body.partition(".")[2]))


def check_claims(
    claims: Mapping[str, object],
    *,
    issuer: str,
    audience: Collection[str],
    now: float,
    leeway: float,
) -> None:
    """Hold claims against issuer, audience (one of them is enough) and clock, in Unix seconds.

    `sub`, `exp`, `iss` and `aud` have to be there. Raises `TokenInvalid` and its subclasses
    `TokenExpired`, `TokenNotYetValid`, `WrongIssuer`, `WrongAudience` (RFC 7519, 4.1).
    """
    check_lifetime(claims, now=now, leeway=leeway)
    if claims.get("iss") != issuer:
        raise WrongIssuer("the token has another issuer")
    named = claims.get("aud")
    named = cast("list[object]", named) if isinstance(named, list) else [named]
    if not any(one in audience for one in named if isinstance(one, str)):
        raise WrongAudience("the token is for another audience")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenInvalid("the token says nothing about anybody")


def _model(algorithm: Algorithm) -> Any:
    # Asked by name, so that the library does not warn of "EdDSA": RFC 9864 renames it, and the
    # protocol does not.
    return JWSRegistry.algorithms[algorithm]
