"""Flask: views that take an API key.

@app.get("/files")
@api_key_required({"files": ["read"]})
def files(): return {"of": admitted.user.email}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from flask import g
from werkzeug.local import LocalProxy

from watchword.plugins.api_key import Admitted

from .api_keys import Permissions, api_key, configurations
from .flask import Watchword, extension_of_application
from .flask_guards import guard_by

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

P = ParamSpec("P")
View = Callable[P, "ResponseReturnValue"]

_ADMITTED = "watchword_admitted"

admitted = cast("Admitted", LocalProxy(lambda: g.get(_ADMITTED)))
"""Who was let into the view: the key, its user, the session; falsy outside of such a view."""


def api_key_required(
    permissions: Permissions = None,
    *,
    config_id: str | None = None,
    or_session: bool = False,
    extension: Watchword[Any] | None = None,
) -> Callable[[View[P]], View[P]]:
    """Only with an API key that allows this, or, with `or_session`, for who is signed in.

    Others get 401, 403 or 429 as JSON. Put it below the route. Another `extension` than the one
    without a name is given here. Raises `ConfigurationError` for permissions that allow nothing.
    """
    demand = api_key(permissions, config_id=config_id, or_session=or_session)
    if extension is not None:
        configurations(extension.auth, config_id)

    return guard_by(lambda: (extension or extension_of_application()).auth, demand, keep=_keep)


def _keep(found: Admitted) -> None:
    setattr(g, _ADMITTED, found)
