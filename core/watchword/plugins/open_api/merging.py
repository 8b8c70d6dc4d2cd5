"""The document of a server inside that of the application that it is mounted in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from watchword.configuration.configuration import Configuration

from .document import DEFAULT_TAG
from .plugin import OpenAPI

_GROUP = "Auth"
"""Stands before the tags of a server, and before what would have a name that is taken."""

_Named = Mapping[str, dict[str, Any]]


def merged(config: Configuration, outer: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The document of an application, with the operations of a server below `prefix`.

    The application's paths, components and ids stay as they are; where the server has something of
    the same name, that gets another one. Without plugin `OpenAPI` the document is as before.
    """
    plugin = next((one for one in config.plugins.values() if isinstance(one, OpenAPI)), None)
    if plugin is None:
        return dict(outer)
    inner = plugin.document(config, prefix)
    own = cast("_Named", outer.get("components") or {})
    names = dict(_names(inner["components"], own))
    paths: dict[str, Any] = dict(outer.get("paths") or {})
    ids = set(_ids(paths))
    for path, item in inner["paths"].items():
        placed = _pointing(item, names)
        for operation in placed.values():
            _place(operation, names, ids)
        paths.setdefault(prefix + path, placed)
    tags: list[dict[str, Any]] = list(outer.get("tags") or ())
    known = {tag["name"] for tag in tags}
    for tag in inner["tags"]:
        if (name := _tag(tag["name"])) not in known:
            tags.append({**tag, "name": name})
    components = {**own, **_components(inner["components"], own, names)}
    return {**outer, "paths": paths, "components": components, "tags": tags}


def _names(inner: _Named, own: _Named) -> Iterator[tuple[str, str]]:
    """Where each component was, and where it is to be."""
    for kind, members in inner.items():
        for name in members:
            yield _place_of(kind, name), _place_of(kind, _free(name, own.get(kind, ())))


def _components(inner: _Named, own: _Named, names: Mapping[str, str]) -> _Named:
    return {
        kind: {
            **own.get(kind, {}),
            **{
                names[_place_of(kind, name)].rpartition("/")[2]: _pointing(member, names)
                for name, member in members.items()
            },
        }
        for kind, members in inner.items()
    }


def _place(operation: dict[str, Any], names: Mapping[str, str], ids: set[str]) -> None:
    operation["operationId"] = _free(operation["operationId"], ids)
    ids.add(operation["operationId"])
    operation["tags"] = [_tag(tag) for tag in operation["tags"]]
    operation["security"] = [
        {
            names[_place_of("securitySchemes", name)].rpartition("/")[2]: scopes
            for name, scopes in one.items()
        }
        for one in operation["security"]
    ]


def _place_of(kind: str, name: str) -> str:
    return f"#/components/{kind}/{name}"


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name = f"{_GROUP}{name[:1].upper()}{name[1:]}"
    return name


def _tag(name: str) -> str:
    return _GROUP if name == DEFAULT_TAG else f"{_GROUP}: {name}"


def _ids(paths: Mapping[str, Any]) -> Iterator[str]:
    for item in paths.values():
        for operation in item.values():
            if isinstance(operation, dict):
                yield cast("dict[str, Any]", operation).get("operationId") or ""


def _pointing(value: Any, names: Mapping[str, str]) -> Any:
    """The same with its references led to where the components are now."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {
            key: names[item] if key == "$ref" else _pointing(item, names)
            for key, item in pairs.items()
        }
    if isinstance(value, list):
        return [_pointing(item, names) for item in cast("list[Any]", value)]
    return value
