"""Flask: a guard for services that are told by a token who is asking.

@app.get("/orders")
@token_required(verifier)
def orders(): return {"of": current_token.subject}
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, cast

try:
    from flask import current_app, g, jsonify, request
    from werkzeug.local import LocalProxy
except ModuleNotFoundError as error:
    raise ImportError(
        'watchword.adapters.flask_resource needs Flask: pip install "watchword[flask]"'
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

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

__all__ = ["current_token", "token_required"]

P = ParamSpec("P")
View = Callable[P, "ResponseReturnValue"]


def token_required(verifier: JWTVerifier) -> Callable[[View[P]], View[P]]:
    """Decorator of a view: only with a good token; 401 without (RFC 6750, 3)."""

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                token = bearer_token(request.headers.getlist("authorization"))
                g.watchword_token = verifier.blocking.verify(token)
            except (TokenMissing, TokenInvalid, KeysUnavailable) as error:
                refusal = refusal_of(error)
                return jsonify(refusal.body), refusal.status, dict(refusal.headers)
            run: Callable[..., Any] = current_app.ensure_sync(view)
            return run(*args, **kwargs)

        return guarded

    return guard


def _verified() -> VerifiedToken:
    found = g.get("watchword_token")
    if found is None:
        raise RuntimeError("no token was verified: put @token_required(verifier) on this view")
    return found


current_token = cast("VerifiedToken", LocalProxy(_verified))
"""What the token of the current request says, in views that require one."""
