"""`watchword create-admin`: the first administrator, through the core's own sign-up path."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, cast

from cyclopts import Parameter

from watchword.call import Call
from watchword.database.contract import UniqueViolation
from watchword.errors import APIError
from watchword.features.credentials import create_credential
from watchword.features.email_password import EmailAndPassword
from watchword.features.identifiers import normal_email
from watchword.features.provisioning import create_user
from watchword.http.headers import EMPTY
from watchword.pipeline.additional_fields import additional, checked_value
from watchword.pipeline.validation import is_email, is_placeholder
from watchword.plugins import Admin
from watchword.records import User
from watchword.runtime.blocking import finish

from .application import NO_APPLICATION, AnyAuth, Application, Switch, Yes
from .failures import CommandError
from .screen import ask, ask_hidden, confirm, note, say

ROLE = "role"


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
    given = _object(data)
    with application.opened() as auth:
        call = _call(auth)
        _check_sign_in(call)
        fields = _fields(call, {**given, ROLE: _known_role(call, role)})
        email = normal_email((email or ask("E-mail")).strip())
        if not is_email(email) or is_placeholder(email):
            raise CommandError("the e-mail address is not valid", "Give --email name@example.com")
        users = finish(call.db.count(User))
        question = f"There are users already ({users}). Create another administrator?"
        if users and not confirm(question, yes=yes or force):
            say("Nothing was created.")
            return 0
        password = _password(call, from_stdin=password_stdin)
        values = {**fields, "name": name, "email": email, "email_verified": not no_email_verified}
        user = finish(_created(call, values, password))
        say(f"User ID: {user.id}")
        say(f"Email: {user.email}")
        say(f"Role: {role}")
        return 0


async def _created(call: Call, values: Mapping[str, object], password: str) -> User:
    hashed = await call.config.plugin(EmailAndPassword).hash(call, password)
    try:
        async with call.db.transaction():
            user = await create_user(call, "email-password", **values)
            if user is None:
                raise CommandError("a database hook refused the user")
            await create_credential(call, user.id, hashed)
    except UniqueViolation:
        problem = f"there is a user with the address {values['email']}, or another unique value"
        raise CommandError(problem, "Choose another, or give that user the role") from None
    return user


def _call(auth: AnyAuth) -> Call:
    site = auth.config.sites.resolve_call(None, EMPTY)
    return Call(auth.config, auth.blocking.runtime, site, path="/sign-up/email")


def _check_sign_in(call: Call) -> None:
    if not call.config.plugin(EmailAndPassword).enabled:
        raise CommandError(
            "signing in by e-mail and password is switched off",
            "Give email_and_password=EmailAndPassword(enabled=True)",
        )
    role = next((one for one in additional(call, User) if one.wire == ROLE), None)
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


def _known_role(call: Call, role: str) -> str:
    """The role in the form in which the plugin, where it is installed, stores it."""
    try:
        names = call.config.plugin(Admin).checked_roles(role)
    except LookupError:
        return role
    except APIError as error:
        raise CommandError(f"--role: {error.message}", "Name it in Admin(roles=...)") from None
    if not names:
        raise CommandError("--role names no role", "Give --role admin")
    return ",".join(names)


def _object(data: str | None) -> dict[str, object]:
    try:
        given: object = json.loads(data or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise CommandError("--data is no JSON object", """Give it as in --data '{"lang": "de"}'""")
    return cast("dict[str, object]", given)


def _fields(call: Call, given: Mapping[str, object]) -> dict[str, object]:
    """Additional fields by attribute name, type-checked; also those that clients may not set."""
    known = {attribute.wire: attribute for attribute in additional(call, User)}
    for wire in given:
        if wire not in known:
            names = ", ".join(known)
            raise CommandError(f"--data: users have no own field {wire!r}", f"There are: {names}")
    values: dict[str, object] = {}
    for wire, attribute in known.items():
        if wire not in given:
            if attribute.required:
                raise CommandError(f"the field {wire!r} is required", "Give it in --data")
            continue
        try:
            values[attribute.name] = checked_value(attribute, given[wire])
        except APIError as error:
            option = "--role" if wire == ROLE else "--data"
            raise CommandError(f"{option}: {error.message}") from None
    return values


def _password(call: Call, *, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("standard input has no password", "Give it as the first line")
    else:
        password = ask_hidden("Password")
        if ask_hidden("The same once more") != password:
            raise CommandError("the two passwords differ")
    call.config.plugin(EmailAndPassword).check_new_password(password)
    return password
