"""What an answer says: a result of the endpoint's own types, a refusal, or the way elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from types import NoneType
from typing import Any, cast

import msgspec

from watchword.endpoint import results_of
from watchword.errors import APIError, Redirect
from watchword.http.json import InvalidJSON, decode
from watchword.http.response import Response

from .catalog import NO_VALUES, Catalog, Listing
from .failures import UnexpectedAnswer
from .shapes import Shapes

_JSON = "application/json"
_TOLD = {"location", "retry-after", "x-retry-after", "www-authenticate"}
"""Headers of refusals that go on. Of the others, some are secrets and some are about the body: an
error that is raised on within a server adds its headers to the answer of that."""


class Reader:
    """Reads the answers of one endpoint. Types are held to; fields that nobody knows here are
    left out: a newer server has them."""

    def __init__(self, listing: Listing, shapes: Shapes, catalog: Catalog) -> None:
        self._endpoint = listing.endpoint
        self._shapes = shapes
        self._catalog = catalog
        self._kinds = results_of(listing.endpoint.handler)

    def value(self, response: Response) -> Any:
        """The result. Raises `APIError`, `Redirect`, or `UnexpectedAnswer`."""
        status, location = response.status, response.header("location")
        if status in (302, 303) and location is not None:
            raise _redirect(location, response)
        if status >= 400:
            raise _refusal(response)
        if not 200 <= status < 300:
            raise self._unexpected(response, "neither a result nor a refusal")
        kinds, media = self._kinds, _media_of(response)
        if Response in kinds and media != _JSON:
            return response
        if str in kinds and media == "text/plain":
            return response.body.decode("utf-8", "replace")
        if NoneType in kinds and response.body in (b"", b"null"):
            return None
        return self._decoded(response)

    def _decoded(self, response: Response) -> Any:
        problem = ""
        for decoder in self._decoders():
            try:
                return decoder.decode(response.body)
            except msgspec.ValidationError as error:
                problem = problem or _place(error)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise self._unexpected(response, "it is not JSON") from None
        raise self._unexpected(response, f"it is not its result{problem}")

    def _decoders(self) -> Iterator[msgspec.json.Decoder[Any]]:
        """The endpoint's own types first; only where none fits, those of hooks around it."""
        yield from self._own
        yield from self._replacements

    @cached_property
    def _own(self) -> list[msgspec.json.Decoder[Any]]:
        kinds = (kind for kind in self._kinds if kind not in NO_VALUES)
        return [msgspec.json.Decoder(self._shapes.of(kind)) for kind in kinds]

    @cached_property
    def _replacements(self) -> list[msgspec.json.Decoder[Any]]:
        kinds = self._catalog.replacements(self._endpoint.path)
        return [msgspec.json.Decoder(self._shapes.of(kind)) for kind in kinds]

    def _unexpected(self, response: Response, problem: str) -> UnexpectedAnswer:
        return UnexpectedAnswer(self._endpoint.name, response.status, problem)


def _media_of(response: Response) -> str:
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def _redirect(location: str, response: Response) -> Redirect:
    made = Redirect(location)
    made.status = response.status
    return made


def _refusal(response: Response) -> APIError:
    try:
        found = decode(response.body)
    except InvalidJSON:
        found = None
    fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    code, message = (_popped(fields, name) for name in ("code", "message"))
    told = tuple(pair for pair in response.headers if pair[0] in _TOLD)
    return APIError(response.status, code, message, fields, headers=told)


def _popped(fields: dict[str, Any], name: str) -> str | None:
    return fields.pop(name) if isinstance(fields.get(name), str) else None


def _place(error: msgspec.ValidationError) -> str:
    """Where a result differs. Nothing else of the message: it may tell a value."""
    found = re.search(r"at `(\$[^`]*)`", str(error))
    return "" if found is None else f" at {found[1]}"
