"""The options of docs/deploying/proxies.md for clouds that write headers: who is taken for whom."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.docs.blocks import blocks
from tests.support.services import ROOT
from watchword import Auth, BytesBody, Headers, Request

PAGE = ROOT / "docs" / "deploying" / "proxies.md"
CLIENT, FORGED, STRANGER = "198.51.100.7", "203.0.113.9", "192.0.2.66"
CLOUDFLARE, BALANCER = "162.158.10.4", "10.0.3.7"
NETWORKS = "162.158.0.0/15\n172.64.0.0/13\n2400:cb00::/32\n"


def shown(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Auth[Any]:
    """The server of the block in which a word stands."""
    (block,) = [one for one in blocks(PAGE) if part in one.text]
    (tmp_path / "cloudflare.txt").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETTER_AUTH_SECRET", "forwarded-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0")
    module = ModuleType("shown")
    exec(compile(block.text, "block", "exec", dont_inherit=True), vars(module))
    auth: Auth[Any] = vars(module)["auth"]
    auth.blocking.migrate()
    return auth


def noted(auth: Auth[Any], peer: str, **headers: str) -> str:
    """The address that a new session has."""
    sent = {"content-type": "application/json", "origin": "https://app.example.com"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    number = auth.blocking.users.count()
    person = {"name": "A", "email": f"u{number}@example.com", "password": "correct horse"}
    answer = auth.blocking.handle(
        Request(
            method="POST",
            path="/api/auth/sign-up/email",
            headers=Headers(sent.items()),
            body=BytesBody(json.dumps(person).encode()),
            client=peer,
        )
    )
    assert answer.status == 200
    found = auth.blocking.users.find(person["email"])
    assert found is not None
    return auth.blocking.users.sessions(found.id)[0].ip_address or ""


@pytest.mark.parametrize("said", ["", f"{FORGED}, ", f"{FORGED}, {CLOUDFLARE}, "])
def test_cloudflare_appends_the_client(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = shown("cloudflare", tmp_path, monkeypatch)
    forged = {"cf_connecting_ip": FORGED, "true_client_ip": FORGED}
    # Cloudflare asks the application, or nginx before it, which appends who asked.
    straight = noted(auth, CLOUDFLARE, x_forwarded_for=f"{said}{CLIENT}", **forged)
    behind = noted(auth, "127.0.0.1", x_forwarded_for=f"{said}{CLIENT}, {CLOUDFLARE}", **forged)
    assert (straight, behind) == (CLIENT, CLIENT)


def test_who_goes_round_cloudflare_is_taken_for_who_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = shown("cloudflare", tmp_path, monkeypatch)
    said = f"{FORGED}, {CLOUDFLARE}, {STRANGER}"  # the last is nginx's word
    assert noted(auth, "127.0.0.1", x_forwarded_for=said) == STRANGER


@pytest.mark.parametrize("said", ["", f"{FORGED}, ", f"{FORGED}, {BALANCER}, "])
@pytest.mark.parametrize("port", ["", ":40001"])
def test_a_load_balancer_appends_the_client(
    said: str, port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = shown("its subnets", tmp_path, monkeypatch)
    assert noted(auth, BALANCER, x_forwarded_for=f"{said}{CLIENT}{port}") == CLIENT
    assert noted(auth, BALANCER) == BALANCER
