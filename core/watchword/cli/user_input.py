"""What commands are told about users: passwords, more fields, and who is meant."""

from __future__ import annotations

import json
import sys
from typing import Any, cast

from watchword.database.records import Attribute, attributes_of
from watchword.features.managed_fields import ROLE
from watchword.records import User

from .application import AnyAuth
from .failures import CommandError
from .screen import ask_hidden


def new_password(*, from_stdin: bool) -> str:
    """A password: typed twice and not shown, or the first line of standard input.

    There is no option for it: others would see a command line. Raises `CommandError`.
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("standard input has no password", "Give it as the first line")
        return password
    password = ask_hidden("Password")
    if ask_hidden("The same once more") != password:
        raise CommandError("the two passwords differ")
    return password


def own_fields(auth: AnyAuth) -> dict[str, Attribute]:
    """The fields that users have beside those of the core, by their names on the wire."""
    core = {attribute.name for attribute in attributes_of(User)}
    table = auth.config.tables.of(User)
    return {one.wire: one for name, one in table.attributes.items() if name not in core}


def given_fields(auth: AnyAuth, data: str | None) -> dict[str, Any]:
    """What `--data` says, by the names in Python. Raises `CommandError`."""
    try:
        given: object = json.loads(data or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise CommandError("--data is no JSON object", """Give it as in --data '{"lang": "de"}'""")
    known, values = own_fields(auth), cast("dict[str, object]", given)
    if ROLE in values:
        raise CommandError("--data: the role has an option of its own", "Give --role")
    for wire in values:
        if wire not in known:
            names = ", ".join(known)
            raise CommandError(f"--data: users have no own field {wire!r}", f"There are: {names}")
    return {known[wire].name: value for wire, value in values.items()}


def named_user(auth: AnyAuth, named: str) -> User:
    """The user with an id or an e-mail address. Raises `CommandError`."""
    users = auth.blocking.users
    user = users.find(named) if "@" in named else users.get(named)
    if user is None:
        raise CommandError(f"there is no user {named!r}", "See watchword users list")
    return user
