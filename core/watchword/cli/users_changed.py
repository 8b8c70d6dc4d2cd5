"""`watchword users create`, `update` and all that changes users: what `auth.users` does."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from .application import NO_APPLICATION, Application, AsJson, Switch, Yes
from .failures import CommandError
from .screen import confirm, say
from .user_input import given_fields, named_user, new_password
from .users_shown import Who, print_user

_Stdin = Annotated[
    Switch, Parameter(help="Read the password from the first line of standard input.")
]
_Data = Annotated[
    str | None, Parameter(help="More fields of the user, as a JSON object by wire name.")
]
_Name = Annotated[str | None, Parameter(help="What the user is called.")]
_Image = Annotated[str | None, Parameter(help="The URL of a picture.")]


def create(
    email: Annotated[str, Parameter(help="The e-mail address of the user.")],
    *,
    name: _Name = None,
    image: _Image = None,
    role: Annotated[str | None, Parameter(help="One role, or several with commas.")] = None,
    email_verified: Annotated[Switch, Parameter(help="The address is proven.")] = False,
    password_stdin: _Stdin = False,
    no_password: Annotated[Switch, Parameter(help="The user signs in by other ways.")] = False,
    data: _Data = None,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Create a user. The password is asked for, or read from standard input."""
    with application.opened() as auth:
        fields = given_fields(auth, data)
        password = None if no_password else new_password(from_stdin=password_stdin)
        user = auth.blocking.users.create(
            email=email,
            name=name or "",
            image=image,
            role=role,
            password=password,
            email_verified=email_verified,
            **fields,
        )
    print_user(user, as_json=as_json)
    return 0


def update(
    user: Who,
    *,
    email: Annotated[str | None, Parameter(help="Another address, unproven.")] = None,
    name: _Name = None,
    image: _Image = None,
    email_verified: Annotated[bool | None, Parameter(help="Whether the address is proven.")] = None,
    data: _Data = None,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Change fields of a user."""
    with application.opened() as auth:
        core = {"email": email, "name": name, "image": image, "email_verified": email_verified}
        changes: dict[str, Any] = {name: one for name, one in core.items() if one is not None}
        changes |= given_fields(auth, data)
        if not changes:
            raise CommandError("there is nothing to change", "Give --name, --email or --data")
        changed = auth.blocking.users.update(named_user(auth, user).id, **changes)
    print_user(changed, as_json=as_json)
    return 0


def set_password(
    user: Who,
    *,
    password_stdin: _Stdin = False,
    keep_sessions: Annotated[Switch, Parameter(help="Leave the user signed in.")] = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Give a user another password, or a first one; all sessions of the user end."""
    with application.opened() as auth:
        found = named_user(auth, user)
        password = new_password(from_stdin=password_stdin)
        auth.blocking.users.set_password(found.id, password, end_sessions=not keep_sessions)
    say(f"The password of {found.email} is set.")
    return 0


def set_role(
    user: Who,
    role: Annotated[str, Parameter(help="One role, or several with commas.")],
    *,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Give a user these roles, and no others."""
    with application.opened() as auth:
        changed = auth.blocking.users.set_role(named_user(auth, user).id, role)
    print_user(changed, as_json=as_json)
    return 0


def disable(
    user: Who,
    *,
    reason: Annotated[str | None, Parameter(help="Noted with the user.")] = None,
    expires_in: Annotated[
        int | None, Parameter(validator=Number(gte=1), help="Seconds; for good without it.")
    ] = None,
    as_json: AsJson = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Lock a user out, and end all sessions. Needs the plugin Admin."""
    with application.opened() as auth:
        found = named_user(auth, user)
        changed = auth.blocking.users.disable(found.id, reason=reason, expires_in=expires_in)
    print_user(changed, as_json=as_json)
    return 0


def enable(user: Who, *, as_json: AsJson = False, application: Application = NO_APPLICATION) -> int:
    """Let a user in again."""
    with application.opened() as auth:
        changed = auth.blocking.users.enable(named_user(auth, user).id)
    print_user(changed, as_json=as_json)
    return 0


def delete(user: Who, *, yes: Yes = False, application: Application = NO_APPLICATION) -> int:
    """Delete a user with sessions and accounts, for good."""
    with application.opened() as auth:
        found = named_user(auth, user)
        if not confirm(f"Delete {found.email} ({found.id}) for good?", yes=yes):
            say("Nothing was deleted.")
            return 0
        auth.blocking.users.delete(found.id)
    say(f"{found.email} is deleted.")
    return 0


def revoke_sessions(
    user: Who,
    *,
    session: Annotated[str | None, Parameter(help="Only the session with this id.")] = None,
    application: Application = NO_APPLICATION,
) -> int:
    """End all sessions of a user, or one."""
    with application.opened() as auth:
        found, users = named_user(auth, user), auth.blocking.users
        if session is None:
            users.revoke_sessions(found.id)
        elif not users.revoke_session(found.id, session):
            raise CommandError(
                f"{found.email} has no session {session!r}", "See watchword users sessions"
            )
    say(f"{'The session' if session else 'All sessions'} of {found.email} ended.")
    return 0
