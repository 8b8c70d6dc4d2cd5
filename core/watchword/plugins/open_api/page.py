"""The document as a page: readable without scripts, and without a network.

It loads nothing: style and script stand in it, and its Content-Security-Policy lets nothing else
run. The document itself is in it as well, as inert JSON (spec: plugin open-api).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from watchword.http.json import encode
from watchword.http.response import Response

from .document import for_server
from .schema_text import type_of

_ELEMENT = "api-reference"
_INERT = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}
"""A script element ends at the first `</script>`, wherever in its text that stands."""
_HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
)


@lru_cache(maxsize=8)
def page(encoded: bytes, base_url: str, theme: str, nonce: str | None) -> Response:
    """The page of a document (JSON without `servers`), and the policy that it is shown under."""
    document = for_server(encoded, base_url)
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    mark = "" if nonce is None else f' nonce="{escape(nonce)}"'
    title = escape(document["info"]["title"])
    data = encode(document).decode().translate(_INERT)
    body = (
        f'<!doctype html><html lang="en" data-theme="{escape(theme)}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}: API reference</title><style{mark}>{style}</style>"
        f'<body><a class="skip" href="#operations">To the operations</a>'
        f"<header><h1>{title}</h1><p>{_text(document['info']['description'])}</p>"
        f"<p>Server: <code>{escape(document['servers'][0]['url'])}</code></p></header>"
        f'<nav aria-label="Operations"><label>Find <input id="find" type="search"></label>'
        f"{''.join(_contents(document))}</nav>"
        f'<main id="operations">{"".join(_sections(document))}</main>'
        f'<script type="application/json" id="{_ELEMENT}">{data}</script>'
        f"<script{mark}>{script}</script></body></html>"
    )
    return Response(200, (*_HEADERS, ("content-security-policy", policy)), body.encode())


@cache
def _asset(name: str) -> str:
    return files("watchword.plugins.open_api").joinpath(name).read_text("utf-8")


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield method.upper(), path, operation


def _contents(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        links = "".join(
            f'<li><a href="#{escape(operation["operationId"])}">{method} {escape(path)}</a></li>'
            for method, path, operation in _operations(document, tag["name"])
        )
        if links:
            yield f"<h2>{escape(tag['name'])}</h2><ul>{links}</ul>"


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        operations = list(_operations(document, tag["name"]))
        if operations:
            told = "".join(_operation(document, *found) for found in operations)
            about = _text(tag.get("description", ""))
            yield f"<section><h2>{escape(tag['name'])}</h2><p>{about}</p>{told}</section>"
    schemas = "".join(
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"{_schema(schema)}</details>"
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    yield f"<section><h2>Schemas</h2>{schemas}</section>"


def _operation(document: Mapping[str, Any], method: str, path: str, told: Any) -> str:
    name = escape(told["operationId"])
    who = "" if {} in told["security"] else "<p>Only with a session.</p>"
    return (
        f'<article id="{name}"><details><summary><span class="method">{method}</span> '
        f"<code>{escape(path)}</code> {_text(told.get('summary', ''))}</summary>"
        f"<p>{_text(told.get('description', ''))}</p>{who}"
        f"{_parameters(told.get('parameters', ()))}{_body(document, told.get('requestBody'))}"
        f"{_responses(document, told['responses'])}</details></article>"
    )


def _parameters(parameters: Any) -> str:
    rows = [(one["name"], one["required"], one["schema"], one["in"]) for one in parameters]
    return f"<h3>Parameters</h3>{_table(rows)}" if rows else ""


def _body(document: Mapping[str, Any], body: Any) -> str:
    if body is None:
        return ""
    kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in body["content"])
    schema = next(iter(body["content"].values()))["schema"]
    return f"<h3>Body</h3><p>{kinds}: {type_of(schema)}</p>{_schema(_found(document, schema))}"


def _responses(document: Mapping[str, Any], responses: Mapping[str, Any]) -> str:
    rows: list[str] = []
    for status, answer in responses.items():
        answer = _found(document, answer)
        first, *codes = answer["description"].split("\n- ")
        listed = "".join(f"<li>{_text(code)}</li>" for code in codes)
        media = answer.get("content", {})
        types = ", ".join(type_of(one["schema"]) for one in media.values())
        told = f"{_text(first.strip())}<ul>{listed}</ul>" if listed else _text(first)
        rows.append(f"<tr><th scope=row>{status}</th><td>{told}</td><td>{types}</td></tr>")
    head = "<tr><th scope=col>Status<th scope=col>Meaning<th scope=col>Body</tr>"
    return f"<h3>Answers</h3><table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _schema(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (name, name in required, found, "") for name, found in schema.get("properties", {}).items()
    ]
    about = _text(schema.get("description", ""))
    return f"<p>{about}</p>{_table(rows) if rows else ''}"


def _table(rows: list[tuple[str, bool, Any, str]]) -> str:
    told = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code></th><td>{type_of(schema)}</td>"
        f"<td>{'required' if required else ''} {escape(where)}</td></tr>"
        for name, required, schema, where in rows
    )
    head = "<tr><th scope=col>Name<th scope=col>Type<th scope=col></tr>"
    return f"<table><thead>{head}</thead><tbody>{told}</tbody></table>"


def _found(document: Mapping[str, Any], given: Any) -> Any:
    """What a reference leads to; anything else is itself."""
    if "$ref" not in given:
        return given
    kind, name = given["$ref"].split("/")[-2:]
    return document["components"][kind][name]


def _text(text: str) -> str:
    """A text with code in backticks."""
    parts = escape(text).split("`")
    marked = (f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
    return "".join(marked)
