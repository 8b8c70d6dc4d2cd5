"""A server with all that a signed-in page may be about, and who visits it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from tests.core.conftest import FAST, MakeAuth
from tests.plugins.pages_visitor import ADA, BASE, PASSWORD, Mailbox, PagesVisitor, Shown
from tests.support.social import World, providers
from watchword import (
    Advanced,
    Auth,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    Outgoing,
    PasswordReset,
    User,
)
from watchword.plugins import (
    ApiKey,
    DeviceAuthorization,
    Organization,
    Pages,
    Passkey,
    TwoFactor,
)
from watchword.plugins.two_factor import OTPOptions

INVITATION = f"{BASE}/organizations/invitation"


class Member(User, kw_only=True):
    """With fields of the application's own."""

    nickname: str | None = None
    lang: Literal["en", "de"] = "en"
    news: bool = False
    born: Annotated[int, msgspec.Meta(ge=1900)] | None = None


class AccountSite:
    """The server, its mailbox, and its visitors."""

    def __init__(
        self,
        make_auth: MakeAuth,
        kind: str = "blocking",
        *,
        mailbox: Mailbox | None = None,
        without: tuple[str, ...] = (),
        more: tuple[Any, ...] = (),
        **options: Any,
    ) -> None:
        self.kind = kind
        self.mailbox, self.world = mailbox or Mailbox(), World()
        mail = self.mailbox
        plugins: dict[str, Any] = {
            "pages": Pages(),
            "api-key": ApiKey(),
            "device-authorization": DeviceAuthorization(),
            "organization": Organization(send_invitation_email=mail, invitation_page=INVITATION),
            "passkey": Passkey(),
            "two-factor": TwoFactor(otp=OTPOptions(send_otp=mail)),
        }
        given: dict[str, Any] = {
            "user_type": Member,
            "email_and_password": EmailAndPassword(enabled=True, argon2_cost=FAST),
            "email_verification": EmailVerification(send_verification_email=mail, answer_after=0),
            "password_reset": PasswordReset(send_reset_password=mail),
            "change_email": ChangeEmail(enabled=True),
            "delete_user": DeleteUser(enabled=True),
            "social_providers": providers(),
            "advanced": Advanced(outgoing=Outgoing(transport=self.world.transport)),
            "plugins": [*(one for name, one in plugins.items() if name not in without), *more],
            **options,
        }
        self.auth: Auth[Any] = make_auth(**given)

    def visitor(self) -> PagesVisitor:
        """A browser that nobody has used."""
        return PagesVisitor(self.auth, self.kind)

    def signed_up(self, email: str = ADA, **extra: Any) -> PagesVisitor:
        """Somebody new."""
        visitor = self.visitor()
        assert visitor.sign_up(email, **extra).status == 200
        return visitor

    def signed_in(self, email: str = ADA) -> PagesVisitor:
        """Somebody who is known, in another browser."""
        visitor = self.visitor()
        assert visitor.sign_in(email, password=PASSWORD).status == 200
        return visitor

    def mail(self) -> Any:
        """The newest one."""
        self.auth.blocking.runtime.drain()
        return self.mailbox.mails[-1]


def done(visitor: PagesVisitor, shown: Shown) -> Shown:
    """Where a form led that did what it was to do."""
    assert shown.status == 303, (shown.status, shown.alert, shown.described)
    return visitor.follow(shown)
