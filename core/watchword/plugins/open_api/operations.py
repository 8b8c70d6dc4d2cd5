"""One endpoint as an operation: what it takes, who may ask, what it answers."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Sequence
from types import NoneType
from typing import Annotated, Any

from watchword.call import Change
from watchword.configuration.configuration import Configuration
from watchword.endpoint import Endpoint, results_of
from watchword.errors import Redirect
from watchword.http.response import Response
from watchword.plugin_base import Hook, Plugin, Stage

from .answers import Answers
from .schemas import Schema, Schemas, described

COOKIE = "apiKeyCookie"
"""The security scheme of the session cookie, under the name that the protocol's document has."""
_PARAMETER = re.compile(r":([^/]+)")
_STAGES: tuple[Stage, ...] = ("before", "gate", "after")
_JSON = "application/json"
_NO_VALUES: tuple[object, ...] = (Response, Redirect, Change)
_REDIRECT: Schema = {
    "description": "The browser is sent on; where something failed, with `error` in the query",
    "headers": {"Location": {"schema": {"type": "string"}}},
}


class Operations:
    """Makes the operations of one configuration; what they speak of is added to `schemas`."""

    def __init__(self, config: Configuration, schemas: Schemas, schemes: Sequence[str]) -> None:
        self._schemas = schemas
        self._schemes = schemes
        self.answers = Answers(config)
        self._hooks = [
            (plugin, hook, _arms(hook.method))
            for plugin in config.plugins.values()
            for stage in _STAGES
            for hook in plugin.hooks(stage)
        ]
        self._taken: set[str] = set()

    def of(
        self, plugin: Plugin, endpoint: Endpoint[Any, Any], tags: Sequence[str]
    ) -> Iterator[tuple[str, Schema]]:
        """Method (in lower case) and operation, for each method of an endpoint."""
        for method in endpoint.methods:
            yield method.lower(), self._operation(plugin, endpoint, method, tags)

    def _operation(
        self, plugin: Plugin, endpoint: Endpoint[Any, Any], method: str, tags: Sequence[str]
    ) -> Schema:
        text = described(endpoint.handler.__doc__)
        made: Schema = {"tags": list(tags)}
        if text:
            made |= {"summary": re.split(r"(?<=[.:;])\s", text)[0].rstrip(".:;")}
            made |= {"description": text}
        made["operationId"] = self._id(endpoint.name, method)
        anybody: list[Schema] = [{}] if endpoint.traits.requires == "nothing" else []
        made["security"] = [*anybody, *({scheme: []} for scheme in self._schemes)]
        if parameters := list(self._parameters(endpoint)):
            made["parameters"] = parameters
        if method != "GET" and endpoint.input is not None and endpoint.source == "body":
            schema = self._schemas.of(endpoint.input, "input")
            # Forms, where they are read too, are for browsers: generated clients send JSON.
            made["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
        around = [found for found in self._hooks if _stands_around(found[1], endpoint)]
        replaced = [arm for *_, arms in around for arm in arms if arm is not NoneType]
        methods = [(owner, hook.method) for owner, hook, _ in around]
        made["responses"] = {
            **self._results(endpoint, replaced),
            **self.answers.errors(endpoint, plugin, methods),
        }
        return made

    def _id(self, name: str, method: str) -> str:
        first, *more = name.split("_")
        wanted = found = first + "".join(word[:1].upper() + word[1:] for word in more)
        number = 1
        while found in self._taken:
            found = f"{wanted}{method.capitalize()}" + (str(number) if number > 1 else "")
            number += 1
        self._taken.add(found)
        return found

    def _parameters(self, endpoint: Endpoint[Any, Any]) -> Iterator[Schema]:
        for name in _PARAMETER.findall(endpoint.path):
            schema = {"type": "string", "minLength": 1}
            yield {"name": name, "in": "path", "required": True, "schema": schema}
        if endpoint.input is None or endpoint.source == "body":
            return
        for name, required, schema in self._schemas.fields(endpoint.input):
            yield {"name": name, "in": "query", "required": required, "schema": schema}

    def _results(self, endpoint: Endpoint[Any, Any], replaced: Sequence[object]) -> Schema:
        arms = _arms(endpoint.handler)
        leads_on = arms in ([NoneType], [Redirect]) or endpoint.traits.redeems
        if leads_on:
            arms = [arm for arm in arms if arm is not NoneType]
        made: Schema = {}
        values = [arm for arm in (*arms, *replaced) if arm not in _NO_VALUES]
        content: Schema = {}
        if values:
            content[_JSON] = {"schema": self._schemas.any_of(values, "result")}
        if Response in (*arms, *replaced):
            content["text/html"] = {"schema": {"type": "string"}}
        if content:
            made["200"] = {"description": "Success", "content": content}
        if leads_on or Redirect in (*arms, *replaced) or Response in arms:
            made["302"] = _REDIRECT
        return made


def _stands_around(hook: Hook, endpoint: Endpoint[Any, Any]) -> bool:
    """Whether an endpoint's answer may be a hook's. One behind new sessions has to do with those
    that sign somebody in: they ask for no session, and tell who it is that has one now."""
    if not hook.matches(endpoint.path):
        return False
    return not hook.new_session or (endpoint.traits.requires == "nothing" and _tells_who(endpoint))


def _tells_who(endpoint: Endpoint[Any, Any]) -> bool:
    arms = _arms(endpoint.handler)
    kinds = [typing.get_origin(arm) or arm for arm in arms]
    fields = [getattr(kind, "__struct_encode_fields__", ()) for kind in kinds]
    return NoneType not in arms and any("user" in names for names in fields)


def path_of(declared: str) -> str:
    """A declared path as the document writes it: `/reset-password/{token}`."""
    return _PARAMETER.sub(r"{\1}", declared)


def _arms(function: Callable[..., object]) -> list[object]:
    return [_told(arm) for arm in results_of(function)]


def _told(arm: object) -> object:
    """The type itself; of `Annotated[Response, T]`, a response that is written already, T."""
    kind, *about = typing.get_args(arm) if typing.get_origin(arm) is Annotated else (arm,)
    return about[0] if kind is Response and about else arm
