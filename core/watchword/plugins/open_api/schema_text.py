"""JSON Schemas in few words, as HTML: `string, at most 255`, or the name of a component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_WORDS = {
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "default": "default {}",
}


def type_of(schema: Mapping[str, Any]) -> str:
    """A schema in words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(type_of, schema["anyOf"]))
    return ", ".join(_words(schema)) or "anything"


def _words(schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema:
        yield "one of " + ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    elif schema.get("type") == "array":
        yield f"list of {type_of(schema['items'])}"
    elif "additionalProperties" in schema:
        yield f"object of {type_of(schema['additionalProperties'])}"
    elif "type" in schema:
        kind: Any = schema["type"]
        yield escape(kind if isinstance(kind, str) else " or ".join(kind))
    if "format" in schema:
        yield escape(schema["format"])
    for key, words in _WORDS.items():
        if key in schema and schema[key] != "":
            yield escape(words.format(schema[key]))
