"""What the profiles say about mails and accounts (PROFILES.md, sections 2 and 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.conformance.surroundings import Surroundings
from watchword import (
    APIError,
    ChangeEmail,
    ChangeEmailMail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    Mail,
    PasswordReset,
    Request,
    User,
)


def mailing(around: Surroundings) -> dict[str, Any]:
    """The options of section 2."""

    def mail(kind: str) -> Any:
        def send(mail: Mail, _: Request | None) -> None:
            around.post(kind, mail.user.email, url=mail.url, token=mail.token)

        return send

    def tell(kind: str) -> Any:
        def told(user: User, _: Request | None) -> None:
            around.post(kind, user.email)

        return told

    def ask_old_address(mail: ChangeEmailMail, _: Request | None) -> None:
        around.post(
            "change-email", mail.user.email, newEmail=mail.new_email, url=mail.url, token=mail.token
        )

    return {
        "email_and_password": EmailAndPassword(enabled=True, password_hash=around.password_hash),
        "email_verification": EmailVerification(
            send_verification_email=mail("verify-email"),
            send_on_sign_up=True,
            after_email_verification=tell("email-was-verified"),
        ),
        "password_reset": PasswordReset(
            send_reset_password=mail("reset-password"),
            on_password_reset=tell("password-was-reset"),
        ),
        "change_email": ChangeEmail(enabled=True, send_change_email_confirmation=ask_old_address),
        "delete_user": DeleteUser(
            enabled=True, before_delete=_protect, after_delete=tell("user-was-deleted")
        ),
    }


def strict_mailing(around: Surroundings) -> dict[str, Any]:
    """The options of profile `core-strict`."""

    def existing(user: User, _: Request | None) -> None:
        around.post("existing-sign-up", user.email)

    def deletion(mail: Mail, _: Request | None) -> None:
        around.post("delete-account", mail.user.email, url=mail.url, token=mail.token)

    given = mailing(around)
    return {
        "email_and_password": replace(
            given["email_and_password"],
            require_email_verification=True,
            on_existing_user_sign_up=existing,
            min_password_length=10,
            max_password_length=64,
        ),
        "email_verification": replace(
            given["email_verification"],
            send_on_sign_in=True,
            auto_sign_in_after_verification=True,
            expires_in=1800,
        ),
        "password_reset": replace(
            given["password_reset"], token_expires_in=900, revoke_sessions=True
        ),
        "change_email": ChangeEmail(enabled=True),
        "delete_user": replace(
            given["delete_user"], send_delete_account_verification=deletion, token_expires_in=600
        ),
    }


def _protect(user: User, _: Request | None) -> None:
    if user.email.startswith("undeletable"):
        raise APIError(403, "USER_IS_PROTECTED", "protected")
