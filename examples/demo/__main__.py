"""Runs the demonstration: `python -m examples.demo [--port 8000] [--data FOLDER]`."""

from __future__ import annotations

import argparse
import os
import socket
from contextlib import suppress
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from .administrator import EMAIL, password_file
from .app import create_app


class Quiet(WSGIRequestHandler):
    """Logs no requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    default = Path(__file__).parent / "data"
    parser.add_argument("--data", type=Path, default=default, help="folder for its files")
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    port = next(p for p in range(given.port, given.port + 50) if _is_free(p))
    origin = f"http://localhost:{port}"
    app = create_app(origin, given.data)
    server = make_server("localhost", port, app, threaded=True, request_handler=Quiet)
    print(f"watchword demo: {origin}  (Ctrl-C ends it)")
    print(f"All users: sign in as {EMAIL}, password in {password_file(given.data)}", flush=True)
    with suppress(KeyboardInterrupt):
        server.serve_forever()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) != 0


if __name__ == "__main__":
    main()
