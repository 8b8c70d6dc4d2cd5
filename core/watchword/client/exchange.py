"""One call over HTTP, for both kinds of clients: sending it, and reading its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from watchword.database.records import Record
from watchword.endpoint import Endpoint
from watchword.http.headers import Headers
from watchword.http.response import Response
from watchword.runtime.outgoing import (
    OutgoingAnswer,
    OutgoingFailed,
    OutgoingHTTP,
    OutgoingRequest,
)
from watchword.server_api import Arguments, WithHeaders

from .catalog import Catalog, Listing
from .failures import NoAnswer, Reason
from .reading import Reader
from .sending import body_of, path_of
from .shapes import Shapes
from .site import Site

if TYPE_CHECKING:
    from .jar import Jar

_CREDENTIALS = {"cookie", "authorization"}


class Exchange:
    """Calls endpoints of one server."""

    def __init__(
        self,
        site: Site,
        jar: Jar,
        http: OutgoingHTTP,
        *,
        catalog: Catalog,
        records: Sequence[type[Record]],
        retries: int,
    ) -> None:
        self._site = site
        self._jar = jar
        self._http = http
        self._catalog = catalog
        self._records = records
        self._retries = retries
        self._readers: dict[str, Reader] = {}

    async def invoke(self, name: str, arguments: Arguments) -> Any:
        """Run an endpoint. Raises `APIError`, unless the response itself is asked for; and
        `NoAnswer`, `UnexpectedAnswer`, or `LookupError` for what no server answers."""
        if arguments.request is not None or arguments.checked is not None:
            raise TypeError("request= and checked= are for calls within the server; give headers=")
        listing = self._catalog.find(name)
        if listing.endpoint.traits.server_only:
            raise LookupError(
                f"{name} is never served over HTTP; call it by auth.api on the server"
            )
        answer = await self._ask(listing.endpoint, arguments)
        if answer.status == 405 and listing.endpoint.traits.redeems:
            # A link that asks first: whoever calls its function has been asked.
            posted = replace(listing.endpoint, methods=("POST",), source="body")
            answer = await self._ask(posted, arguments)
        headers = tuple((key.lower(), value) for key, value in answer.pairs)
        response = Response(answer.status, headers, answer.body)
        if arguments.form == "response":
            return response
        value = self._reader(listing).value(response)
        return value if arguments.form == "value" else WithHeaders(value, response)

    async def _ask(self, endpoint: Endpoint[Any, Any], arguments: Arguments) -> OutgoingAnswer:
        method, url = endpoint.methods[0], self._site.url + path_of(endpoint, arguments)
        given = {key.lower(): value for key, value in Headers.of(arguments.headers)}
        # Whoever a call speaks for by itself is not whom the client speaks for.
        stranger = not _CREDENTIALS.isdisjoint(given)
        own = {} if stranger else self._jar.headers(url)
        headers = {"accept": "application/json", "origin": self._site.origin, **own}
        body = b""
        if method != "GET":
            headers["content-type"] = "application/json"
            body = body_of(endpoint, arguments)
        request = OutgoingRequest(url=url, method=method, headers={**headers, **given}, body=body)
        # What uses something up is asked for once, like what writes.
        safe = method == "GET" and not endpoint.traits.redeems
        answer = await self._send(request, self._retries if safe else 0)
        if not stranger:
            self._jar.keep(url, answer)
        return answer

    async def _send(self, request: OutgoingRequest, retries: int) -> OutgoingAnswer:
        while True:
            try:
                return await self._http.send(request)
            except OutgoingFailed as error:
                if error.reason != "unreachable" or retries == 0:
                    raise NoAnswer(self._site.host, cast("Reason", error.reason)) from None
                retries -= 1

    def _reader(self, listing: Listing) -> Reader:
        name = listing.endpoint.name
        found = self._readers.get(name)
        if found is None:
            # What a plugin's own endpoints answer has the plugin's fields.
            shapes = Shapes(self._records, (*self._catalog.given, listing.plugin))
            found = self._readers[name] = Reader(listing, shapes, self._catalog)
        return found
