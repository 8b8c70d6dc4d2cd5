"""`watchword users list`, `show` and `sessions`: looking at users. No token is ever printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from watchword.http.json import jsonable
from watchword.records import Session, User

from .application import NO_APPLICATION, Application, AsJson, Switch
from .screen import note, say
from .user_input import named_user

Who: TypeAlias = Annotated[str, Parameter(help="The id of a user, or the e-mail address.")]
_NAMES: Mapping[str, Literal["id", "email", "created_at"]] = {
    "id": "id",
    "email": "email",
    "created": "created_at",
}


def listed(
    *,
    search: Annotated[str, Parameter(help="A part of what is searched for.")] = "",
    field: Annotated[Literal["email", "name"], Parameter(help="Where to search.")] = "email",
    role: Annotated[str | None, Parameter(help="Only who has exactly this role.")] = None,
    sort: Annotated[Literal["created", "email", "id"], Parameter(help="The order.")] = "created",
    ascending: Annotated[Switch, Parameter(help="Oldest first, or from a to z.")] = False,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000), help="Users at once.")] = 50,
    cursor: Annotated[str | None, Parameter(help="Where the next page begins.")] = None,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """List users, newest first."""
    with application.opened() as auth:
        page = auth.blocking.users.list(
            search=search,
            search_field=field,
            filters=None if role is None else {"role": role},
            sort_by=_NAMES[sort],
            descending=not ascending,
            limit=limit,
            cursor=cursor,
        )
    if as_json:
        print_json({"users": [jsonable(user) for user in page.users], "next": page.next})
        return 0
    print_rows(
        (user.id, user.email, user.name, *_marks(user), f"{user.created_at:%Y-%m-%d}")
        for user in page.users
    )
    if page.next is not None:
        note(f"There are more: --cursor {page.next}")
    return 0


def show(user: Who, *, as_json: AsJson = False, application: Application = NO_APPLICATION) -> int:
    """Show a user with all fields that clients see."""
    with application.opened() as auth:
        found = named_user(auth, user)
    print_user(found, as_json=as_json)
    return 0


def sessions(
    user: Who, *, as_json: AsJson = False, application: Application = NO_APPLICATION
) -> int:
    """List the sessions of a user that have not ended, newest first, without their tokens."""
    with application.opened() as auth:
        found = auth.blocking.users.sessions(named_user(auth, user).id)
    if as_json:
        print_json([_without_token(session) for session in found])
        return 0
    print_rows(
        (
            session.id,
            f"{session.created_at:%Y-%m-%d %H:%M}",
            f"{session.expires_at:%Y-%m-%d %H:%M}",
            session.ip_address or "-",
            session.user_agent or "-",
        )
        for session in found
    )
    return 0


def print_user(user: User, *, as_json: bool) -> None:
    """A user, as an object or line by line."""
    fields: dict[str, Any] = jsonable(user)
    if as_json:
        print_json(fields)
        return
    for name, value in fields.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        say(f"{name}: {' '.join(shown.split())}")


def print_json(value: object) -> None:
    """A result for programs."""
    say(json.dumps(value, ensure_ascii=False))


def print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    """Rows for people: a line each, columns under each other."""
    table = [tuple(" ".join(cell.split()) or "-" for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def _marks(user: User) -> tuple[str, str]:
    role = getattr(user, "role", None) or "-"
    locked = "disabled" if getattr(user, "banned", None) is True else "-"
    return role, locked


def _without_token(session: Session) -> dict[str, Any]:
    fields: dict[str, Any] = jsonable(session)
    return {name: value for name, value in fields.items() if name != "token"}
