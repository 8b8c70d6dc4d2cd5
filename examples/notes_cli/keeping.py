"""Where the token is kept: a file that only its owner reads, for one server and no other.

Better still is the keyring of the system, where there is one (the package `keyring`).
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path


class Unsafe(Exception):
    """Others may read the file."""


def folder() -> Path:
    """The user's folder for such files (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "watchword-notes"


class Keeper:
    """The tokens of this user, by server."""

    def __init__(self, place: Path) -> None:
        self._file = place / "tokens.json"

    def get(self, server: str) -> str | None:
        """The token for a server. Raises `Unsafe` where others could have read it."""
        return self._all().get(server)

    def put(self, server: str, token: str) -> None:
        """Keep a token. The file has its final content and mode at the moment it is there."""
        self._write({**self._all(), server: token})

    def forget(self, server: str) -> None:
        """Keep none."""
        self._write({known: token for known, token in self._all().items() if known != server})

    def _all(self) -> dict[str, str]:
        try:
            with self._file.open(encoding="utf-8") as found:
                mode = os.fstat(found.fileno()).st_mode
                if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise Unsafe(f"Others may read {self._file}: remove it, and sign in again")
                return json.load(found)
        except FileNotFoundError:
            return {}

    def _write(self, tokens: dict[str, str]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # 0600 from the beginning, whatever the umask.
        handle, made = tempfile.mkstemp(dir=self._file.parent)
        try:
            with open(handle, "w", encoding="utf-8") as new:
                json.dump(tokens, new)
            os.replace(made, self._file)
        except BaseException:
            os.unlink(made)
            raise
