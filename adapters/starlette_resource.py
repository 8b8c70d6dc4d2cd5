"""Starlette: a guard for services that are told by a token who is asking.

@token_required(verifier)
async def orders(request: Request) -> Response:
    who = token_of(request)
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import cast

try:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import JSONResponse, Response
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.starlette_resource needs Starlette: pip install "watchword[starlette]"'
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

__all__ = ["token_of", "token_required"]

Endpoint = Callable[[Request], Awaitable[Response]]

_KEY = "watchword.token"


def token_required(verifier: JWTVerifier) -> Callable[[Endpoint], Endpoint]:
    """Decorator of an endpoint (`async def`): only with a good token; 401 without (RFC 6750, 3)."""

    def guard(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        async def guarded(request: Request) -> Response:
            try:
                token = bearer_token(request.headers.getlist("authorization"))
                request.scope[_KEY] = await verifier.verify(token)
            except (TokenMissing, TokenInvalid, KeysUnavailable) as error:
                refusal = refusal_of(error)
                return JSONResponse(refusal.body, refusal.status, dict(refusal.headers))
            return await endpoint(request)

        return guarded

    return guard


def token_of(connection: HTTPConnection) -> VerifiedToken:
    """What the token of a request says. Raises `LookupError` outside of a guarded endpoint."""
    found = connection.scope.get(_KEY)
    if found is None:
        raise LookupError("no token was verified: put token_required(verifier) on this endpoint")
    return cast("VerifiedToken", found)
