"""Which errors an endpoint may answer with: from what it asks for, and from those that it names.

A docstring names errors behind `Raises`: by code (one in small letters stands in backticks), and by
status where that is not the code's own.
One that names none may end in any error of its plugin.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from watchword.configuration.configuration import Configuration
from watchword.endpoint import Endpoint
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.globs import path_glob
from watchword.pipeline.origin_check import URL_FIELDS, OriginCodes
from watchword.pipeline.validation import ValidationCodes
from watchword.plugin_base import Plugin
from watchword.sessions.sessions import SessionCodes

from .schemas import REFERENCE, Schema

_CODE = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*\b|(?<=`)[a-z_]+(?=`)")
_STATUS = re.compile(r"\b[45][0-9]{2}\b")
_RAISES = re.compile(r"\bRaises\b(.*)", re.DOTALL)

ERROR = "Error"
ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "Why a request was refused. Some refusals have no body.",
    "properties": {"message": {"type": "string"}, "code": {"type": "string"}},
}
_HEADERS: Mapping[int, Schema] = {
    429: {
        "X-Retry-After": {
            "description": "Seconds to wait before the next attempt",
            "schema": {"type": "integer"},
        }
    }
}
_RESPONSES = "#/components/responses/"

Method = Callable[..., object]
Found = dict[int, dict[str, str]]
"""Message by code, by status; an empty dict where no code is known."""


class Answers:
    """Finds the errors of endpoints in one configuration."""

    def __init__(self, config: Configuration) -> None:
        self.components: dict[str, Schema] = {}
        """The answers that are the same in several places, by name."""
        self._limited = config.rate_limit.enabled
        self._naming = [
            (plugin, [path_glob(pattern) for pattern in plugin.named_paths()])
            for plugin in config.plugins.values()
        ]
        """The plugins that stand before paths that their options name."""
        self._by_name: dict[str, ErrorCode] = {}
        groups = [ValidationCodes, OriginCodes, SessionCodes]
        for group in (*groups, *(plugin.codes for plugin in config.plugins.values())):
            for name, code in group.declared():
                self._by_name.setdefault(code.told_by or name, code)

    def errors(
        self, endpoint: Endpoint[Any, Any], plugin: Plugin, hooks: Iterable[tuple[Plugin, Method]]
    ) -> dict[str, Schema]:
        """The error answers of an endpoint, by status; `hooks` are those around it."""
        usual, found = Found(), Found()
        for into in (usual, found):
            for code in self._usual(endpoint):
                _note(into, code)
            for status in self._usual_statuses():
                into.setdefault(status, {})
        for status, code in self._own(endpoint, plugin, hooks):
            if code is None:
                found.setdefault(status, {})
            else:
                _note(found, code, status)
        return {
            str(status): self._answer(status, codes, shared=codes == usual.get(status, {}))
            for status, codes in sorted(found.items())
        }

    def _own(
        self, endpoint: Endpoint[Any, Any], plugin: Plugin, hooks: Iterable[tuple[Plugin, Method]]
    ) -> Iterator[tuple[int, ErrorCode | None]]:
        named = list(self._named(plugin, endpoint.handler))
        yield from named or ((code.status, code) for _, code in plugin.codes.declared())
        for owner, method in hooks:
            yield from self._named(owner, method)
        for owner, patterns in self._naming:
            if any(pattern.fullmatch(endpoint.path) for pattern in patterns):
                yield from ((code.status, code) for _, code in owner.codes.declared())

    def _usual(self, endpoint: Endpoint[Any, Any]) -> Iterator[ErrorCode]:
        traits = endpoint.traits
        yield ValidationCodes.VALIDATION_ERROR
        if endpoint.methods != ("GET",):
            yield ValidationCodes.BAD_REQUEST
            yield ValidationCodes.PAYLOAD_TOO_LARGE
            yield ValidationCodes.UNSUPPORTED_MEDIA_TYPE
            yield OriginCodes.INVALID_ORIGIN
            yield OriginCodes.MISSING_OR_NULL_ORIGIN
        if traits.check_login_csrf:
            yield OriginCodes.CROSS_SITE_NAVIGATION_LOGIN_BLOCKED
        # Looked at in every body, and in the query where the endpoint says so.
        known = endpoint.input.__struct_encode_fields__ if endpoint.input is not None else ()
        for name, code in URL_FIELDS:
            if name in known and (endpoint.source == "body" or name in traits.trusted_urls):
                yield code
        yield SessionCodes.UNAUTHORIZED
        if traits.requires == "fresh":
            yield SessionCodes.SESSION_NOT_FRESH

    def _usual_statuses(self) -> Iterator[int]:
        if self._limited:
            yield 429
        yield from (500, 503)

    def _named(self, plugin: Plugin, method: Method) -> Iterator[tuple[int, ErrorCode | None]]:
        told = _RAISES.search(method.__doc__ or "")
        if told is None:
            return
        # Several features have codes of one name: those that the method itself can see are meant.
        own: dict[str, ErrorCode] = {}
        for group in (plugin.codes, *_groups(vars(inspect.getmodule(method)).values())):
            for name, code in group.declared():
                own.setdefault(name, code)
                own.setdefault(code.told_by or name, code)
        # Statuses stand in brackets behind a code, or alone.
        for part in re.split(r",(?![^(]*\))", told[1]):
            statuses = [int(found) for found in _STATUS.findall(part)]
            codes = [own.get(name) or self._by_name.get(name) for name in _CODE.findall(part)]
            known = [code for code in codes if code is not None]
            for code in known:
                yield code.status, code
                yield from ((status, code) for status in statuses)
            if not known:
                yield from ((status, None) for status in statuses)

    def _answer(self, status: int, codes: Mapping[str, str], *, shared: bool) -> Schema:
        answer = _answer(status, codes)
        if not shared:
            return answer
        name, number = HTTPStatus(status).phrase.replace(" ", ""), 1
        while self.components.setdefault(name, answer) != answer:
            number += 1
            name = f"{name.rstrip('0123456789')}{number}"
        return {"$ref": _RESPONSES + name}


def _groups(values: Iterable[object]) -> Iterator[type[ErrorCodes]]:
    return (one for one in values if isinstance(one, type) and issubclass(one, ErrorCodes))


def _note(found: Found, code: ErrorCode, status: int | None = None) -> None:
    codes = found.setdefault(status or code.status, {})
    if code.told_by is not None:
        codes.setdefault(code.told_by, code.message)


def _answer(status: int, codes: Mapping[str, str]) -> Schema:
    phrase = HTTPStatus(status).phrase
    listed = "\n".join(f"- `{code}`: {message}" for code, message in codes.items())
    answer: Schema = {"description": f"{phrase}\n\n{listed}" if listed else phrase}
    if status in _HEADERS:
        answer["headers"] = _HEADERS[status]
    answer["content"] = {"application/json": {"schema": {"$ref": REFERENCE + ERROR}}}
    return answer
