"""What only a user does: neither an administrator in the user's place nor a key of the user's.

Spec: security X3, X11.
"""

from __future__ import annotations

from watchword.call import Call

OF_THE_USER_ALONE = frozenset(
    (
        "/change-email",
        "/change-password",
        "/delete-user",
        "/delete-user/callback",
        "/delete-anonymous-user",
        "/link-social",
        "/oauth2/link",
        "/set-password",
        "/unlink-account",
        "/api-key/create",
        "/api-key/update",
        "/device/approve",
        "/email-otp/change-email",
        "/email-otp/request-email-change",
        "/get-access-token",
        "/oauth2/consent",
        "/passkey/delete-passkey",
        "/passkey/generate-register-options",
        "/passkey/verify-registration",
        "/phone-number/verify",
        "/refresh-token",
        "/two-factor/disable",
        "/two-factor/enable",
        "/two-factor/generate-backup-codes",
        "/two-factor/get-totp-uri",
        "/two-factor/verify-backup-code",
        "/two-factor/verify-otp",
        "/two-factor/verify-totp",
        "/two-factor/view-backup-codes",
    )
)
"""Paths, wherever they are installed, that change how the user signs in, end the account, or hand
out what lets others in at a provider."""
_NAMING = "/update-user"
USER_ALONE_AT = (*OF_THE_USER_ALONE, _NAMING)
"""Where it is to be asked at all."""
_NAMES_TO_SIGN_IN_WITH = frozenset(("username", "phoneNumber"))


def is_of_the_user_alone(call: Call) -> bool:
    """Whether the call is to one of these, or changes a name to sign in with."""
    path = "" if call.endpoint is None else call.endpoint.path
    if path == _NAMING:
        return not _NAMES_TO_SIGN_IN_WITH.isdisjoint(call.fields)
    return path in OF_THE_USER_ALONE
