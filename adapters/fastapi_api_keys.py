"""FastAPI: dependencies that take an API key, and stand in the OpenAPI document as such.

Reader = Annotated[Admitted, Depends(RequiredApiKey(auth, {"files": ["read"]}))]

@app.get("/files")
async def files(reader: Reader) -> str: return reader.key.name
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase

from watchword.auth import Auth
from watchword.plugins.api_key import Admitted

from .api_keys import Permissions, api_key, configurations
from .asgi_session import lookup_for
from .fastapi import OptionalSession


class RequiredApiKey(SecurityBase):
    """Dependency: who was let in by an API key that allows this.

    401, 403 and 429 for others.
    """

    def __init__(
        self,
        auth: Auth[Any],
        permissions: Permissions = None,
        *,
        config_id: str | None = None,
        or_session: bool = False,
    ) -> None:
        """Raises `ConfigurationError` for keys that there are not."""
        self._auth = auth
        self._demand = api_key(permissions, config_id=config_id, or_session=or_session)
        meant = configurations(auth, config_id)
        self.scheme_name = "apiKey" if config_id is None else f"apiKey-{config_id}"
        header = meant[0].headers[0]
        self.model = APIKey.model_validate({"in": APIKeyIn.header, "name": header})

    async def __call__(self, connection: HTTPConnection) -> Admitted:
        return await lookup_for(self._auth, connection.scope).meet(self._demand)


def api_key_or_session(
    auth: Auth[Any], permissions: Permissions = None, *, config_id: str | None = None
) -> Callable[..., Awaitable[Admitted]]:
    """Dependency: who was let in by an API key that allows this, or is signed in.

    The OpenAPI document names both. Raises `ConfigurationError` for keys that there are not.
    """
    required = Depends(RequiredApiKey(auth, permissions, config_id=config_id, or_session=True))
    in_document = Depends(OptionalSession(auth))

    async def admitted(found: Any = required, _session: Any = in_document) -> Admitted:
        return found

    return admitted
