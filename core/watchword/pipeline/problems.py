"""What is wrong with input, in sentences for the people who typed it.

Applications show messages to visitors as they are, so none speaks of types or of JSON, and none
quotes what was sent. All problems of an input are told at once: `[body.email] This is not an e-mail
address; [body.password] This is missing` (spec: HTTP, validation errors).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

MISSING = "This is missing"
NOT_A_DATE = "This is not a date"
TOO_LONG = "This is too long"
_UNREADABLE = "This does not have the right form"

_KINDS = {
    "str": "This must be text",
    "bool": "This must be yes or no",
    "int": "This must be a whole number",
    "float": "This must be a number",
    "number": "This must be a number",
    "datetime": NOT_A_DATE,
    "date": NOT_A_DATE,
    "array": "This must be a list",
    "object": "This must be a group of values",
}

_Told = Callable[[re.Match[str]], str]
_SENTENCES: tuple[tuple[str, _Told], ...] = (
    (r"of length >= 1(?!\d)", lambda _: "This must not be empty"),
    (r"of length >= (\d+)", lambda found: f"This is too short: at least {found[1]}"),
    (r"of length <= (\d+)", lambda found: f"{TOO_LONG}: at most {found[1]}"),
    (r"` >=? (-?[\d.]+)", lambda found: f"This must be at least {found[1]}"),
    (r"` <=? (-?[\d.]+)", lambda found: f"This must be at most {found[1]}"),
    (r"^Invalid enum value", lambda _: "This is none of the choices"),
    (r"^Invalid RFC3339", lambda _: NOT_A_DATE),
    (r"^Object missing required field", lambda _: "A part of this is missing"),
    (r"^Expected `(\w+)(?: \| null)?`, got", lambda found: _KINDS.get(found[1], "")),
)
_PATTERN = " matching regex "
_AT = r" - at `\$(?P<path>[^`]*)`$"
_ITEM = r"\[(\d+)\]"


def problems(
    raw: Mapping[str, object], kind: type[msgspec.Struct], patterns: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Path and sentence of each field that is wrong; a path is empty or begins with a dot.

    `patterns` has the sentences for what does not match a pattern.
    """
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in raw:
            if field.required:
                yield f".{field.encode_name}", MISSING
            continue
        try:
            msgspec.convert(raw[field.encode_name], field.type)
        except msgspec.ValidationError as error:
            path, sentence = told(str(error), patterns)
            yield f".{field.encode_name}{path}", sentence
        except RecursionError:
            yield f".{field.encode_name}", _UNREADABLE


def told(text: str, patterns: Mapping[str, str]) -> tuple[str, str]:
    """Path and sentence for what msgspec says of a value. Its own text may quote the value."""
    found = re.search(_AT, text)
    path = re.sub(_ITEM, r".\1", found["path"]).replace("[...]", "") if found else ""
    text = re.sub(_AT, "", text)
    if _PATTERN in text:
        known = (tell for pattern, tell in patterns.items() if text.endswith(repr(pattern)))
        return path, next(known, _UNREADABLE)
    for form, tell in _SENTENCES:
        if match := re.search(form, text):
            return path, tell(match) or _UNREADABLE
    return path, _UNREADABLE
