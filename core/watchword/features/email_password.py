"""Sign-up and sign-in with e-mail and password (spec: e-mail and password, sections 1 to 4)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal, TypeVar

from watchword.call import Call
from watchword.configuration.option_checks import check_choice, check_number, check_type
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.passwords import Argon2Cost, password_length
from watchword.database.contract import UniqueViolation
from watchword.endpoint import post
from watchword.errors import APIError, ConfigurationError, ErrorCode, ErrorCodes, Overloaded
from watchword.pipeline.additional_fields import read_fields, refuse_taken
from watchword.pipeline.validation import is_email
from watchword.plugin_base import Letters, Plugin
from watchword.records import Account, Session, User
from watchword.runtime.callbacks import is_async
from watchword.server_api import EndpointCall, M, ServerAPI
from watchword.sessions.sessions import create_session, set_session_cookies

from .addresses import user_of_address
from .credentials import create_credential, credential_of
from .email_password_wire import (
    EmailPasswordCodes,
    SignedIn,
    SignedUp,
    SignInEmail,
    SignUpEmail,
)
from .email_verification import EmailVerification
from .failed_sign_ins import FailedSignIns
from .identifiers import normal_email
from .mails import UserCallback, send_mail
from .provisioning import check_new_user, create_checked_user
from .synthetic_user import SyntheticUser, synthetic_user, word_to_owner

U = TypeVar("U", bound=User)
PasswordCheck = Callable[[Call, str], Awaitable[None]]

_TRIES = 3
_LONGEST = 4096
"""Characters of a password that anybody may allow, and that are compared whatever new ones may
have: it is normalised, and hashed."""


@dataclass(frozen=True, kw_only=True)
class EmailAndPassword(Plugin):
    """Sign-up and sign-in with e-mail and password."""

    id: ClassVar[str] = "email-password"
    codes: ClassVar[type[ErrorCodes]] = EmailPasswordCodes
    letters: ClassVar[Letters] = {"on_existing_user_sign_up": word_to_owner}
    safe: ClassVar[Mapping[str, Safe]] = {
        "min_password_length": Safe("short passwords are guessed", least=8),
        "max_password_length": Safe("pass phrases are refused", least=64),
        "failed_sign_ins": Safe(
            "guesses at one account from many addresses are not bounded", given=True
        ),
    }

    enabled: bool = False
    disable_sign_up: bool = False
    """Nobody signs up; who has an account signs in."""
    auto_sign_in: bool = True
    """Whether signing up signs in."""
    require_email_verification: bool = False
    """No session before the address is verified."""
    on_existing_user_sign_up: UserCallback | None = None
    """Told when somebody signs up with a taken address and the answer must not say so."""
    custom_synthetic_user: SyntheticUser | None = None
    """Dresses the invented user of that answer, where hooks would have dressed a real one."""
    min_password_length: int = 8
    """UTF-16 code units, as browsers count."""
    max_password_length: int = 128
    """UTF-16 code units of a new password (at most 4,096); imported ones may be longer."""
    password_hash: Literal["argon2id", "scrypt"] = "argon2id"
    """For new hashes; `scrypt` is what Better Auth reads, for a database shared with it."""
    argon2_cost: Argon2Cost = field(default_factory=Argon2Cost)
    """Memory (KiB), passes and lanes of argon2id."""
    hash_password: Callable[[str], object] | None = None
    """Replaces hashing; give `verify_password` too."""
    verify_password: Callable[[str, str], object] | None = None
    """Replaces verification; gets the stored hash and the password."""
    failed_sign_ins: FailedSignIns | None = field(default_factory=FailedSignIns)
    """Bounds wrong passwords per account, at sign-in and wherever who is signed in gives one; None:
    no bound."""
    checks: tuple[PasswordCheck, ...] = field(default=(), repr=False)
    """Of plugins: each sees a password before it is hashed, and raises `APIError` to refuse it."""
    _dummy: dict[str, str] = field(default_factory=dict[str, str], init=False, repr=False)

    def __post_init__(self) -> None:
        known = ("argon2id", "scrypt")
        check_choice("email_and_password.password_hash", self.password_hash, known)
        option, longest = "email_and_password.max_password_length", self.max_password_length
        check_number(option, longest, 1, _LONGEST)
        check_number("email_and_password.min_password_length", self.min_password_length, 1, longest)
        check_type("email_and_password.argon2_cost", self.argon2_cost, Argon2Cost)
        if (self.hash_password is None) != (self.verify_password is None):
            raise ConfigurationError(
                "email_and_password.hash_password", "stands alone", "Give verify_password as well"
            )

    @property
    def hides_existence(self) -> bool:
        """Whether sign-up answers alike for free and taken addresses: it makes no session."""
        return self.require_email_verification or not self.auto_sign_in

    @post("/sign-up/email", form=True, check_login_csrf=True, promises_mail=True)
    async def sign_up_email(self, call: Call, body: SignUpEmail) -> SignedUp[User]:
        """Create a user with a password, and sign in unless options say otherwise. Raises
        EMAIL_PASSWORD_SIGN_UP_DISABLED, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD,
        MISSING_FIELD, FIELD_NOT_ALLOWED, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
        FAILED_TO_CREATE_USER, FAILED_TO_CREATE_SESSION."""
        if not self.enabled or self.disable_sign_up:
            raise EmailPasswordCodes.EMAIL_PASSWORD_SIGN_UP_DISABLED()
        self.check_new_password(body.password)
        extra = read_fields(call, User, creating=True)
        # Before the address is looked at: the answer must not tell whether that is taken.
        not_created = EmailPasswordCodes.FAILED_TO_CREATE_USER(status=422)
        await refuse_taken(call, User, extra, not_created)
        email = normal_email(body.email)
        hashed = await self.hash(call, body.password)
        values = {**extra, "name": body.name, "email": email, "image": body.image}
        if (existing := await user_of_address(call, email)) is not None:
            return await self._taken(call, values, existing)
        try:
            user, session = await self._register(call, values, hashed, body.remember_me)
        except UniqueViolation:
            if (existing := await user_of_address(call, email)) is None:
                raise not_created from None
            return await self._taken(call, values, existing)
        except APIError as error:
            if error.status != 403 or not self.hides_existence:
                raise
            return await self._pretended(call, values)
        verification = call.config.plugin(EmailVerification)
        wanted = verification.send_on_sign_up
        if self.require_email_verification if wanted is None else wanted:
            await verification.send(call, user, body.callback_url)
        if session is not None:
            set_session_cookies(call, session, user, remember=body.remember_me)
        return SignedUp(token=session.token if session else None, user=user)

    @post("/sign-in/email", form=True, check_login_csrf=True)
    async def sign_in_email(self, call: Call, body: SignInEmail) -> SignedIn[User]:
        """Sign in; the answer to a wrong address and to a wrong password is the same. Raises
        EMAIL_PASSWORD_DISABLED, INVALID_EMAIL, PASSWORD_TOO_LONG, INVALID_EMAIL_OR_PASSWORD,
        EMAIL_NOT_VERIFIED, FAILED_TO_CREATE_SESSION."""
        if not self.enabled:
            raise EmailPasswordCodes.EMAIL_PASSWORD_DISABLED()
        if not is_email(body.email):
            raise EmailPasswordCodes.INVALID_EMAIL()
        email = normal_email(body.email)

        async def admit(user: User) -> None:
            await self.require_proven_address(call, user, body.callback_url)

        user, session = await self.session_by_password(
            call,
            partial(user_of_address, call, email),
            body.password,
            unknown=email,
            wrong=EmailPasswordCodes.INVALID_EMAIL_OR_PASSWORD,
            admit=admit,
            remember=body.remember_me,
        )
        return signed_in(call, user, session, body.callback_url, remember=body.remember_me)

    async def session_by_password(
        self,
        call: Call,
        find: Callable[[], Awaitable[User | None]],
        password: str,
        *,
        unknown: str,
        wrong: ErrorCode,
        admit: Callable[[User], Awaitable[None]],
        remember: bool,
    ) -> tuple[User, Session]:
        """Whom `find` finds, if this is the password, and a session.

        Every sign-in by password comes here, whatever people are known by. The work is the same
        where nobody is found: guesses are counted under `unknown` then, and `wrong` is the answer
        to both. `admit` is asked after the password: it raises where that is not enough. Raises
        `wrong`, PASSWORD_TOO_LONG, FAILED_TO_CREATE_SESSION (401), `TooManyRequests`, `Overloaded`.
        """
        self.check_given_password(password)
        for _ in range(_TRIES):
            user, account = await self._authenticated(call, await find(), password, unknown, wrong)
            await admit(user)
            session = await self._begin(call, user, account, remember)
            if session is not None:
                return user, session
        raise wrong()

    async def require_proven_address(self, call: Call, user: User, callback_url: str) -> None:
        """Where options ask for a verified address: raises EMAIL_NOT_VERIFIED without one.

        With `send_on_sign_in` the link that verifies it is mailed.
        """
        if not self.require_email_verification or user.email_verified:
            return
        verification = call.config.plugin(EmailVerification)
        if verification.send_on_sign_in:
            call.runtime.require_room()
            await verification.send(call, user, callback_url)
        raise EmailPasswordCodes.EMAIL_NOT_VERIFIED()

    async def hash(self, call: Call, password: str) -> str:
        """The stored form of a password, made off the event loop. Raises `Overloaded` (503), and
        what the checks of plugins raise."""
        for check in self.checks:
            await check(call, password)
        if self.hash_password is not None:
            return str(await _own(call, self.hash_password, password))
        return await call.offload(call.config.passwords.hash, password)

    async def guess(self, call: Call, account: str, stored: str | None, password: str) -> bool:
        """Whether a guess at the password of an account is right; every guess passes here.

        `account` is what guesses are counted under: the id of the user, so that neither another
        entrance nor another address begins a new row, or an address that nobody has. `stored` is
        None where there is no password: the work is the same. Raises `TooManyRequests`, and
        `Overloaded` for a guess that was not looked at, and is not counted.
        """
        bound = self.failed_sign_ins
        ticket = None if bound is None else await bound.attempt(call, account)
        try:
            compared = await self._dummy_hash(call) if stored is None else stored
            right = await self.verify(call, compared, password) and stored is not None
        except Overloaded:
            if ticket is not None:
                await ticket.give_back()
            raise
        if right and bound is not None:
            await bound.forget(call, account)
        return right

    async def verify(self, call: Call, stored: str, password: str) -> bool:
        """Whether the password is the one that was stored.

        Raises `Overloaded` (503) where that was not found out: a caller that counts guesses gives
        this one back.
        """
        if self.verify_password is not None:
            return bool(await _own(call, self.verify_password, stored, password))
        return await call.offload(call.config.passwords.verify, stored, password)

    def check_new_password(self, password: str, *, however_short: bool = False) -> None:
        """Raises PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG or INVALID_PASSWORD."""
        if self._is_longer_than_new_ones(password):
            raise self._too_long()
        if not however_short and password_length(password) < self.min_password_length:
            raise EmailPasswordCodes.PASSWORD_TOO_SHORT(
                f"The password is too short: at least {self.min_password_length} characters"
            )
        if "\0" in password:
            # scrypt pads its key with NUL: "pw" and "pw\0" would be the same password.
            raise EmailPasswordCodes.INVALID_PASSWORD()

    def check_given_password(self, password: str) -> None:
        """Refuse what is too long to be compared. Raises PASSWORD_TOO_LONG.

        A password that comes from another system may be longer than a new one may be.
        """
        if len(password) > _LONGEST:
            raise self._too_long()

    def wrong(self, password: str, code: ErrorCode) -> APIError:
        """The answer to a password that was compared and is wrong: `code`, or PASSWORD_TOO_LONG.

        The same for all accounts: nobody learns which ones came from another system.
        """
        return self._too_long() if self._is_longer_than_new_ones(password) else code()

    def _is_longer_than_new_ones(self, password: str) -> bool:
        # The number of characters is the lesser one, and costs nothing.
        longest = self.max_password_length
        return len(password) > longest or password_length(password) > longest

    def _too_long(self) -> APIError:
        most = self.max_password_length
        return EmailPasswordCodes.PASSWORD_TOO_LONG(
            f"The password is too long: at most {most} characters"
        )

    async def _register(
        self, call: Call, values: Mapping[str, object], hashed: str, remember: bool
    ) -> tuple[User, Session | None]:
        session: Session | None = None
        await check_new_user(call, "email-password", **values)
        async with call.db.transaction():
            user = await create_checked_user(call, **values)
            if user is None:
                raise EmailPasswordCodes.FAILED_TO_CREATE_USER()
            await create_credential(call, user.id, hashed)
            if not self.hides_existence:
                session = await create_session(call, user, remember=remember)
                if session is None:
                    raise EmailPasswordCodes.FAILED_TO_CREATE_SESSION()
        return user, session

    async def _taken(
        self, call: Call, values: Mapping[str, object], existing: User | None
    ) -> SignedUp[User]:
        if not self.hides_existence:
            raise EmailPasswordCodes.USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL()
        await send_mail(call, self.on_existing_user_sign_up, existing)
        return await self._pretended(call, values)

    async def _pretended(self, call: Call, values: Mapping[str, object]) -> SignedUp[User]:
        user = await synthetic_user(call, values, self.custom_synthetic_user)
        return SignedUp(token=None, user=user)

    async def _begin(
        self, call: Call, user: User, account: Account, remember: bool
    ) -> Session | None:
        """The session for a password; None if that is not the stored one any more."""
        session = await create_session(call, user, remember=remember)
        if session is None:
            raise EmailPasswordCodes.FAILED_TO_CREATE_SESSION(status=401)
        async with call.db.transaction():
            # Whoever takes a password away and ends all sessions holds the user until both are
            # done, and may have missed this one.
            await call.db.find_one(User, id=user.id)
            known = await call.db.find_one(Account, id=account.id, password=account.password)
        if known is not None:
            return session
        await call.sessions.remove(call, session.token)
        return None

    async def _authenticated(
        self, call: Call, user: User | None, password: str, unknown: str, wrong: ErrorCode
    ) -> tuple[User, Account]:
        account = None if user is None else await credential_of(call, user.id)
        call.subject = None if user is None else user.id
        stored = None if account is None else account.password
        right = await self.guess(call, unknown if user is None else user.id, stored, password)
        if user is None or account is None or not right:
            raise self.wrong(password, wrong)
        return user, await self._upgraded(call, account, password)

    async def _upgraded(self, call: Call, account: Account, password: str) -> Account:
        stored = account.password
        if self.hash_password is not None or stored is None:
            return account
        if not call.config.passwords.needs_upgrade(stored):
            return account
        try:
            change = {"password": await self.hash(call, password)}
        except Overloaded:
            # The password was right. There will be a better time.
            return account
        # Guarded by the old hash: a password changed meanwhile is never overwritten.
        return await call.db.update(Account, change, id=account.id, password=stored) or account

    async def _dummy_hash(self, call: Call) -> str:
        if self.hash_password is None:
            return call.config.passwords.nobodys
        if "hash" not in self._dummy:
            self._dummy["hash"] = await self.hash(call, call.random(24))
        return self._dummy["hash"]


async def _own(call: Call, callback: Callable[..., object], *texts: str) -> object:
    """An application's own hashing: as heavy as ours, unless it awaits something."""
    if is_async(callback):
        return await call.run_with_secret(callback, *texts)
    made = await call.offload_with_secret(callback, *texts)
    return await call.run_with_secret(lambda: made) if inspect.isawaitable(made) else made


