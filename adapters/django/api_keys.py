"""Django: views that take an API key.

@api_key_required({"files": ["read"]})
def files(request): return JsonResponse({"of": admitted_of(request).user.email})
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.http import HttpRequest

from watchword.adapters.api_keys import Permissions, api_key, configurations
from watchword.plugins.api_key import Admitted

from .guards import guard_by

if TYPE_CHECKING:
    from watchword.auth import Auth

V = TypeVar("V", bound=Callable[..., Any])

_ADMITTED = "watchword_admitted"


def api_key_required(
    permissions: Permissions = None,
    *,
    config_id: str | None = None,
    or_session: bool = False,
    auth: Auth[Any] | None = None,
) -> Callable[[V], V]:
    """Only with an API key that allows this, or, with `or_session`, for who is signed in.

    Others get 401, 403 or 429 as JSON. `auth` is another server than that of the settings. Raises
    `ConfigurationError` for permissions that allow nothing.
    """
    demand = api_key(permissions, config_id=config_id, or_session=or_session)
    if auth is not None:
        configurations(auth, config_id)
    return guard_by(demand, auth=auth, keep=_keep)


def admitted_of(request: HttpRequest) -> Admitted:
    """Who was let into the view: the key, its user, the session.

    Raises `RuntimeError` elsewhere.
    """
    found: Admitted | None = getattr(request, _ADMITTED, None)
    if found is None:
        raise RuntimeError("nobody was admitted: put @api_key_required() on this view")
    return found


def _keep(http: HttpRequest, found: Admitted) -> None:
    setattr(http, _ADMITTED, found)
