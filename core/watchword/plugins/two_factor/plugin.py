"""Giving the second factor, and what stands before sessions that need one."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from watchword.call import Call
from watchword.endpoint import post
from watchword.errors import Redirect
from watchword.features.sessions import HowLately
from watchword.http.query import append_query
from watchword.observability.security_log import Event, record
from watchword.pipeline.validation import read_input
from watchword.plugin_base import after
from watchword.records import User
from watchword.results import SessionAndUser, Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.taking_back import take_back_session

from .app import key_of, use_code
from .backup_codes import use_backup_code
from .challenge import Verifying, attempt, binding, challenge, passed, who_verifies
from .lockout import count_guess, refuse_locked
from .noting import note, require_given, require_note
from .records import SecondFactor, is_enabled
from .sent_codes import UNSENT, send_code, use_sent_code
from .settings import OWN_PATHS, SecondFactors, factor_of
from .switching import switch, while_signed_in
from .trusted_devices import is_trusted
from .wire import (
    Method,
    SecondFactorAsked,
    SecondFactorPassed,
    SendTwoFactorOTP,
    TwoFactorCodes,
    VerifyBackupCode,
    VerifyCode,
)

_ALWAYS = ("/sign-in/email", "/sign-in/username", "/sign-in/phone-number", "/sign-in/link")
"""By a password, and by links of the server's own, which go out by ways that nobody here knows."""


@dataclass(frozen=True, kw_only=True)
class TwoFactor(SecondFactors):
    """Options of second factors, and of when they are asked for."""

    every_sign_in: bool = False
    """Ask for the second factor whatever the first one was, unless that was two by itself: a
    passkey with a PIN, a finger or a face. False: after passwords, as the reference does, and links
    that the server made for a user."""

    @after(new_session=True, place="first")
    async def ask(self, call: Call) -> SecondFactorAsked | None:
        """Take back the session of a sign-in that lacks the second factor, and ask for that."""
        begun = call.new_session
        if begun is None or not is_enabled(begun.user) or not self._is_gated(call):
            return None
        user, failed, trusted = begun.user, call.raised(), False
        try:
            trusted = await is_trusted(call, user, self.trusted_life())
            if trusted:
                return None
            promise = await binding(call, user, begun.session)
        finally:
            # Also where the store failed: what the browser gets then must hold no session.
            if not trusted:
                await take_back_session(call)
        if failed is not None and not isinstance(failed, Redirect):
            return None
        await challenge(call, user, promise, self.promise_life())
        methods = await self._methods(call, user)
        await record(call, Event.SECOND_FACTOR_ASKED, user.id)
        if isinstance(failed, Redirect):
            asked = {"twoFactorRedirect": "true", "twoFactorMethods": ",".join(methods)}
            raise Redirect(append_query(failed.location, asked))
        return SecondFactorAsked(True, methods)

    @post("/two-factor/verify-totp")
    async def verify_totp(self, call: Call, body: VerifyCode) -> SecondFactorPassed[User]:
        """Give a code of the app: to end its set-up, to sign in, or to prove oneself again. Raises
        INVALID_TWO_FACTOR_COOKIE, TOTP_NOT_CONFIGURED, TOTP_NOT_ENABLED, INVALID_CODE,
        ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION."""
        if self.totp.disable:
            raise TwoFactorCodes.TOTP_NOT_CONFIGURED()
        who = await who_verifies(call)
        row = await factor_of(call, who.user)
        if row is None or (who.session is None and not row.is_set_up):
            raise TwoFactorCodes.TOTP_NOT_ENABLED()
        key = key_of(call, row)
        await refuse_locked(call, self.account_lockout, row)
        async with attempt(call, who):
            if row.is_set_up:
                await count_guess(call, self.account_lockout, who.user, row)
            await use_code(call, self.totp, row, key, body.code)
        if row.verified is not True and who.session is not None:
            return await self._finish_set_up(call, row)
        return await self._passed(call, who, body)

    @post("/two-factor/send-otp", promises_mail=True)
    async def send_two_factor_otp(self, call: Call) -> Status:
        """Send a code to the user; earlier ones are dead. Raises INVALID_TWO_FACTOR_COOKIE,
        OTP_NOT_CONFIGURED."""
        if call.body is not None:
            read_input(SendTwoFactorOTP, call.body, "body")
        options = self.otp
        if options is None:
            raise TwoFactorCodes.OTP_NOT_CONFIGURED()
        await send_code(call, options, await who_verifies(call))
        return Status()

    @post("/two-factor/verify-otp")
    async def verify_two_factor_otp(self, call: Call, body: VerifyCode) -> SecondFactorPassed[User]:
        """Give a code that was sent; who is signed in and has no second factor has one then. Raises
        INVALID_TWO_FACTOR_COOKIE, OTP_HAS_EXPIRED, INVALID_CODE,
        TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION."""
        who, options = await who_verifies(call), self.otp or UNSENT
        row = await factor_of(call, who.user)
        await refuse_locked(call, self.account_lockout, row)
        await use_sent_code(call, options, self.account_lockout, who, row, body.code)
        if is_enabled(who.user):
            return await self._passed(call, who, body)
        if who.session is None:
            raise TwoFactorCodes.FAILED_TO_CREATE_SESSION(status=400)
        now = await switch(call, enabled=True, given=True, work=lambda: self.forget_devices(call))
        return SecondFactorPassed(token=now.session.token, user=now.user)

    @post("/two-factor/verify-backup-code")
    async def verify_backup_code(
        self, call: Call, body: VerifyBackupCode
    ) -> SecondFactorPassed[User]:
        """Give a code from paper, which is used up. Raises INVALID_TWO_FACTOR_COOKIE,
        BACKUP_CODES_NOT_ENABLED, INVALID_BACKUP_CODE, BACKUP_CODES_CHANGED,
        ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION."""
        who = await who_verifies(call)
        row = await factor_of(call, who.user)
        if row is None:
            raise TwoFactorCodes.BACKUP_CODES_NOT_ENABLED()
        await refuse_locked(call, self.account_lockout, row)
        async with attempt(call, who):
            await count_guess(call, self.account_lockout, who.user, row)
            await use_backup_code(call, self.backup_codes, row, body.code)
        await record(call, Event.BACKUP_CODE_USED, who.user.id)
        if body.disable_session:
            token = msgspec.UNSET if who.session is None else who.session.token
            return SecondFactorPassed(token=token, user=who.user)
        return await self._passed(call, who, body)

    @post("/two-factor/require", requires="sensitive", server_only=True)
    async def require_second_factor(self, call: Call, body: HowLately) -> SessionAndUser[User]:
        """Go on only for who gave the second factor in this session, at any time or lately.

        There with `note_in_session`. Raises UNAUTHORIZED (401), TWO_FACTOR_NOT_ENABLED (403) for
        users who have none, SECOND_FACTOR_REQUIRED (403).
        """
        require_note(call, body.within)
        return call.session

    def _is_gated(self, call: Call) -> bool:
        endpoint, begun = call.endpoint, call.new_session
        if endpoint is None or begun is None or endpoint.path.startswith(OWN_PATHS):
            return False
        # Who is signed in, and is given another session, has passed.
        is_sign_in = endpoint.traits.requires == "nothing" and begun.session.token == call.begun
        asks = self.every_sign_in and is_sign_in and not call.multi_factor
        return endpoint.path in _ALWAYS or asks

    async def _finish_set_up(self, call: Call, row: SecondFactor) -> SecondFactorPassed[User]:
        async def verified() -> None:
            same = {"id": row.id, "secret": row.secret}
            if not await call.db.update(SecondFactor, {"verified": True}, **same):
                raise TwoFactorCodes.INVALID_CODE()
            await self.forget_devices(call)

        now = call.session
        if is_enabled(now.user):
            require_given(call)
            await while_signed_in(call, verified)
            await note(call)
        else:
            now = await switch(call, enabled=True, given=True, work=verified)
        return SecondFactorPassed(token=now.session.token, user=now.user)

    async def _methods(self, call: Call, user: User) -> list[Method]:
        row = None if self.totp.disable else await factor_of(call, user)
        methods: list[Method] = ["totp"] if row is not None and row.is_set_up else []
        return methods if self.otp is None else [*methods, "otp"]

    async def _passed(
        self, call: Call, who: Verifying, body: VerifyCode
    ) -> SecondFactorPassed[User]:
        life = self.trusted_life()
        return await passed(call, who, trust=body.trust_device, trusted_life=life)


