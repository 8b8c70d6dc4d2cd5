"""What happened to accounts, for whoever has to know afterwards: the logger `watchword.security`.

What was done is INFO, what was refused a WARNING, which production shows (`request_log.refused`).
Records name users by id; they never hold an address of mail, a token, a code or a password.
"""

from __future__ import annotations

import logging
from enum import Enum
from functools import partial

from watchword.call import Call

from .request_log import SECURITY, security_event


class Event(Enum):
    """What can happen."""

    USER_CREATED = "user_created"
    USER_DELETED = "user_deleted"
    SIGNED_IN = "signed_in"
    """A session was made; the path says by what."""
    PASSWORD_CHANGED = "password_changed"
    """Or a first one set; the path says by what."""
    EMAIL_CHANGED = "email_changed"
    EMAIL_VERIFIED = "email_verified"
    PHONE_NUMBER_CHANGED = "phone_number_changed"
    PHONE_NUMBER_VERIFIED = "phone_number_verified"
    SECOND_FACTOR_ASKED = "second_factor_asked"
    """The session of a sign-in was taken back until the second factor is given."""
    BACKUP_CODE_USED = "backup_code_used"
    TWO_FACTOR_ENABLED = "two_factor_enabled"
    TWO_FACTOR_DISABLED = "two_factor_disabled"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    ROLE_CHANGED = "role_changed"
    USER_BANNED = "user_banned"
    USER_UNBANNED = "user_unbanned"
    IMPERSONATION_BEGUN = "impersonation_begun"
    """An administrator has a session of the user."""
    IMPERSONATION_ENDED = "impersonation_ended"
    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_UNLINKED = "account_unlinked"


async def record(call: Call, event: Event, user_id: str) -> None:
    """Log what happened to a user: once it is stored, if that is done in a transaction."""
    if SECURITY.isEnabledFor(logging.INFO):
        await call.db.after_commit(partial(_record, call, event, user_id))


async def _record(call: Call, event: Event, user_id: str) -> None:
    security_event(call, event.value, user_id)
