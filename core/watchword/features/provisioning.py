"""New users: all of them pass here, so that the application can refuse one before it exists.

Spec: options, user.validateUserInfo; social and accounts, section 5.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import cast

from watchword.call import Call
from watchword.configuration.options import UserRefusal, UserSource
from watchword.errors import APIError
from watchword.observability.security_log import Event, record
from watchword.records import User

_log = logging.getLogger("watchword")


async def create_user(
    call: Call, method: str, provider_id: str | None = None, /, **values: object
) -> User | None:
    """A new user; None if a database hook refused it.

    `method` says how the user came: `email-password`, `magic-link`, `email-otp`, `oauth` (from the
    provider `provider_id`)... Raises 403 with the code that `validate_user_info` names, or
    `validation_failed` when that function fails; `UniqueViolation` for a taken address.
    """
    await check_new_user(call, method, provider_id, **values)
    return await create_checked_user(call, **values)


async def check_new_user(
    call: Call, method: str, provider_id: str | None = None, /, **values: object
) -> None:
    """The first half of `create_user`, which may take its time: no transaction waits for it."""
    source = UserSource(action="create-user", method=method, provider_id=provider_id)
    await check_user_info(call, values, source)


async def create_checked_user(call: Call, **values: object) -> User | None:
    """The second half of `create_user`, for a transaction."""
    made = await call.db.create(User, **values)
    if made is not None:
        await record(call, Event.USER_CREATED, made.id)
    return made


async def check_user_info(call: Call, values: Mapping[str, object], source: UserSource) -> None:
    """Ask the application's `validate_user_info`, if there is one. Raises `APIError` 403."""
    validate = call.config.options.validate_user_info
    if validate is None:
        return
    try:
        refused = cast("UserRefusal", await call.run(validate, dict(values), source, call))
    except APIError:
        raise
    except Exception as error:
        # Who cannot be checked does not get in. The text of the exception may quote the user.
        _log.error("validate_user_info failed with %s", type(error).__name__)
        raise APIError(403, "validation_failed", "The user could not be checked") from None
    if refused:
        code, message = (refused, refused) if isinstance(refused, str) else refused
        raise APIError(403, code, message)
