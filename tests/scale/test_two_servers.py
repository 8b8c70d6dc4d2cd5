"""Two servers on one PostgreSQL and one Redis, each killed in turn while visitors come and go."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support.databases import postgres_database, redis_keys
from tests.support.services import ROOT, free_port, require_node, wait_for

FOLDER = Path(__file__).parent
VISITORS, ROUNDS, KILLS = 6, 25, 6
COOKIE = "better-auth.session_token"


class Server:
    """A process that can be killed and started again on the same port."""

    def __init__(self, *arguments: str) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, str(FOLDER / "app.py"), str(self.port), *arguments]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        wait_for(f"{self.origin}/api/auth/ok", self._process)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@contextmanager
def two_servers() -> Generator[list[Server], None, None]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres_database())
        keys = stack.enter_context(redis_keys())
        servers: list[Server] = []
        for _ in range(2):
            servers.append(Server(url, keys.url, keys.prefix))
            stack.callback(servers[-1].kill)
        yield servers


def test_what_was_promised_holds_when_servers_are_killed() -> None:
    node = require_node(ROOT / "tests" / "client")
    with two_servers() as servers:
        lines = under_load(node, servers)
        assert lines[-1] == {"done": True}
        assert [line for line in lines if "violation" in line] == []
        signed_up = [line["signedUp"] for line in lines if "signedUp" in line]
        assert len(signed_up) == VISITORS * ROUNDS
        for number, email in enumerate(signed_up):
            assert sign_in(servers[number % 2], email) == 200
        for line in lines:
            if "revoked" in line:
                assert [session(server, line["revoked"]) for server in servers] == [None, None]


def under_load(node: str, servers: list[Server]) -> list[dict[str, str]]:
    """What visitors were promised while one server after the other is killed and comes back."""
    command = [node, str(FOLDER / "load.mjs"), str(VISITORS), str(ROUNDS)]
    command += [server.origin for server in servers]
    lines: list[dict[str, str]] = []
    kills = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdout is not None
        for text in load.stdout:
            lines.append(json.loads(text))
            # In the middle of the others' requests.
            if kills < KILLS and len(lines) >= (kills + 1) * 30:
                servers[kills % 2].kill()
                servers[kills % 2].start()
                kills += 1
    assert (load.returncode, kills) == (0, KILLS)
    return lines


def sign_in(server: Server, email: str) -> int:
    body = json.dumps({"email": email, "password": "correct horse"}).encode()
    headers = {"content-type": "application/json"}
    request = Request(f"{server.origin}/api/auth/sign-in/email", body, headers)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def session(server: Server, cookie: str) -> object:
    headers = {"cookie": f"{COOKIE}={cookie}"}
    request = Request(f"{server.origin}/api/auth/get-session", headers=headers)
    with urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
