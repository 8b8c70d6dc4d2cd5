"""The fake provider of tests/reference, and servers of ours whose Google it is."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.support.services import ROOT, free_port, require_node, wait_for

FOLDER = ROOT / "tests" / "reference"
CLIENT: dict[str, Any] = {"client_id": "google-client", "client_secret": "google-secret"}


@contextmanager
def fake_provider() -> Generator[str, None, None]:
    """The running provider; gives its origin."""
    port = free_port()
    command = [require_node(FOLDER), str(FOLDER / "fake-provider.mjs"), "--port", str(port)]
    process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/__control/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def by_way_of(provider: str) -> httpx2.MockTransport:
    """Sends what is meant for Google to the fake provider."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        kept = {name: request.headers[name] for name in request.headers if name in _SENT}
        with httpx2.Client() as client:
            got = client.request(
                request.method,
                there(provider, str(request.url)),
                headers=kept,
                content=request.read(),
            )
        kind = got.headers.get("content-type", "")
        return httpx2.Response(got.status_code, headers={"content-type": kind}, content=got.content)

    return httpx2.MockTransport(answer)


_SENT = ("accept", "authorization", "content-type")


def there(provider: str, url: str) -> str:
    """Where a URL of Google's is at the fake provider."""
    return f"{provider}/{url.removeprefix('https://')}"


def consent(provider: str, url: str, profile: dict[str, Any]) -> str:
    """Somebody agrees at Google; where the browser is sent to then."""
    told = base64.urlsafe_b64encode(json.dumps({"profile": profile}).encode()).decode().rstrip("=")
    with httpx2.Client() as client:
        answer = client.get(there(provider, url), headers={"x-oracle-user": told})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]
