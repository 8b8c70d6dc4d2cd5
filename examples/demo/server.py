"""The authentication server of the demonstration: everything that it switches on."""

from __future__ import annotations

import secrets
from pathlib import Path

from watchword import (
    Advanced,
    Auth,
    Call,
    DeleteUser,
    EmailAndPassword,
    IPAddressOptions,
    Request,
    User,
)
from watchword.plugins import (
    ActionToken,
    Admin,
    Anonymous,
    Bearer,
    DeviceAuthorization,
    EmailOTP,
    MagicLink,
    OneTimeToken,
    Organization,
    Passkey,
    TwoFactor,
)
from watchword.plugins.anonymous import LinkedGuest

from .identity import CLIENT, DemoID
from .mailbox import Mailbox
from .notes import Notes

KNOWN_PROGRAMS = frozenset(("notes-cli",))
"""Programs that may ask to be let in: `examples/notes_cli`."""


def create_auth(
    origin: str, data: Path, *, mailbox: Mailbox, notes: Notes, provider_secret: str
) -> Auth[User]:
    """The server with its tables. `provider_secret` is what Demo ID knows the demonstration by."""

    def keep_notes(linked: LinkedGuest, call: Call) -> None:
        notes.move(linked.anonymous_user.user.id, linked.new_user.user.id)

    def forget_notes(user: User, request: Request | None) -> None:
        notes.forget(user.id)

    auth: Auth[User] = Auth(
        app_name="watchword demo",
        database=f"sqlite:///{data / 'demo.db'}",
        base_url=origin,
        secret=_secret(data / "secret"),
        email_and_password=EmailAndPassword(enabled=True),
        social_providers=[DemoID(client_id=CLIENT, client_secret=provider_secret, origin=origin)],
        delete_user=DeleteUser(enabled=True, after_delete=forget_notes),
        plugins=[
            # Notes are in a database of their own, out of reach of a transaction in this one.
            Anonymous(on_link_account=keep_notes, link_in_transaction=False),
            OneTimeToken(store_token="hashed"),
            MagicLink(send_magic_link=mailbox.put_link, store_token="hashed"),
            EmailOTP(send_verification_otp=mailbox.put_code, store_otp="hashed"),
            Passkey(),
            Organization(send_invitation_email=mailbox.put_invitation),
            Admin(),
            TwoFactor(every_sign_in=True, allow_passwordless=True),
            DeviceAuthorization(validate_client=KNOWN_PROGRAMS.__contains__),
            Bearer(),
            ActionToken(
                send_token=mailbox.put_confirmation,
                types={"account-delete"},
                protect={"/delete-user": "account-delete"},
                require_verified_email=False,  # this page verifies none
            ),
        ],
        advanced=Advanced(ip_address=IPAddressOptions(headers=())),
    )
    auth.blocking.migrate()
    return auth


def _secret(file: Path) -> str:
    """A secret of this demonstration's own, made at its first start."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()