def signed_in(
    call: Call, user: User, session: Session, callback_url: str, *, remember: bool
) -> SignedIn[User]:
    """Give the session to the browser; the answer tells the client where to go, if anywhere."""
    set_session_cookies(call, session, user, remember=remember)
    if callback_url:
        call.set_header("location", callback_url)
    going = bool(callback_url)
    return SignedIn(redirect=going, token=session.token, url=callback_url or None, user=user)


class EmailPasswordAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    sign_up_email: EndpointCall[M, SignUpEmail, SignedUp[U]]
    """Create a user with a password, and sign in unless options say otherwise. Raises
    EMAIL_PASSWORD_SIGN_UP_DISABLED, PASSWORD_TOO_SHORT, PASSWORD_TOO_LONG, INVALID_PASSWORD,
    MISSING_FIELD, FIELD_NOT_ALLOWED, USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL,
    FAILED_TO_CREATE_USER, FAILED_TO_CREATE_SESSION."""
    sign_in_email: EndpointCall[M, SignInEmail, SignedIn[U]]
    """Sign in; the answer to a wrong address and to a wrong password is the same. Raises
    EMAIL_PASSWORD_DISABLED, INVALID_EMAIL, PASSWORD_TOO_LONG, INVALID_EMAIL_OR_PASSWORD,
    EMAIL_NOT_VERIFIED, FAILED_TO_CREATE_SESSION."""
