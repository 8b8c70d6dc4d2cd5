"""Runs it, beside the demonstration: `python -m examples.notes_cli login`, then `list`, `add TEXT`,
`logout`. Another server: `--server http://localhost:8001`."""

from __future__ import annotations

import argparse
import os
import sys
from urllib.parse import urlsplit

import httpx2

from .keeping import Keeper, Unsafe, folder
from .signing_in import Asked, NotSignedIn, sign_in

CLIENT_ID = "notes-cli"
_ME = f"{CLIENT_ID}/1.0"


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; 0 if it was done."""
    parser = argparse.ArgumentParser(prog="notes", description=__doc__)
    usual = os.environ.get("NOTES_SERVER", "http://localhost:8000")
    parser.add_argument("--server", default=usual, help="the origin of the application")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("login", help="sign in by a browser")
    commands.add_parser("list", help="show the notes")
    commands.add_parser("add", help="write one down").add_argument("text")
    commands.add_parser("logout", help="end the session, here and at the server")
    given = parser.parse_args(arguments)
    server = given.server.rstrip("/")
    if not _is_private(server):
        return _fail(f"{server} is neither https nor this machine: the token would be read")
    try:
        return _do(given, server, Keeper(folder()))
    except (NotSignedIn, Unsafe) as error:
        return _fail(str(error))
    except httpx2.HTTPError as error:
        return _fail(f"{server}: {error}")


def _do(given: argparse.Namespace, server: str, keeper: Keeper) -> int:
    if given.command == "login":
        base, names = f"{server}/api/auth", {"user-agent": _ME}
        with httpx2.Client(base_url=base, headers=names) as client:
            keeper.put(server, sign_in(client, CLIENT_ID, show).value)
        print("Signed in.")
        return 0
    token = keeper.get(server)
    if token is None:
        return _fail("Nobody is signed in: notes login")
    headers = {"authorization": f"Bearer {token}", "user-agent": _ME}
    with httpx2.Client(base_url=server, headers=headers) as client:
        if given.command == "logout":
            client.post("/api/auth/sign-out", json={}).raise_for_status()
            keeper.forget(server)
            print("Signed out.")
            return 0
        if given.command == "add":
            answer = client.post("/notes", json={"text": given.text})
        else:
            answer = client.get("/notes")
        if answer.status_code == 401:
            keeper.forget(server)
            return _fail("The session has ended: notes login")
        answer.raise_for_status()
        if given.command == "list":
            for note in answer.json():
                print(f"- {_plain(note['text'])}")
    return 0


def show(asked: Asked) -> None:
    """Say where to let this program in."""
    print(f"Open {_plain(asked.complete_uri)}")
    code = _plain(asked.user_code)
    print(f"and let this program in if you see the code {code} there.", flush=True)


def _plain(text: str) -> str:
    """Text of a server without what terminals would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _is_private(server: str) -> bool:
    found = urlsplit(server)
    return found.scheme == "https" or found.hostname in ("localhost", "127.0.0.1", "::1")


def _fail(why: str) -> int:
    print(_plain(why), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
