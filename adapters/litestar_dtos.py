"""DTOs of Litestar that would show what records hide.

A DTO reads attributes, and so finds what encoders do not. One that names a hidden field shows it on
purpose; one that takes all fields, whatever they are, does not know what it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from watchword.database.records import Record, attributes_of


def refuse_unnamed(handler: BaseRouteHandler) -> None:
    """Refuse a handler whose DTO shows hidden fields of records without including them by name.

    Raises `ImproperlyConfiguredException`.
    """
    if not isinstance(handler, HTTPRouteHandler):
        return
    dto = cast("Any", handler).resolve_return_dto()
    # Litestar has no public name for what it made of a DTO and a handler.
    backend = dto and dto._dto_backends.get(handler.handler_id, {}).get("return_backend")
    if not backend:
        return
    named = {path.rpartition(".")[2] for path in dto.config.include}
    if shown := sorted(set(_shown(backend.model_type, backend.parsed_field_definitions, named))):
        raise ImproperlyConfiguredException(
            f"{dto.__name__} would show {', '.join(shown)}, which is hidden (returned=False). "
            "Exclude it in the configuration of the DTO, or include it by name"
        )


def _shown(model: Any, fields: Collection[Any], named: Collection[str]) -> Iterator[str]:
    is_record = isinstance(model, type) and issubclass(cast("type[Any]", model), Record)
    known = attributes_of(cast("type[Record]", model)) if is_record else ()
    hidden = {one.name for one in known if not one.column.returned}
    for field in fields:
        if field.is_excluded:
            continue
        if field.name in hidden and field.name not in named:
            yield f"{model.__name__}.{field.name}"
        for model_within, fields_within in _nested(field.transfer_type):
            yield from _shown(model_within, fields_within, named)


def _nested(kind: Any) -> Iterator[tuple[Any, Collection[Any]]]:
    """The models within a type that a DTO goes into, each with what it does with its fields."""
    info = getattr(kind, "nested_field_info", None)
    if info is not None:
        # `info.model` is the copy that Litestar sends.
        yield kind.field_definition.annotation, info.field_definitions
    inner = [getattr(kind, name, None) for name in ("inner_type", "key_type", "value_type")]
    for one in (*inner, *getattr(kind, "inner_types", ())):
        if one is not None:
            yield from _nested(one)
