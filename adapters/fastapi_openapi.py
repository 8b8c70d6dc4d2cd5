"""What the OpenAPI document of a FastAPI application says about guarded routes.

FastAPI asks a dependency for the name of its security scheme alone. So while the document is made,
that name also says what the dependency refuses with, and is put right before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, cast

from fastapi import FastAPI

SCHEME = "session"
_MARK = "#"
_marked: ContextVar[bool] = ContextVar("marked", default=False)
_REFUSALS = {
    "401": "Nobody is signed in",
    "403": "Whoever is signed in may not do this",
}
_ERROR = "WatchwordError"
_SCHEMA = {
    "title": _ERROR,
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}
_CONTENT = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_ERROR}"}}}


def scheme_name(refusals: Iterable[str]) -> str:
    """The name of the scheme of a dependency that refuses with these statuses."""
    return _MARK.join((SCHEME, *refusals)) if _marked.get() else SCHEME


def document_refusals(app: FastAPI) -> None:
    """Have the document of an application name the statuses that its guarded routes refuse with.

    What a route says of its own about a status stays.
    """
    make = app.openapi

    def openapi() -> dict[str, Any]:
        before = _marked.set(True)
        try:
            made = make()
        finally:
            _marked.reset(before)
        _put_right(made)
        return made

    app.openapi = openapi


def _put_right(document: dict[str, Any]) -> None:
    components: dict[str, Any] = document.get("components", {})
    schemes: dict[str, Any] = components.get("securitySchemes", {})
    marked = [name for name in schemes if _MARK in name]
    for name in marked:
        schemes.setdefault(SCHEME, schemes.pop(name))
    for path in document.get("paths", {}).values():
        for operation in path.values():
            if isinstance(operation, dict):
                _document(cast("dict[str, Any]", operation))
    if marked:
        components.setdefault("schemas", {}).setdefault(_ERROR, _SCHEMA)


def _document(operation: dict[str, Any]) -> None:
    security: list[dict[str, list[str]]] = operation.get("security", [])
    statuses = {one for needed in security for name in needed for one in name.split(_MARK)[1:]}
    if not statuses:
        return
    plain = [{name.split(_MARK)[0]: needed[name] for name in needed} for needed in security]
    operation["security"] = [one for at, one in enumerate(plain) if one not in plain[:at]]
    for status in sorted(statuses):
        answer = {"description": _REFUSALS[status], "content": _CONTENT}
        operation["responses"].setdefault(status, answer)
