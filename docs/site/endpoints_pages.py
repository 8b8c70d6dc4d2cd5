"""A page of endpoints for each feature and plugin, from the document that plugin OpenAPI makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from tests.support.plugins import drop, every_plugin
from watchword import (
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    PasswordReset,
)
from watchword.providers import GitHub

from . import markdown
from .tree import Pages

FOLDER = PurePosixPath("endpoints")
INDEX = FOLDER / "all.md"
INTRODUCTION = """# All endpoints

Paths are below the base path, `/api/auth` by default. Each is a function of `auth.api` and
`auth.blocking.api` as well, and of the [Python client](../client.md). A server of yours tells its
own with plugin [OpenAPI](../plugins/open-api.md), of which these pages are made.

| method | path | function | |
|---|---|---|---|
"""
_CODE = re.compile(r"^- `([^`]+)`", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One endpoint, as the document tells it."""

    tag: str
    method: str
    path: str
    function: str
    """Its name in `auth.api`."""
    told: Mapping[str, Any]
    document: Mapping[str, Any]

    @property
    def page(self) -> PurePosixPath:
        return FOLDER / f"{self.tag.lower()}.md"

    @property
    def heading(self) -> str:
        return f"{self.method} {self.path}"

    def codes(self) -> Iterator[tuple[int, str]]:
        """The errors that it may answer with."""
        for status, answer in self.told["responses"].items():
            known = _resolved(answer, self.document)
            yield from ((int(status), code) for code in _CODE.findall(known["description"]))


def operations() -> list[Operation]:
    """The endpoints of a server with all plugins."""
    auth = Auth(
        database="sqlite://",
        secret="not the secret of any server, for documentation",
        base_url="http://localhost:8000",
        email_and_password=EmailAndPassword(enabled=True),
        email_verification=EmailVerification(send_verification_email=drop),
        password_reset=PasswordReset(send_reset_password=drop),
        change_email=ChangeEmail(enabled=True),
        delete_user=DeleteUser(enabled=True),
        social_providers=[GitHub(client_id="client", client_secret="secret")],
        plugins=every_plugin(),
    )
    document = auth.blocking.api.generate_open_api_schema()
    names = {_camel(name): name for name in vars(auth.blocking.api) if not name.startswith("_")}
    auth.blocking.close()
    return [
        Operation(
            told["tags"][0], method.upper(), path, _name(told["operationId"], names), told, document
        )
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def _camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in more)


def _name(operation: str, names: Mapping[str, str]) -> str:
    """Of an endpoint with several methods the ids of all but the first have more at the end."""
    fitting = [one for one in names if operation.startswith(one)]
    return names[max(fitting, key=len)]


def endpoints_pages(known: list[Operation]) -> Pages:
    """The list of all, and a page for each tag."""
    ordered = sorted(known, key=lambda one: (one.tag != "Default", one.tag, one.path, one.method))
    rows = "".join(
        f"| {one.method} | [`{one.path}`]({one.page.name}#{markdown.slug(one.heading)}) "
        f"| `{one.function}` | {markdown.cell(one.told.get('summary', ''))} |\n"
        for one in ordered
    )
    pages: Pages = {INDEX: f"{INTRODUCTION}{rows}"}
    for one in ordered:
        begun = pages.get(one.page) or f"# Endpoints: {_title(one.tag)}\n\n[All]({INDEX.name})\n"
        pages[one.page] = begun + _section(one)
    return pages


def _title(tag: str) -> str:
    return "the core" if tag == "Default" else tag.lower().replace("-", " ")


def _section(one: Operation) -> str:
    described = one.told.get("description") or one.told.get("summary", "")
    signed_in = {} not in one.told.get("security", [{}])
    parts = [f"\n## {one.heading}\n\n{described}\n\nFrom Python: `auth.api.{one.function}`."]
    parts += [" For who is signed in."] if signed_in else []
    parts += ["\n", _fields(one), _errors(one)]
    return "".join(parts)


def _fields(one: Operation) -> str:
    body = one.told.get("requestBody", {}).get("content", {})
    rows = [
        (parameter["name"], parameter["schema"], parameter.get("required", False))
        for parameter in one.told.get("parameters", [])
    ]
    for content in list(body.values())[:1]:
        schema = _resolved(content["schema"], one.document)
        required = schema.get("required", [])
        rows += [
            (name, told, name in required) for name, told in schema.get("properties", {}).items()
        ]
    if not rows:
        return ""
    listed = "".join(
        f"| `{name}` | {_kind(told)} | {'yes' if needed else ''} "
        f"| {markdown.cell(_resolved(told, one.document).get('description', ''))} |\n"
        for name, told, needed in rows
    )
    return f"\n| field | type | required | |\n|---|---|---|---|\n{listed}"


def _kind(schema: Mapping[str, Any]) -> str:
    """The type of a field in a word or two."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return " or ".join(dict.fromkeys(map(_kind, several)))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return " or ".join(f"`{msgspec.json.encode(value).decode()}`" for value in values)
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(f"`{each}`" for each in kind)
    inside = f" of {_kind(schema['items'])}" if kind == "array" and "items" in schema else ""
    return f"`{kind}`{inside}"


def _errors(one: Operation) -> str:
    own = [f"{status} `{code}`" for status, code in one.codes()]
    return f"\nErrors: {', '.join(own)}.\n" if own else ""


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found
