"""JWT: tokens that other services verify by themselves, with the public keys of this server.

Whoever is signed in fetches a token; a service holds it against the keys at `/jwks` and asks nobody
(spec: plugin jwt; RFC 7519, RFC 7517). `watchword.resource` is such a service's side.
"""

from .options import JWKSOptions, JWTOptions, KeyPairConfig, SignedWith
from .plugin import JWT, JWTAPI
from .records import SigningKey
from .wire import (
    IssuedToken,
    JWTCodes,
    KeySetAnswer,
    SignJWT,
    VerifiedJWT,
    VerifyJWT,
)

__all__ = [
    "IssuedToken",
    "JWKSOptions",
    "JWT",
    "JWTAPI",
    "JWTCodes",
    "JWTOptions",
    "KeyPairConfig",
    "KeySetAnswer",
    "SignJWT",
    "SignedWith",
    "SigningKey",
    "VerifiedJWT",
    "VerifyJWT",
]
