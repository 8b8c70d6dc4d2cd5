"""FastAPI: a dependency for services that are told by a token who is asking.

    Who = Annotated[VerifiedToken, Depends(BearerToken(verifier))]

    @app.get("/orders")
    async def orders(who: Who) -> list[Order]: ...

OpenAPI shows it as a bearer token.
"""

from __future__ import annotations

try:
    from fastapi import HTTPException
    from fastapi.openapi.models import HTTPBearer
    from fastapi.requests import HTTPConnection
    from fastapi.security.base import SecurityBase
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.fastapi_resource needs FastAPI: pip install "watchword[fastapi]"'
    ) from error

from watchword.resource import (
    JWTVerifier,
    KeysUnavailable,
    TokenInvalid,
    TokenMissing,
    VerifiedToken,
    bearer_token,
    refusal_of,
)

__all__ = ["BearerToken", "OptionalBearerToken"]


class BearerToken(SecurityBase):
    """Dependency: what the request's token says; 401 without a good one (RFC 6750, 3)."""

    def __init__(self, verifier: JWTVerifier) -> None:
        self._verifier = verifier
        self.scheme_name = "token"
        self.model = HTTPBearer(bearerFormat="JWT")

    async def __call__(self, connection: HTTPConnection) -> VerifiedToken:
        try:
            token = bearer_token(connection.headers.getlist("authorization"))
            return await self._verifier.verify(token)
        except (TokenMissing, TokenInvalid, KeysUnavailable) as error:
            refusal = refusal_of(error)
        raise HTTPException(refusal.status, detail=refusal.body, headers=dict(refusal.headers))


class OptionalBearerToken(BearerToken):
    """Dependency: the same, or None where no token came along. A bad one is refused."""

    async def __call__(self, connection: HTTPConnection) -> VerifiedToken | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if "authorization" not in connection.headers:
            return None
        return await super().__call__(connection)
