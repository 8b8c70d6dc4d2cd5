"""`watchword create-admin`: the first administrator."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from watchword.features.email_password import EmailAndPassword
from watchword.features.managed_fields import ROLE

from .application import NO_APPLICATION, AnyAuth, Application, Switch, Yes
from .failures import CommandError
from .screen import ask, confirm, note, say
from .user_input import given_fields, new_password, own_fields


def create_admin(
    *,
    email: Annotated[str | None, Parameter(help="Asked for if it is missing.")] = None,
    name: Annotated[str, Parameter(help="The name of the user.")] = "Admin",
    role: Annotated[str, Parameter(help="The value of the field `role`.")] = "admin",
    data: Annotated[
        str | None, Parameter(help="More fields of the user, as a JSON object by wire name.")
    ] = None,
    password_stdin: Annotated[
        Switch, Parameter(help="Read the password from the first line of standard input.")
    ] = False,
    no_email_verified: Annotated[Switch, Parameter(help="Leave the address unverified.")] = False,
    force: Annotated[Switch, Parameter(help="Do not ask when there are users already.")] = False,
    yes: Yes = False,
    application: Application = NO_APPLICATION,
) -> int:
    """Create an administrator who signs in with e-mail and password.

    The password is asked for, or read from standard input: on a command line others could read it.
    """
    with application.opened() as auth:
        _check_sign_in(auth)
        if not role.strip(" ,"):
            raise CommandError("--role names no role", "Give --role admin")
        fields = given_fields(auth, data)
        address = (email or ask("E-mail")).strip()
        users = auth.blocking.users
        there = users.count()
        question = f"There are users already ({there}). Create another administrator?"
        if there and not confirm(question, yes=yes or force):
            say("Nothing was created.")
            return 0
        user = users.create(
            email=address,
            name=name,
            password=new_password(from_stdin=password_stdin),
            email_verified=not no_email_verified,
            role=role,
            **fields,
        )
        say(f"User ID: {user.id}")
        say(f"Email: {user.email}")
        say(f"Role: {role}")
        return 0


def _check_sign_in(auth: AnyAuth) -> None:
    if not auth.config.plugin(EmailAndPassword).enabled:
        raise CommandError(
            "signing in by e-mail and password is switched off",
            "Give email_and_password=EmailAndPassword(enabled=True)",
        )
    role = own_fields(auth).get(ROLE)
    if role is None:
        raise CommandError(
            f"users have no field {ROLE!r}",
            "Give Auth(plugins=[Admin()]), and run watchword migrate; or declare it: "
            "class Member(User): role: Annotated[str | None, Column(input=False)] = None",
        )
    if role.column.input:
        note(
            "Warning: anybody may set `role` when signing up; declare it with Column(input=False)."
        )
