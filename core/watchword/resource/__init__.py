"""The other side of the plugin `JWT`: services that are told by a token who is asking.

    verifier = JWTVerifier(
        "https://auth.example.com/api/auth/jwks",
        issuer="https://auth.example.com",
        audience="https://api.example.com",
    )
    who = await verifier.verify(token)          # verifier.blocking.verify(token)
    who.subject, who.claims["email"]

It needs neither a server nor a database. The guards for frameworks are in
`watchword.adapters.flask_resource`, `fastapi_resource`, `litestar_resource` and
`starlette_resource`; docs/resource.md shows them.
"""

from watchword.crypto.jwt import TokenExpired, TokenInvalid, TokenNotYetValid
from watchword.crypto.signed_tokens import WrongAudience, WrongIssuer

from .followed_keys import KeysUnavailable
from .refusals import Refusal, TokenMissing, bearer_token, refusal_of
from .verifier import JWTVerifier, VerifiedToken

__all__ = [
    "JWTVerifier",
    "VerifiedToken",
    # what is wrong with a token, and what was not to be had
    "KeysUnavailable",
    "TokenExpired",
    "TokenInvalid",
    "TokenMissing",
    "TokenNotYetValid",
    "WrongAudience",
    "WrongIssuer",
    # for guards
    "Refusal",
    "bearer_token",
    "refusal_of",
]
