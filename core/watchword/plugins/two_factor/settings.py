"""What users do about their second factor: set it up, look at it, turn it off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from msgspec.structs import replace

from watchword.call import Call
from watchword.configuration.durations import LONGEST_COOKIE
from watchword.configuration.option_checks import check_flag, check_type
from watchword.configuration.options import Duration, RateLimitRule, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.database.records import Record
from watchword.endpoint import Endpoint, post
from watchword.errors import ErrorCodes
from watchword.features.letters import MAILER
from watchword.plugin_base import Letters, Plugin, RateRule
from watchword.records import Session, User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U

from .app import key_of, new_secret, uri_of
from .backup_codes import backup_codes_of, new_backup_codes
from .noting import require_given
from .options import AccountLockout, BackupCodeOptions, OTPOptions, TOTPOptions, letter
from .records import NotesSecondFactor, SecondFactor, WithSecondFactor, is_enabled
from .switching import prove, switch, while_signed_in
from .totp import totp_code, totp_key, totp_step
from .trusted_devices import forget_cookie, forget_devices
from .wire import (
    TOTPURI,
    BackupCodes,
    EnablePasswordless,
    EnableTwoFactor,
    ProvenPassword,
    ProvenPasswordless,
    TOTPCode,
    TOTPSecret,
    TwoFactorCodes,
    TwoFactorSetUp,
    WhoseBackupCodes,
)

_LIMIT = RateLimitRule(window=10, max=3)
OWN_PATHS = "/two-factor/"


@dataclass(frozen=True, kw_only=True)
class SecondFactors(Plugin):
    """Options of second factors."""

    id: ClassVar[str] = "two-factor"
    codes: ClassVar[type[ErrorCodes]] = TwoFactorCodes
    records: ClassVar[tuple[type[Record], ...]] = (SecondFactor,)
    extends: ClassVar[Mapping[type[Record], type[Any]]] = {
        User: WithSecondFactor,
        Session: NotesSecondFactor,
    }
    letters: ClassVar[Letters] = {"otp.send_otp": letter}
    safe: ClassVar[Mapping[str, Safe]] = {
        "two_factor_cookie_max_age": Safe("sign-ins wait for long", most=3600),
        "every_sign_in": Safe(
            "links, codes by mail and identity providers sign in without a second factor",
            exactly=True,
            severity="info",
        ),
    }

    note_in_session: bool = False
    """Note in sessions when the second factor was given in them, for routes that ask for it: in a
    column of its own, `secondFactorAt` (`watchword migrate`). To see or change the second factor it
    has to be given in the session, too."""
    issuer: str | None = None
    """What authenticator apps call this service; None: `app_name`."""
    skip_verification_on_enable: bool = False
    """An app counts as set up at once, before its first code."""
    allow_passwordless: bool = False
    """Users without a password need none to change their second factor; they must have signed in
    lately (`session.fresh_age`)."""
    two_factor_cookie_max_age: Duration = 600
    """How long a sign-in waits for the second factor (10 minutes)."""
    trust_device_max_age: Duration = 2_592_000
    """How long a trusted browser is asked for none (30 days), from its last sign-in."""
    account_lockout: AccountLockout = field(default_factory=AccountLockout)
    totp: TOTPOptions = field(default_factory=TOTPOptions)
    otp: OTPOptions | None = None
    """Codes that the application sends; None: it sends none."""
    backup_codes: BackupCodeOptions = field(default_factory=BackupCodeOptions)
    rate_limit: RateLimitRule = _LIMIT
    """For each of its paths."""

    def __post_init__(self) -> None:
        self.promise_life()
        self.trusted_life()
        check_flag("TwoFactor.note_in_session", self.note_in_session)
        check_type("TwoFactor.account_lockout", self.account_lockout, AccountLockout)
        check_type("TwoFactor.totp", self.totp, TOTPOptions)
        check_type("TwoFactor.backup_codes", self.backup_codes, BackupCodeOptions)
        if self.otp is not None:
            check_type("TwoFactor.otp", self.otp, OTPOptions)

    def needs(self) -> Sequence[tuple[str, str]]:
        """Somebody who sends the codes, where there are to be any."""
        unsent = self.otp is not None and self.otp.send_otp is None
        return [("OTPOptions.send_otp", MAILER)] if unsent else ()

    def promise_life(self) -> int:
        """Seconds that a sign-in may wait."""
        option, life = "TwoFactor.two_factor_cookie_max_age", self.two_factor_cookie_max_age
        return seconds(option, life, least=1, most=LONGEST_COOKIE)

    def added_fields(self) -> Mapping[type[Record], type[Any]]:
        """Those of users, and of sessions where that is wanted."""
        return self.extends if self.note_in_session else {User: WithSecondFactor}

    def rate_rules(self) -> Sequence[RateRule]:
        """The same for each path."""
        return [RateRule(f"{OWN_PATHS}*", self.rate_limit)]

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; the password may be left out where the options say so.

        There is no asking for what is not noted.
        """
        usual = self.allow_passwordless
        without: dict[str, type[Any]] = {}
        if usual:
            without["enable_two_factor"] = EnablePasswordless
            without["disable_two_factor"] = ProvenPasswordless
        if self._passwordless(self.totp.allow_passwordless):
            without["get_totp_uri"] = ProvenPasswordless
        if self._passwordless(self.backup_codes.allow_passwordless):
            without["generate_backup_codes"] = ProvenPasswordless
        for own in super().endpoints():
            if own.path == f"{OWN_PATHS}require" and not self.note_in_session:
                continue
            yield replace(own, input=without[own.name]) if own.name in without else own

    async def give_to_owner(self, call: Call, user: User) -> None:
        """Whoever set up a factor for somebody else's address would lock its owner out."""
        await call.db.delete(SecondFactor, user_id=user.id)
        await call.db.update(User, {"two_factor_enabled": False}, id=user.id)
        await forget_devices(call, user.id, self.trusted_life())

    @post("/two-factor/enable", requires="sensitive")
    async def enable_two_factor(self, call: Call, body: EnableTwoFactor) -> TwoFactorSetUp:
        """Set a second factor up. An app is asked for once its first code was given. Raises
        INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH,
        SECOND_FACTOR_REQUIRED, TOTP_NOT_CONFIGURED, OTP_NOT_CONFIGURED, TOTP_ALREADY_ENABLED,
        FAILED_TO_CREATE_SESSION."""
        await prove(call, body.password, passwordless=self.allow_passwordless)
        require_given(call)
        user = call.session.user
        if body.method == "otp":
            if self.otp is None:
                raise TwoFactorCodes.OTP_NOT_CONFIGURED()
            await switch(call, enabled=True, work=lambda: self.forget_devices(call))
            return TwoFactorSetUp(method="otp")
        if self.totp.disable:
            raise TwoFactorCodes.TOTP_NOT_CONFIGURED()
        secret, stored = new_secret(call)
        codes, stored_codes = await new_backup_codes(call, self.backup_codes)

        async def store() -> None:
            values = {
                "secret": stored,
                "backup_codes": stored_codes,
                "verified": self.skip_verification_on_enable,
            }
            row = await factor_of(call, user)
            if row is None:
                await call.db.create(SecondFactor, user_id=user.id, **values)
            elif row.is_set_up:
                raise TwoFactorCodes.TOTP_ALREADY_ENABLED()
            else:
                await call.db.update(SecondFactor, values, id=row.id)
            if self.skip_verification_on_enable:
                await self.forget_devices(call)

        if self.skip_verification_on_enable:
            await switch(call, enabled=True, work=store)
        else:
            await while_signed_in(call, store)
        issuer = body.issuer or self.issuer or call.config.options.app_name
        uri = uri_of(self.totp, totp_key(secret), issuer, user.email)
        return TwoFactorSetUp(method="totp", totp_uri=uri, backup_codes=codes)

    @post("/two-factor/disable", requires="sensitive")
    async def disable_two_factor(self, call: Call, body: ProvenPassword) -> Status:
        """Ask for no second factor any more. App, backup codes and trusted devices are gone. Raises
        INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH,
        SECOND_FACTOR_REQUIRED, FAILED_TO_CREATE_SESSION."""
        await prove(call, body.password, passwordless=self.allow_passwordless)
        require_given(call)

        async def forget() -> None:
            await call.db.delete(SecondFactor, user_id=call.session.user.id)
            await self.forget_devices(call)

        await switch(call, enabled=False, work=forget)
        forget_cookie(call, self.trusted_life())
        return Status()

    @post("/two-factor/get-totp-uri", requires="sensitive")
    async def get_totp_uri(self, call: Call, body: ProvenPassword) -> TOTPURI:
        """What another authenticator app is set up with. Raises INVALID_PASSWORD,
        CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH, SECOND_FACTOR_REQUIRED,
        TOTP_NOT_CONFIGURED, TOTP_NOT_ENABLED."""
        if self.totp.disable:
            raise TwoFactorCodes.TOTP_NOT_CONFIGURED()
        user = call.session.user
        row = await factor_of(call, user)
        if row is None:
            raise TwoFactorCodes.TOTP_NOT_ENABLED()
        passwordless = self._passwordless(self.totp.allow_passwordless)
        await prove(call, body.password, passwordless=passwordless)
        require_given(call)
        issuer = self.totp.issuer or self.issuer or call.config.options.app_name
        return TOTPURI(uri_of(self.totp, key_of(call, row), issuer, user.email))

    @post("/two-factor/generate-backup-codes", requires="sensitive")
    async def generate_backup_codes(self, call: Call, body: ProvenPassword) -> BackupCodes:
        """New backup codes; the old ones are dead. Raises INVALID_PASSWORD,
        CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH, SECOND_FACTOR_REQUIRED,
        TWO_FACTOR_NOT_ENABLED."""
        user = call.session.user
        if not is_enabled(user):
            raise TwoFactorCodes.TWO_FACTOR_NOT_ENABLED()
        passwordless = self._passwordless(self.backup_codes.allow_passwordless)
        await prove(call, body.password, passwordless=passwordless)
        require_given(call)
        codes, stored = await new_backup_codes(call, self.backup_codes)

        async def store() -> None:
            if not await call.db.update(SecondFactor, {"backup_codes": stored}, user_id=user.id):
                raise TwoFactorCodes.TWO_FACTOR_NOT_ENABLED()

        await while_signed_in(call, store)
        return BackupCodes(status=True, backup_codes=codes)

    @post("/two-factor/view-backup-codes", server_only=True)
    async def view_backup_codes(self, call: Call, body: WhoseBackupCodes) -> BackupCodes:
        """The codes of a user that are good. Ask whether they are of who is asking."""
        row = await call.db.find_one(SecondFactor, user_id=body.user_id)
        if row is None:
            raise TwoFactorCodes.BACKUP_CODES_NOT_ENABLED()
        codes = await backup_codes_of(call, self.backup_codes, row)
        if codes is None:
            raise TwoFactorCodes.INVALID_BACKUP_CODE(status=400)
        return BackupCodes(status=True, backup_codes=codes)

    @post("/totp/generate", server_only=True)
    async def generate_totp(self, call: Call, body: TOTPSecret) -> TOTPCode:
        """The present code of a secret."""
        if self.totp.disable:
            raise TwoFactorCodes.TOTP_NOT_CONFIGURED()
        step = totp_step(call.now, seconds("TOTPOptions.period", self.totp.period))
        return TOTPCode(totp_code(body.secret.encode(), step, self.totp.digits))

    async def forget_devices(self, call: Call) -> None:
        """No browser is trusted any more with who is signed in."""
        await forget_devices(call, call.session.user.id, self.trusted_life())

    def _passwordless(self, own: bool | None) -> bool:
        return self.allow_passwordless if own is None else own

    def trusted_life(self) -> int:
        """Seconds that a browser is trusted."""
        option, life = "TwoFactor.trust_device_max_age", self.trust_device_max_age
        return seconds(option, life, least=1, most=LONGEST_COOKIE)


