"""Records in what Litestar handlers give back: as JSON with the dates of the wire.

Litestar encodes by msgspec, which writes the fields of a struct itself and asks nobody: dates would
have as many digits as there are, and the official client misreads more than three.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Any, TypeAlias, cast

from litestar import Response
from litestar.enums import MediaType
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.typing import FieldDefinition

from watchword.database.hidden import Shown
from watchword.http.json import jsonable

# Litestar types it as a union of all that it takes; what it has made of them is this.
_Hook: TypeAlias = Callable[[Any], Awaitable[Any]]

_SCALARS = (str, bytes, int, float, bool, NoneType)


def show_records(handler: BaseRouteHandler) -> None:
    """Have a handler answer with records as clients see them, alone or in dicts and lists.

    What a DTO made of a record stays as it is.
    """
    if not isinstance(handler, HTTPRouteHandler):
        return
    if not handler.parsed_return_field.match_predicate_recursively(_may_be_record):
        return
    open_handler = cast("Any", handler)
    hooks: list[_Hook] = [
        layer.after_request for layer in open_handler.ownership_layers if layer.after_request
    ]
    # The hook of the nearest layer is the only one that Litestar calls.
    nearest = hooks[-1] if hooks else None
    if not isinstance(nearest, _ShowingRecords):
        open_handler.after_request = _ShowingRecords(nearest)


class _ShowingRecords:
    """The hook after a handler, behind the application's own one."""

    def __init__(self, before: _Hook | None) -> None:
        self._before = before

    async def __call__(self, response: Any) -> Any:
        if self._before is not None:
            response = await self._before(response)
        self._show(response)
        return response

    def _show(self, response: Any) -> None:
        # Anything else is an ASGI application, which is rendered already.
        if isinstance(response, Response):
            found = cast("Response[Any]", response)
            if found.media_type != MediaType.MESSAGEPACK:
                found.content = _shown(found.content)


def _may_be_record(field: FieldDefinition) -> bool:
    return not field.inner_types and field.annotation not in _SCALARS


def _shown(value: Any) -> Any:
    if isinstance(value, Shown):
        return jsonable(value)
    if type(value) is dict:
        pairs = cast("dict[Any, Any]", value)
        return {key: _shown(item) for key, item in pairs.items()}
    if type(value) is list or type(value) is tuple:
        return [_shown(item) for item in cast("list[Any]", value)]
    return value
