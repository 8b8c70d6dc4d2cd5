"""An application in each framework that says who is there, and test clients before it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx
import httpx2
from fastapi.testclient import TestClient as FastAPIClient
from litestar.testing import TestClient as LitestarClient
from starlette.testclient import TestClient
from werkzeug.test import Client as WerkzeugClient

from tests.adapters.apps import fastapi_app, flask_app, litestar_app, starlette_app
from watchword import Auth

Opened = AbstractContextManager[Any]


def _over_wsgi(kit: Any, auth: Auth[Any], address: str) -> Opened:
    transport: Any = kit.WSGITransport(app=flask_app(auth))
    return kit.Client(transport=transport, base_url=address)


CLIENTS: dict[str, Callable[[Auth[Any], str], Opened]] = {
    "flask": lambda auth, address: flask_app(auth).test_client(),
    "werkzeug": lambda auth, address: nullcontext(WerkzeugClient(flask_app(auth))),
    "starlette": lambda auth, address: TestClient(starlette_app(auth), base_url=address),
    "starlette-unopened": lambda auth, address: nullcontext(
        TestClient(starlette_app(auth), base_url=address)
    ),
    "fastapi": lambda auth, address: FastAPIClient(fastapi_app(auth), base_url=address),
    "litestar": lambda auth, address: LitestarClient(litestar_app(auth), base_url=address),
    "httpx-wsgi": lambda auth, address: _over_wsgi(httpx, auth, address),
    "httpx2-wsgi": lambda auth, address: _over_wsgi(httpx2, auth, address),
}
