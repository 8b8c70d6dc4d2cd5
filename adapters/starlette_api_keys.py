"""Starlette: endpoints that take an API key. They stand inside a `SessionRelay`.

@api_key_required(auth, {"files": ["read"]})
async def files(request): return JSONResponse({"of": admitted_of(request).user.email})
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec

from starlette.requests import HTTPConnection

from watchword.auth import Auth
from watchword.plugins.api_key import Admitted

from .api_keys import Permissions, api_key, configurations
from .starlette_guards import Endpoint, Guarded, guard_by

P = ParamSpec("P")

_ADMITTED = "watchword_admitted"


def admitted_of(connection: HTTPConnection) -> Admitted:
    """Who was let into the endpoint: the key, its user, the session.

    Raises `LookupError` outside of such an endpoint.
    """
    found = getattr(connection.state, _ADMITTED, None)
    if not isinstance(found, Admitted):
        raise LookupError("no guard for API keys stands before this endpoint")
    return found


def api_key_required(
    auth: Auth[Any],
    permissions: Permissions = None,
    *,
    config_id: str | None = None,
    or_session: bool = False,
) -> Callable[[Endpoint[P]], Guarded[P]]:
    """Decorator of an endpoint: only with an API key that allows this, or, with `or_session`, for
    who is signed in.

    Others get 401, 403 or 429 as JSON. Raises `ConfigurationError` for keys that there are not.
    """
    demand = api_key(permissions, config_id=config_id, or_session=or_session)
    configurations(auth, config_id)

    return guard_by(auth, demand, keep=_keep)


def _keep(connection: HTTPConnection[Any], found: Admitted) -> None:
    setattr(connection.state, _ADMITTED, found)
