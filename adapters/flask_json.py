"""Records where Flask's JSON provider, and so Quart's, takes dicts: in JSON, and from views."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from flask.json.provider import DefaultJSONProvider
from flask.sansio.app import App  # pyright: ignore[reportMissingTypeStubs]
from werkzeug.local import LocalProxy

from watchword.database.hidden import Shown
from watchword.http.json import jsonable


def show_records(app: App) -> None:
    """Have an application take records where it takes dicts: in JSON, and from views."""
    open_app = cast("Any", app)
    provider, make = open_app.json, open_app.make_response
    if isinstance(provider, DefaultJSONProvider):
        known = provider.default
        provider.default = lambda value: _shown(value) if _has_fields(value) else known(value)

    def make_response(rv: Any) -> Any:
        return make(_returned(open_app, rv))

    open_app.make_response = make_response


def _has_fields(value: object) -> bool:
    return isinstance(value, Shown | msgspec.Struct)


def _shown(value: Any) -> dict[str, Any]:
    if type(value) is LocalProxy:
        value = _behind(value)
    if isinstance(value, Shown):
        return jsonable(value)
    # A struct of the application's: what is in its fields is for Flask to write.
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    pairs = ((wire, getattr(value, name)) for wire, name in names)
    return {wire: found for wire, found in pairs if found is not msgspec.UNSET}


def _behind(proxy: Any) -> Any:
    """What `current_user`, say, stands for."""
    return proxy._get_current_object()


def _returned(app: Any, given: Any) -> Any:
    """What a view gives back, with a record as JSON: alone, or before a status and headers."""
    if _has_fields(given):
        return app.json.response(given)
    several = cast("tuple[Any, ...]", given)
    if isinstance(given, tuple) and given and _has_fields(several[0]):
        return (app.json.response(several[0]), *several[1:])
    return several
