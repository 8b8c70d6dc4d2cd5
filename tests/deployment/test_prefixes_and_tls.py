"""The tables of docs/deploying/proxies.md: servers below a prefix, and servers that end TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployment.certificates import made_certificate
from tests.deployment.printed_commands import Printed, rows
from tests.deployment.processes import running
from tests.deployment.visitor import SITE, Visitor
from tests.support.services import free_port

PREFIX = "/shop"
BELOW = rows("proxies.md", "Below a prefix")
ENCRYPTED = rows("proxies.md", "TLS without a proxy")
KEEPS_OR_STRIPS = {"keeps": PREFIX, "strips": ""}
"""What a proxy does with the prefix, and what of it arrives."""


def unique(printed: list[Printed]) -> list[object]:
    """One row of each command."""
    first = {one.command: one for one in reversed(printed)}
    return [pytest.param(one, id=one.cells[0]) for one in first.values()]


@pytest.mark.parametrize("printed", unique(BELOW))
def test_a_server_below_a_prefix_serves_all_of_the_application(
    printed: Printed, environ: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    environ |= {"BETTER_AUTH_URL": f"{SITE}{PREFIX}/api/auth", **printed.environ}
    proxies = [one.cells[1] for one in BELOW if one.command == printed.command]
    with running(printed.on(port), tmp_path / "log", environ) as server:
        for proxy in proxies:
            prefix = KEEPS_OR_STRIPS[proxy]
            server.await_answer(port, f"{prefix}/ready")
            visitor = Visitor(f"http://127.0.0.1:{port}", prefix=prefix)
            assert visitor.get("/ok").json == {"ok": True}
            assert visitor.session() is None


@pytest.mark.parametrize("printed", unique(ENCRYPTED))
def test_a_server_ends_tls_itself(
    printed: Printed, environ: dict[str, str], tmp_path: Path
) -> None:
    port, certificate = free_port(), made_certificate(tmp_path)
    files = {"site.pem": str(certificate.chain), "site.key": str(certificate.key)}
    with running(printed.on(port, files), tmp_path / "log", environ) as server:
        server.await_port(port)
        visitor = Visitor(f"https://127.0.0.1:{port}", trust=certificate.trust())
        assert visitor.sign_up().status == 200
        assert "__Secure-better-auth.session_token" in visitor.jar
        assert visitor.session()["user"]["email"] == "ada@example.com"


def test_the_tables_are_read() -> None:
    assert len(BELOW) == 10
    assert len(ENCRYPTED) == 4
