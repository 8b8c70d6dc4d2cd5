"""The floor: what a session check cannot do without, written straight down.

Read the cookie, verify its signature, ask the database once, look at the end, answer as JSON.
Nothing here can be configured, and nothing is checked twice; what is checked is checked rightly.
"""

from __future__ import annotations

import base64
import hmac
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec

COOKIE = "better-auth.session_token"

SESSION = ("id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId")
USER = ("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")


def select(placeholder: str, session: Sequence[str] = SESSION, user: Sequence[str] = USER) -> str:
    """The one query: the session of a token with its user."""
    columns = [f's."{name}"' for name in session] + [f'u."{name}"' for name in user]
    return (
        f'SELECT {", ".join(columns)} FROM "session" s JOIN "user" u ON u."id" = s."userId" '
        f'WHERE s."token" = {placeholder} LIMIT 1'
    )


def signed_token(header: str, secret: bytes) -> str | None:
    """The token of the session cookie in a Cookie header, if its signature is right."""
    for pair in header.split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == COOKIE:
            token, _, signature = unquote(value.strip()).rpartition(".")
            digest = hmac.digest(secret, token.encode(), "sha256")
            given, expected = signature.encode(), base64.b64encode(digest)
            return token if hmac.compare_digest(given, expected) else None
    return None


class Floor:
    """The floor on an SQLite file, which keeps dates as ISO texts already.

    `answer` is what it has to answer: plugins add columns to sessions and users.
    """

    def __init__(self, path: str, secret: str, answer: dict[str, dict[str, Any]]) -> None:
        self._secret = secret.encode()
        self._database = sqlite3.connect(path, isolation_level=None)
        self._session, self._user = tuple(answer["session"]), tuple(answer["user"])
        self._select = select("?", self._session, self._user)
        self._truths = [name for name, value in answer["user"].items() if isinstance(value, bool)]
        self._encode = msgspec.json.Encoder().encode

    def check(self, header: str) -> bytes | None:
        """The answer to a Cookie header as JSON; None for nobody."""
        token = signed_token(header, self._secret)
        if token is None:
            return None
        row = self._database.execute(self._select, (token,)).fetchone()
        if row is None:
            return None
        session = dict(zip(self._session, row, strict=False))
        if datetime.fromisoformat(session["expiresAt"]) <= datetime.now(UTC):
            return None
        user: dict[str, Any] = dict(zip(self._user, row[len(self._session) :], strict=True))
        for name in self._truths:
            user[name] = bool(user[name])
        return self._encode({"session": session, "user": user})

    def close(self) -> None:
        """Give back the connection."""
        self._database.close()
