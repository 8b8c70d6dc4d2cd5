"""Each server of docs/deploying/servers.md: the application is served, and nothing promised is lost
when it is told to end.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.deployment.post_office import post_office
from tests.deployment.printed_commands import Printed, rows
from tests.deployment.processes import running
from tests.deployment.visitor import Visitor
from tests.support.services import free_port

SERVERS = rows("servers.md")
CLIENT, FORGED = "198.51.100.7", "203.0.113.9"


def test_the_page_lists_every_server() -> None:
    programs = {printed.command.split()[0] for printed in SERVERS}
    assert programs == {
        *("uvicorn", "gunicorn", "granian", "hypercorn", "waitress-serve", "uwsgi"),
    }


@pytest.mark.parametrize("printed", [pytest.param(one, id=one.id) for one in SERVERS])
def test_a_mail_that_was_promised_is_sent_before_the_server_ends(
    printed: Printed, environ: dict[str, str], tmp_path: Path
) -> None:
    port, sign = free_port(), signal.Signals[printed.cells[2]]
    with post_office(takes=0.5) as office:
        environ |= {"SMTP_SERVER": office.address, "TRUSTED_PROXIES": "127.0.0.1"}
        with running(printed.on(port), tmp_path / "log", environ) as server:
            server.await_answer(port)
            # As a proxy of this machine passes it on that lets other spellings through.
            said = {"X-Forwarded-For": CLIENT, "X_Forwarded_For": FORGED}
            visitor = Visitor(f"http://127.0.0.1:{port}", headers=said)
            visitor.lives_through()
            found = visitor.session()["session"]["ipAddress"]
            assert found == (CLIENT if printed.cells[3] == "yes" else FORGED)
            asked = visitor.post("/request-password-reset", {"email": "ada@example.com"})
            assert asked.status == 200
            assert office.arrived.wait(30)
            server.ask_to_end(sign)
            # uvicorn ends itself by the signal that it got.
            assert server.wait() in (0, -sign)
            assert len(office.letters) == 1
            assert "Traceback" not in server.log
