"""What is sent for a call: method, URL and body, from its input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import msgspec

from watchword.endpoint import Endpoint
from watchword.http.json import encode, jsonable
from watchword.http.query import encode_part
from watchword.server_api import Arguments

_PARAMETER = re.compile(r":([^/]+)")


def path_of(endpoint: Endpoint[Any, Any], arguments: Arguments) -> str:
    """Path and query below the base path.

    Raises `TypeError` without one of its parameters, `ValueError` for one that no path can hold.
    """
    path = _PARAMETER.sub(lambda found: _part(endpoint, arguments, found[1]), endpoint.path)
    values: Mapping[str, Any] = arguments.query
    if endpoint.source == "query":
        values = {**_given(arguments.input), **arguments.extra, **values}
    query = "&".join(
        f"{encode_part(name)}={encode_part(_text(one))}"
        for name, value in values.items()
        for one in _several(value)
    )
    return f"{path}?{query}" if query else path


def body_of(endpoint: Endpoint[Any, Any], arguments: Arguments) -> bytes:
    """The body of anything but a GET: a JSON object, if only an empty one."""
    if endpoint.source == "query":
        return b"{}"
    return encode({**_given(arguments.input), **arguments.extra})


def _part(endpoint: Endpoint[Any, Any], arguments: Arguments, name: str) -> str:
    value = arguments.params.get(name)
    if value is None:
        raise TypeError(f"{endpoint.name} needs params={{{name!r}: ...}}")
    if value in ("", ".", ".."):
        raise ValueError(f"{endpoint.name}: params[{name!r}] would lead to another path")
    return quote(value, safe="")


def _given(value: msgspec.Struct | None) -> dict[str, Any]:
    """The fields that were given. What has its default is left out: null would be a value."""
    if value is None:
        return {}
    return {
        info.encode_name: _plain(found)
        for info in msgspec.structs.fields(value)
        for found in [getattr(value, info.name)]
        if found is not msgspec.UNSET and not (found is info.default or found == info.default)
    }


def _plain(value: object) -> Any:
    return _given(value) if isinstance(value, msgspec.Struct) else jsonable(value)


def _several(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _text(value: object) -> str:
    found = jsonable(value)
    return found if isinstance(found, str) else encode(found).decode()