class TwoFactorAPI(ServerAPI[M, U]):
    """Functions in `auth.api` that take a code."""

    verify_totp: EndpointCall[M, VerifyCode, SecondFactorPassed[U]]
    """Give a code of the app: to end its set-up, to sign in, or to prove oneself again. Raises
    INVALID_TWO_FACTOR_COOKIE, TOTP_NOT_CONFIGURED, TOTP_NOT_ENABLED, INVALID_CODE,
    ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION.
    """
    send_two_factor_otp: EndpointCall[M, None, Status]
    """Send a code to the user; earlier ones are dead. Raises INVALID_TWO_FACTOR_COOKIE,
    OTP_NOT_CONFIGURED.
    """
    verify_two_factor_otp: EndpointCall[M, VerifyCode, SecondFactorPassed[U]]
    """Give a code that was sent; who is signed in and has no second factor has one then. Raises
    INVALID_TWO_FACTOR_COOKIE, OTP_HAS_EXPIRED, INVALID_CODE,
    TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE, ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION.
    """
    verify_backup_code: EndpointCall[M, VerifyBackupCode, SecondFactorPassed[U]]
    """Give a code from paper, which is used up. Raises INVALID_TWO_FACTOR_COOKIE,
    BACKUP_CODES_NOT_ENABLED, INVALID_BACKUP_CODE, BACKUP_CODES_CHANGED,
    ACCOUNT_TEMPORARILY_LOCKED, FAILED_TO_CREATE_SESSION.
    """
    require_second_factor: EndpointCall[M, HowLately | None, SessionAndUser[U]]
    """Go on only for who gave the second factor in this session, at any time or lately.

    There with `note_in_session`. Raises UNAUTHORIZED (401), TWO_FACTOR_NOT_ENABLED (403) for
    users who have none, SECOND_FACTOR_REQUIRED (403).
    """
