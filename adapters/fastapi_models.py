"""A record class as a model of Pydantic: what clients see of it, for schemas and responses.

A model takes records as they are, and writes the names and dates of the wire.
"""

from __future__ import annotations

import typing
from datetime import datetime
from functools import cache
from typing import Annotated, Any

import pydantic

from watchword.database.records import Attribute, Record, attributes_of
from watchword.http.json import format_date, jsonable

_MOMENT: Any = Annotated[
    datetime,
    pydantic.PlainSerializer(format_date, return_type=str, when_used="json"),
    pydantic.WithJsonSchema({"type": "string", "format": "date-time"}),
]
_OPEN: Any = Annotated[Any, pydantic.PlainSerializer(jsonable), pydantic.WithJsonSchema({})]


class Shown(pydantic.BaseModel):
    """Base of the models."""

    model_config = pydantic.ConfigDict(
        from_attributes=True, json_schema_serialization_defaults_required=True
    )
    id: str


@cache
def model_of(record: type[Record]) -> type[pydantic.BaseModel]:
    """The model of a record class, without the fields that are hidden."""
    shown = (one for one in attributes_of(record) if one.column.returned)
    fields: dict[str, Any] = {one.name: (_type_of(one), _field_of(one)) for one in shown}
    return pydantic.create_model(
        record.__name__, __base__=Shown, __module__=record.__module__, __doc__="", **fields
    )


def _field_of(attribute: Attribute) -> Any:
    names = pydantic.AliasChoices(attribute.name, attribute.wire)
    aliases: dict[str, Any] = {"validation_alias": names, "serialization_alias": attribute.wire}
    if attribute.default is None:
        return pydantic.Field(**aliases)
    return pydantic.Field(default_factory=attribute.default, **aliases)


def _type_of(attribute: Attribute) -> Any:
    hint: Any = attribute.annotation
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    made: Any = hint
    if hint is datetime:
        made = _MOMENT
    elif hint == datetime | None:
        made = _MOMENT | None
    try:
        pydantic.TypeAdapter(made)
    except pydantic.PydanticSchemaGenerationError:
        return _OPEN  # A struct of the application's own, say.
    return made
