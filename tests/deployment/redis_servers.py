"""Redis servers of a test's own: a primary with a replica and a Sentinel, and a cluster."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.deployment.processes import PATIENCE, Program, running
from tests.support.services import free_port, require

SLOTS = 16_384


class Servers:
    """Programs that listen on ports of this machine."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        require(found is not None, "redis-server", "Install it (Debian: redis-server).")
        self._program = str(found)
        self._folder = folder
        self._stack = ExitStack()

    def start(self, *options: str, sentinel: str = "") -> tuple[int, Program]:
        """A server, on a port of its own."""
        port = free_port()
        folder = self._folder / str(port)
        folder.mkdir()
        file = folder / "redis.conf"
        file.write_text(sentinel)
        command = [self._program, str(file), "--port", str(port), "--dir", str(folder)]
        command += ["--save", "", "--bind", "127.0.0.1", *options]
        if sentinel:
            command = [self._program, str(file), "--port", str(port), "--sentinel"]
        program = self._stack.enter_context(running(command, folder / "log", folder=folder))
        program.await_port(port)
        return port, program

    def end(self) -> None:
        self._stack.close()


@contextmanager
def servers(folder: Path) -> Generator[Servers, None, None]:
    made = Servers(folder)
    try:
        yield made
    finally:
        made.end()


class Watched:
    """A primary, its replica, and the Sentinel that watches over them."""

    def __init__(self, started: Servers) -> None:
        self.primary, self._program = started.start()
        self.replica, _ = started.start("--replicaof", "127.0.0.1", str(self.primary))
        self.sentinel, _ = started.start(
            sentinel=f"sentinel monitor app 127.0.0.1 {self.primary} 1\n"
            "sentinel down-after-milliseconds app 1000\n"
            "sentinel failover-timeout app 2000\n"
        )
        until(lambda: self._knows_replica(), "the Sentinel knows no replica")

    def copied(self) -> None:
        """Wait until the replica has all that was written."""
        with Redis(port=self.primary) as client:
            client.set("written", "last")  # WAIT speaks of its own connection's writes alone
            until(lambda: client.execute_command("WAIT", 1, 1000) == 1, "nothing is copied")

    def lose_primary(self) -> None:
        self._program.ask_to_end()
        self._program.wait()

    def _knows_replica(self) -> bool:
        with Redis(port=self.sentinel, decode_responses=True) as client:
            return bool(client.execute_command("SENTINEL", "REPLICAS", "app"))


def cluster(started: Servers) -> list[int]:
    """The ports of three nodes that share all keys."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    nodes: list[tuple[int, int]] = []
    for _ in range(3):
        bus = free_port()
        port, _ = started.start(*options, "--cluster-port", str(bus))
        nodes.append((port, bus))
    clients = [Redis(port=port, decode_responses=True) for port, _ in nodes]
    for number, client in enumerate(clients):
        first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", *nodes[number])
    for client in clients:
        until(lambda client=client: is_whole(client), "the cluster does not come together")
        client.close()
    return [port for port, _ in nodes]


def is_whole(client: Redis) -> bool:
    told = str(client.execute_command("CLUSTER", "INFO"))
    return "cluster_state:ok" in told and "cluster_known_nodes:3" in told


def until(holds: Callable[[], bool], missing: str) -> None:
    """Look again until something holds that servers do in their own time."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if holds():
                return
        except RedisError:
            pass
        if time.monotonic() > end:
            pytest.fail(missing)
        time.sleep(0.02)
