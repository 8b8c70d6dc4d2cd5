"""The document of a Litestar application, with the endpoints of a server in it."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, cast

from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import OpenAPI

from .described import with_endpoints

if TYPE_CHECKING:
    from watchword.auth import Auth


def described(config: OpenAPIConfig, auth: Auth[Any], prefix: str) -> OpenAPIConfig:
    """The configuration of a document that has the endpoints of `auth` below `prefix` as well."""
    found = copy(config)
    plain = found.to_openapi_schema

    def to_openapi_schema() -> OpenAPI:
        outer = plain()
        given = {one.name: getattr(outer, one.name) for one in fields(OpenAPI)}
        before = outer.mounted if isinstance(outer, _WithEndpoints) else ()
        return _WithEndpoints(**given, mounted=(*before, (auth, prefix)))

    cast("Any", found).to_openapi_schema = to_openapi_schema
    return found


@dataclass
class _WithEndpoints(OpenAPI):
    mounted: tuple[tuple[Auth[Any], str], ...] = field(kw_only=True)
    """Servers, each with the path that it is below."""

    @property
    def _exclude_fields(self) -> set[str]:
        return {"mounted"}

    def to_schema(self) -> dict[str, Any]:
        """The documents of all of them as one."""
        document = super().to_schema()
        for auth, prefix in self.mounted:
            document = with_endpoints(auth, document, prefix)
        return document
