"""What tests of tokens share: servers with keys, rows as they are stored, tokens made by hand."""

from __future__ import annotations

import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.browser import Browser
from watchword import Auth
from watchword.plugins.jwt import SignJWT, VerifyJWT


def part(text: str) -> Any:
    """A part of a token, read."""
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def header_of(token: str) -> Any:
    return part(token.split(".")[0])


def claims_of(token: str) -> Any:
    return part(token.split(".")[1])


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).decode().rstrip("=")


def token_of(browser: Browser) -> str:
    answer = browser.get("/token")
    assert answer.status == 200, answer.json
    return answer.json["token"]


def key_ids(browser: Browser) -> list[str]:
    return [key["kid"] for key in browser.get("/jwks").json["keys"]]


def signed(auth: Auth[Any], **asked: Any) -> str:
    payload = asked.pop("payload", {"sub": "ada"})
    return auth.blocking.api.sign_jwt(SignJWT(payload=payload, **asked)).token


def verified(auth: Auth[Any], token: str, issuer: str | None = None) -> Any:
    return auth.blocking.api.verify_jwt(VerifyJWT(token=token, issuer=issuer)).payload


def rows(folder: Path) -> list[dict[str, Any]]:
    """The table, in order of insertion."""
    with closing(sqlite3.connect(folder / "test.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM jwks ORDER BY rowid")]


def put(folder: Path, row: Mapping[str, Any]) -> None:
    """Store a row as another server would."""
    with closing(sqlite3.connect(folder / "test.db")) as database, database:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO jwks ({names}) VALUES ({marks})", list(row.values()))


def run(folder: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(folder / "test.db")) as database, database:
        database.execute(statement, values)
