"""Who looks after the demonstration's users: made at the first start, with an own password."""

from __future__ import annotations

import secrets
from pathlib import Path

from watchword import Auth, User

EMAIL = "admin@example.com"


def password_file(data: Path) -> Path:
    """Where the password is kept, for nobody else to read."""
    return data / "administrator"


def add_administrator(auth: Auth[User], data: Path) -> None:
    """Make the administrator, if there is none yet."""
    file, users = password_file(data), auth.blocking.users
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(12))
    if users.find(EMAIL) is None:
        users.create(name="The administrator", email=EMAIL, password=file.read_text(), role="admin")
