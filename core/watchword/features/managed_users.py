"""Making and changing users from outside: the rules, whoever may do it.

Administrators come here over HTTP, the server's own code by `auth.users`, and the command line by
that. Who may do what is asked before (spec: plugin admin; security X2).
"""

from __future__ import annotations

from collections.abc import Mapping

from watchword.call import Call
from watchword.errors import APIError, ErrorCode, ErrorCodes
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import is_email, is_placeholder
from watchword.records import User

from .addresses import replace_address, user_of_address
from .credentials import create_credential
from .email_password import EmailAndPassword
from .identifiers import normal_email
from .provisioning import create_checked_user
from .removal import erase_user


class ManagedUserCodes(ErrorCodes):
    """Errors of making and changing users from outside."""

    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL = ErrorCode(
        400,
        "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
        "There is an account with this address",
        field="email",
    )
    USER_ALREADY_EXISTS = ErrorCode(
        400, "USER_ALREADY_EXISTS", "There is an account with one of these values", field="email"
    )
    FAILED_TO_CREATE_USER = ErrorCode(
        422, "FAILED_TO_CREATE_USER", "A hook of the database refused this"
    )
    USER_NOT_FOUND = ErrorCode(404, "USER_NOT_FOUND", "There is no such user")
    INVALID_EMAIL = ErrorCode(400, "INVALID_EMAIL", "This is not an e-mail address", field="email")


async def free_address(call: Call, given: object, user_id: str | None = None) -> str:
    """An address that nobody has but the user, and that somebody may want (`NewEmail`).

    Raises INVALID_EMAIL, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL.
    """
    email = normal_email(given) if isinstance(given, str) else ""
    if not is_email(email):
        raise ManagedUserCodes.INVALID_EMAIL()
    owner = await user_of_address(call, email)
    if owner is not None and owner.id != user_id:
        raise ManagedUserCodes.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL()
    if owner is None and is_placeholder(email):
        raise ManagedUserCodes.INVALID_EMAIL()
    return email


async def taken(call: Call, values: Mapping[str, object]) -> APIError:
    """What to raise where the database said that somebody has one of these values."""
    email = values.get("email")
    if isinstance(email, str) and await user_of_address(call, email) is not None:
        return ManagedUserCodes.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL()
    return ManagedUserCodes.USER_ALREADY_EXISTS()


async def insert_user(call: Call, values: Mapping[str, object], hashed: str | None) -> User:
    """A new user whom `check_new_user` let pass, with a password or without. In a transaction.

    Raises FAILED_TO_CREATE_USER, and `UniqueViolation` (`taken`).
    """
    user = await create_checked_user(call, **values)
    if user is None:
        raise ManagedUserCodes.FAILED_TO_CREATE_USER()
    if hashed is not None:
        await create_credential(call, user.id, hashed)
    return user


async def change_user(call: Call, user: User, changes: Mapping[str, object]) -> User:
    """The user with the changes, or as before where a hook of the database refused them.

    Call it in a transaction that holds the user. With another address the old one's mails are void,
    and the new one is unproven unless the changes say otherwise. Raises `UniqueViolation`.
    """
    if changes.get("email", user.email) != user.email:
        unproven = {"email_verified": False, **changes}
        changed = await replace_address(call, user, unproven, allowed=_always)
    else:
        changed = await call.db.update(User, changes, id=user.id)
    return changed or user


async def hash_for(call: Call, password: str | None, *, however_short: bool = False) -> str | None:
    """The stored form of a password that somebody is given; None for none.

    Raises PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD, and what the checks of plugins
    raise.
    """
    if not password:
        return None
    passwords = call.config.plugin(EmailAndPassword)
    passwords.check_new_password(password, however_short=however_short)
    return await passwords.hash(call, password)


async def remove_user(call: Call, user: User) -> bool:
    """Delete a user with all that is the user's; False where a hook of the database kept him.

    Call it in a transaction that holds the user.
    """
    erased = await erase_user(call, user)
    if erased:
        await record(call, Event.USER_DELETED, user.id)
    return erased


async def _always(_: User) -> bool:
    return True
