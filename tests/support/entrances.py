"""The ASGI and the WSGI entrance of one server, without a network: any bytes can be sent."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from watchword import Auth
from watchword.adapters.asgi import ASGIApp
from watchword.adapters.wsgi import WSGIApp

Fields = Iterable[tuple[str, bytes]]


@dataclass
class Raw:
    """A response as it left an entrance."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> str | None:
        """The code of an error, or what OAuth calls so."""
        found = json.loads(self.body) if self.body else {}
        return found.get("code") or found.get("error")

    def all(self, name: str) -> list[str]:
        """The values of all fields of a lower-case name."""
        return [value for known, value in self.fields if known.lower() == name]


class Entrances:
    """Both entrances; close it, or use it in a `with`."""

    def __init__(self, auth: Auth[Any]) -> None:
        self.auth = auth
        self.loop = asyncio.new_event_loop()
        self._asgi, self._wsgi = ASGIApp(auth), WSGIApp(auth)

    def __enter__(self) -> Entrances:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.loop.run_until_complete(self.auth.close())
        self.loop.close()
        self.auth.blocking.close()

    def send(
        self,
        entrance: str,
        method: str,
        path: bytes,
        *,
        query: bytes = b"",
        fields: Fields = (),
        body: bytes = b"",
    ) -> Raw:
        """A request through `asgi` or `wsgi`."""
        through = self._through_asgi if entrance == "asgi" else self._through_wsgi
        return through(method, path, query, fields, body)

    def _through_asgi(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes
    ) -> Raw:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.encode(), value) for name, value in fields],
            "client": ("203.0.113.7", 1),
            "server": ("localhost", 3000),
        }
        self.loop.run_until_complete(self._asgi(scope, receive, send))
        start, *rest = sent
        headers = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
        return Raw(start["status"], headers, b"".join(part.get("body", b"") for part in rest))

    def _through_wsgi(
        self, method: str, path: bytes, query: bytes, fields: Fields, body: bytes
    ) -> Raw:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: object) -> Any:
            started.append((status, headers))

        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "3000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "203.0.113.7",
        }
        for name, value in fields:
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.decode("latin-1")
        parts = self._wsgi(environ, start)
        status, headers = started[0]
        return Raw(int(status[:3]), list(headers), b"".join(parts))
