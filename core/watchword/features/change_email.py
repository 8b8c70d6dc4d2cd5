"""Changing one's address: nothing changes before the mailboxes have said yes, where asked for.

The links that this mails are followed at `/verify-email` (spec: change e-mail; security M6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import msgspec

from watchword.call import Call
from watchword.configuration.safe_ranges import Safe
from watchword.database.contract import UniqueViolation
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.request import Request
from watchword.pipeline.validation import NewEmail, TargetURL
from watchword.plugin_base import Letters, Plugin
from watchword.records import User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import set_session_cookies

from .addresses import replace_address, user_of_address
from .email_tokens import CHANGED, CONFIRMATION
from .email_verification import EmailVerification
from .identifiers import normal_email
from .letters import Letter
from .mails import ChangeEmailMail, link_letter, send_mail
from .promises import Promise, session_promise, stands

ChangeEmailCallback: TypeAlias = "Callable[[ChangeEmailMail, Request | None], object]"
"""Asks the old address; `def` or `async def`."""


def _question(mail: ChangeEmailMail) -> Letter:
    return msgspec.structs.replace(
        link_letter("change-email")(mail), values={"new_email": mail.new_email}
    )


class ChangeEmailCodes(ErrorCodes):
    """Errors of changing one's address."""

    CHANGE_EMAIL_DISABLED = ErrorCode(
        400, "CHANGE_EMAIL_DISABLED", "Changing the address is switched off"
    )
    SAME_EMAIL = ErrorCode(400, None, "Email is the same", field="newEmail")
    NO_VERIFICATION_MAIL = ErrorCode(400, None, "Verification email isn't enabled")


class ChangeEmailTo(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The new address, and where the mailed links lead in the end."""

    new_email: NewEmail
    callback_url: TargetURL = msgspec.field(default="", name="callbackURL")


@dataclass(frozen=True, kw_only=True)
class ChangeEmail(Plugin):
    """Options of changing one's address."""

    id: ClassVar[str] = "change-email"
    codes: ClassVar[type[ErrorCodes]] = ChangeEmailCodes
    letters: ClassVar[Letters] = {"send_change_email_confirmation": _question}
    safe: ClassVar[Mapping[str, Safe]] = {
        "update_email_without_verification": Safe(
            "an address is replaced that nobody has proven", exactly=False
        ),
    }

    enabled: bool = False
    """Whether users may change their address."""
    send_change_email_confirmation: ChangeEmailCallback | None = None
    """Asks a verified old address first; the new one is asked after that."""
    update_email_without_verification: bool = False
    """An address that was never verified is replaced at once."""
    confirm: bool = False
    """The links of a change lead to a page with one button, which goes on by POST."""

    def mails_links(self) -> Sequence[str]:
        """Its link, if it is mailed."""
        return (
            ["change_email.send_change_email_confirmation"]
            if self.send_change_email_confirmation
            else []
        )

    def adapt(self, feature: Plugin) -> Plugin:
        """The feature that follows its links asks first, if the option says so."""
        if isinstance(feature, EmailVerification) and self.confirm:
            return replace(feature, confirm_changes=True)
        return feature

    @post("/change-email", requires="sensitive", promises_mail=True)
    async def change_email(self, call: Call, body: ChangeEmailTo) -> Status:
        """Ask for another address. A taken one gets the same answer as a free one. Raises
        CHANGE_EMAIL_DISABLED, SAME_EMAIL, NO_VERIFICATION_MAIL."""
        if not self.enabled:
            raise ChangeEmailCodes.CHANGE_EMAIL_DISABLED()
        user, new = call.session.user, normal_email(body.new_email)
        if new == user.email:
            raise ChangeEmailCodes.SAME_EMAIL()
        verification = call.config.plugin(EmailVerification)
        at_once = self.update_email_without_verification and not user.email_verified
        if not at_once and verification.send_verification_email is None:
            raise ChangeEmailCodes.NO_VERIFICATION_MAIL()
        taken = await user_of_address(call, new) is not None
        promise = await session_promise(call)
        if at_once:
            await self._replace(call, body, promise, taken=taken)
        else:
            await self._ask(call, body, promise, taken=taken)
        return Status()

    async def _replace(
        self, call: Call, body: ChangeEmailTo, promise: Promise, *, taken: bool
    ) -> None:
        found = call.session
        new = normal_email(body.new_email)
        changed = None if taken else await _stored(call, found.user, new, promise)
        if changed is not None:
            await call.config.plugin(EmailVerification).send(call, changed, body.callback_url)
        # The cookies are set in either case, so that they tell nothing.
        set_session_cookies(call, found.session, changed or found.user)

    async def _ask(self, call: Call, body: ChangeEmailTo, promise: Promise, *, taken: bool) -> None:
        verification, user = call.config.plugin(EmailVerification), call.session.user
        confirm = self.send_change_email_confirmation if user.email_verified else None
        mail = await verification.mail(
            call,
            user,
            body.callback_url,
            update_to=body.new_email,
            request_type=CHANGED if confirm is None else CONFIRMATION,
            promise=promise,
        )
        if confirm is None:
            await send_mail(call, verification.send_verification_email, None if taken else mail)
            return
        question = ChangeEmailMail(
            user=user,
            new_email=normal_email(body.new_email),
            url=mail.url,
            token=mail.token,
            expires_at=mail.expires_at,
        )
        await send_mail(call, confirm, None if taken else question)


async def _stored(call: Call, user: User, new: str, promise: Promise) -> User | None:
    async def allowed(there: User) -> bool:
        return await stands(call, there, promise)

    try:
        return await replace_address(
            call, user, {"email": new}, allowed=allowed, email_verified=False
        )
    except UniqueViolation:
        return None


class ChangeEmailAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    change_email: EndpointCall[M, ChangeEmailTo, Status]
    """Ask for another address. A taken one gets the same answer as a free one. Raises
    CHANGE_EMAIL_DISABLED, SAME_EMAIL, NO_VERIFICATION_MAIL.
    """
