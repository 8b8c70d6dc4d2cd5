"""Django: a guard for services that are told by a token who is asking.

@token_required(verifier)
def orders(request): return JsonResponse({"of": token_of(request).subject})
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from watchword.resource import (
    JWTVerifier,
    KeysUnavailable,
    TokenInvalid,
    TokenMissing,
    VerifiedToken,
    bearer_token,
    refusal_of,
)

from .asynchronous import is_async
from .requests import http_in

__all__ = ["token_of", "token_required"]

V = TypeVar("V", bound=Callable[..., Any])

_TOKEN = "watchword_token"
_REFUSED = (TokenMissing, TokenInvalid, KeysUnavailable)


def token_required(verifier: JWTVerifier) -> Callable[[V], V]:
    """Decorator of a view, sync or async: only with a good token; 401 without (RFC 6750, 3).

    It needs no middleware.
    """

    def guard(view: V) -> V:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            http = http_in(*args, **kwargs)
            try:
                found = verifier.blocking.verify(bearer_token(_given(http)))
            except _REFUSED as error:
                return _refusal(error)
            setattr(http, _TOKEN, found)
            return _varying(view(*args, **kwargs))

        @functools.wraps(view)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            http = http_in(*args, **kwargs)
            try:
                found = await verifier.verify(bearer_token(_given(http)))
            except _REFUSED as error:
                return _refusal(error)
            setattr(http, _TOKEN, found)
            return _varying(await view(*args, **kwargs))

        return cast("V", awaited if is_async(view) else guarded)

    return guard


def token_of(request: HttpRequest) -> VerifiedToken:
    """What the token of a request says. Raises `RuntimeError` in views that require none."""
    found: VerifiedToken | None = getattr(request, _TOKEN, None)
    if found is None:
        raise RuntimeError("no token was verified: put @token_required(verifier) on this view")
    return found


def _given(http: HttpRequest) -> list[str]:
    value = http.headers.get("authorization")
    return [] if value is None else [value]


def _refusal(error: TokenMissing | TokenInvalid | KeysUnavailable) -> HttpResponse:
    refusal = refusal_of(error)
    headers = dict(refusal.headers)
    return _varying(JsonResponse(refusal.body, status=refusal.status, headers=headers))


def _varying(response: Any) -> Any:
    """A cache must not have it for those with another token, or none."""
    if isinstance(response, HttpResponseBase):  # frameworks around Django have answers of their own
        patch_vary_headers(response, ("Authorization",))
    return response
