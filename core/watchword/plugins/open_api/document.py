"""The document of one configuration, made once: everything but the address of the server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from watchword.configuration.configuration import Configuration
from watchword.database.records import Attribute, Record, attributes_of
from watchword.endpoint import Endpoint
from watchword.plugin_base import Plugin
from watchword.records import Session, User

from .answers import ERROR, ERROR_SCHEMA
from .operations import COOKIE, Operations, path_of
from .schemas import Schema, Schemas, described

VERSION = "3.1.1"
DEFAULT_TAG = "Default"
"""Of what every server does."""
_ABOUT = (
    "Endpoints of the authentication server. A request other than GET that carries cookies must "
    "say by `Origin` or `Referer` that it comes from a trusted site. Where requests are limited, "
    "an answer 429 says in `X-Retry-After` how many seconds to wait."
)
_TAKING_COLUMNS: Mapping[str, tuple[type[Record], bool]] = {
    "/sign-up/email": (User, True),
    "/update-user": (User, False),
    "/update-session": (Session, False),
}
"""Whose columns an endpoint takes beside its own fields, and whether it makes a row of them."""


def made_document(config: Configuration) -> dict[str, Any]:
    """The document without `servers`: the endpoints that are answered over HTTP, but those of the
    plugin `open-api` itself, those that are disabled, and pages for people."""
    schemas = Schemas(config.tables)
    schemas.components[ERROR] = ERROR_SCHEMA
    for record in _tables(config):
        schemas.add_table(record)
    schemes = _schemes(config)
    operations = Operations(config, schemas, tuple(schemes))
    paths: dict[str, Schema] = {}
    tags: dict[str, str] = {}
    for plugin, endpoint in _endpoints(config):
        tag, about = _tag(config, plugin)
        tags.setdefault(tag, about)
        item = paths.setdefault(path_of(endpoint.path), {})
        item.update(operations.of(plugin, endpoint, (tag,)))
        if endpoint.path in _TAKING_COLUMNS and endpoint.input is not None:
            record, creating = _TAKING_COLUMNS[endpoint.path]
            schemas.extend(endpoint.input, _beyond(config, record), creating=creating)
    return {
        "openapi": VERSION,
        "info": {"title": config.options.app_name, "description": _ABOUT, "version": "1.1.0"},
        "security": [{scheme: []} for scheme in schemes],
        "tags": [{"name": name, "description": about} for name, about in tags.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": operations.answers.components,
            "securitySchemes": schemes,
        },
    }


def for_server(encoded: bytes, base_url: str) -> dict[str, Any]:
    """A document, as JSON without `servers`, for a server at `base_url` (with the base path)."""
    return {**msgspec.json.decode(encoded), "servers": [{"url": base_url}]}


def _tables(config: Configuration) -> Iterator[type[Record]]:
    options = config.options
    yield from (options.user_type, options.session.model, options.account.model)
    yield options.verification.model
    for plugin in config.plugins.values():
        yield from plugin.records


def _endpoints(config: Configuration) -> Iterator[tuple[Plugin, Endpoint[Any, Any]]]:
    for plugin in config.plugins.values():
        for endpoint in () if plugin.id == "open-api" else plugin.endpoints():
            traits = endpoint.traits
            hidden = endpoint.path in config.options.disabled_paths
            if not (hidden or traits.server_only or traits.page):
                yield plugin, endpoint


def _beyond(config: Configuration, base: type[Record]) -> list[Attribute]:
    """The columns that a table has beside those of the core."""
    core = {one.name for one in attributes_of(base)}
    return [one for name, one in config.tables.of(base).attributes.items() if name not in core]


def _tag(config: Configuration, plugin: Plugin) -> tuple[str, str]:
    if not any(plugin is one for one in config.options.plugins):
        return DEFAULT_TAG, "What every server does"
    return plugin.id[:1].upper() + plugin.id[1:], described(type(plugin).__doc__)


def _schemes(config: Configuration) -> dict[str, Schema]:
    cookie = next(config.sites.examples()).cookies.session_token
    schemes: dict[str, Schema] = {
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The session, as signing in sets it",
        }
    }
    for credential in config.credentials:
        header = credential.header.lower()
        if header == "authorization":
            schemes["bearerAuth"] = {"type": "http", "scheme": "bearer"}
        else:
            schemes[header] = {"type": "apiKey", "in": "header", "name": header}
    return schemes
