"""Litestar: a guard and a dependency for services that are told by a token who is asking.

@get("/orders", dependencies={"who": provide_token(verifier)})
async def orders(who: NamedDependency[VerifiedToken]) -> str: ...

@get("/news", guards=[requires_token(verifier)])
async def news() -> str: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

try:
    from litestar.connection import ASGIConnection
    from litestar.datastructures import Headers
    from litestar.di import Provide
    from litestar.exceptions import HTTPException
    from litestar.handlers import BaseRouteHandler
    from litestar.types import Scope
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.litestar_resource needs Litestar: pip install "watchword[litestar]"'
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

__all__ = ["provide_token", "requires_token"]

Guard: TypeAlias = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def requires_token(verifier: JWTVerifier) -> Guard:
    """Guard: only with a good token; 401 without (RFC 6750, 3)."""

    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], route_handler: BaseRouteHandler
    ) -> None:
        await _verified(verifier, connection.headers)

    return guard


def provide_token(verifier: JWTVerifier) -> Provide:
    """Dependency: what the request's token says; 401 without a good one."""

    async def token(scope: Scope) -> VerifiedToken:
        return await _verified(verifier, Headers.from_scope(scope))

    return Provide(token)


async def _verified(verifier: JWTVerifier, headers: Headers) -> VerifiedToken:
    try:
        return await verifier.verify(bearer_token(headers.getall("authorization", [])))
    except (TokenMissing, TokenInvalid, KeysUnavailable) as error:
        refusal = refusal_of(error)
    raise HTTPException(
        refusal.message,
        status_code=refusal.status,
        headers=dict(refusal.headers),
        extra={"code": refusal.code},
    )