async def factor_of(call: Call, user: User) -> SecondFactor | None:
    """The row of a user, if there is one."""
    return await call.db.find_one(SecondFactor, user_id=user.id)


class SecondFactorsAPI(ServerAPI[M, U]):
    """Functions in `auth.api` about one's own second factor."""

    enable_two_factor: EndpointCall[M, EnableTwoFactor, TwoFactorSetUp]
    """Set a second factor up. An app is asked for once its first code was given. Raises
    INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH,
    SECOND_FACTOR_REQUIRED, TOTP_NOT_CONFIGURED, OTP_NOT_CONFIGURED, TOTP_ALREADY_ENABLED,
    FAILED_TO_CREATE_SESSION.
    """
    disable_two_factor: EndpointCall[M, ProvenPassword, Status]
    """Ask for no second factor any more. App, backup codes and trusted devices are gone. Raises
    INVALID_PASSWORD, CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH,
    SECOND_FACTOR_REQUIRED, FAILED_TO_CREATE_SESSION.
    """
    get_totp_uri: EndpointCall[M, ProvenPassword, TOTPURI]
    """What another authenticator app is set up with. Raises INVALID_PASSWORD,
    CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH, SECOND_FACTOR_REQUIRED,
    TOTP_NOT_CONFIGURED, TOTP_NOT_ENABLED.
    """
    generate_backup_codes: EndpointCall[M, ProvenPassword, BackupCodes]
    """New backup codes; the old ones are dead. Raises INVALID_PASSWORD,
    CREDENTIAL_ACCOUNT_NOT_FOUND, SESSION_NOT_FRESH, SECOND_FACTOR_REQUIRED,
    TWO_FACTOR_NOT_ENABLED.
    """
    view_backup_codes: EndpointCall[M, WhoseBackupCodes, BackupCodes]
    """The codes of a user that are good. Ask whether they are of who is asking."""
    generate_totp: EndpointCall[M, TOTPSecret, TOTPCode]
    """The present code of a secret."""
