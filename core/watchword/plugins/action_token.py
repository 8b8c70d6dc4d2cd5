"""Action tokens: a code by mail confirms one sensitive action of who is signed in already.

`send-token` mails a code for a type of action, `verify-token` exchanges it for a grant, and the
action burns the grant. Codes live minutes, allow a few wrong guesses and are good once; a grant is
good once, in one session, for one type (spec: plugin one-time-token-variants, design C; security
M1, M8, M9, T1 to T4).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec

from watchword.call import Call
from watchword.configuration.options import Duration, RateLimitRule, seconds
from watchword.configuration.safe_ranges import Safe
from watchword.crypto.random_strings import DIGITS
from watchword.crypto.signing import equal, hash_identifier, mac
from watchword.discreet import Discreet
from watchword.endpoint import post
from watchword.errors import ConfigurationError, ErrorCode, ErrorCodes
from watchword.features.failed_sign_ins import FailedSignIns
from watchword.features.letters import MAILER, Letter, proven_name
from watchword.features.mails import send_mail
from watchword.features.promises import (
    Bound,
    bind_anew,
    bound_to,
    holds,
    own_mark,
    release,
    session_promise,
    stands,
)
from watchword.http.request import Request
from watchword.pipeline.rate_counters import DAY, MemoryCounters, account_counters
from watchword.pipeline.rate_limit import TooManyRequests
from watchword.plugin_base import Hook, Letters, Plugin, RateRule, Stage
from watchword.records import User
from watchword.results import Status
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import is_vouched
from watchword.sessions.sessions import require_session
from watchword.verifications.guesses import Guess, guess_code, replace_code
from watchword.verifications.verifications import (
    delete_verifications,
    replace_verification,
    sweep_verifications,
    take_verification,
)

_log = logging.getLogger("watchword.action_token")

_SEND, _VERIFY = "/one-time-token/send-token", "/one-time-token/verify-token"
_SENDS, _GUESSES = RateLimitRule(window=60, max=3), RateLimitRule(window=60, max=5)
_TYPE = r"\A[a-z0-9][a-z0-9:._-]{0,63}\Z"
ActionType = Annotated[str, msgspec.Meta(max_length=64, pattern=_TYPE)]
"""What a code confirms: 1 to 64 of `a-z 0-9 : . _ -`, not beginning with a sign."""


class ActionTokenCodes(ErrorCodes):
    """Errors of action tokens. None tells what an action was, or why a code was refused."""

    INVALID_REQUEST = ErrorCode(400, "INVALID_REQUEST", "There is no such action")
    EMAIL_NOT_VERIFIED = ErrorCode(403, "EMAIL_NOT_VERIFIED", "Verify your address first")
    INVALID_TOKEN = ErrorCode(400, "INVALID_TOKEN", "Invalid or expired code", guess=True)
    ACTION_CONFIRMATION_REQUIRED = ErrorCode(
        403, "ACTION_CONFIRMATION_REQUIRED", "Confirm this with a code first"
    )


class SendActionToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What the code is to confirm."""

    type: ActionType


class VerifyActionToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """The mailed code, and what it is to confirm."""

    token: Annotated[str, msgspec.Meta(max_length=32, pattern=r"\A[0-9]{1,32}\Z")]
    type: ActionType


class ConsumeActionToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be done."""

    type: ActionType


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTokenMail:
    """A code to mail to `user.email`. Whoever holds it and the session may act: never log it."""

    user: User
    token: str = field(repr=False)
    type: str
    expires_at: datetime


ActionTokenCallback = Callable[[ActionTokenMail, Request | None], object]


def _letter(mail: ActionTokenMail) -> Letter:
    return Letter(
        kind="action-code",
        to=mail.user.email,
        name=proven_name(mail.user),
        code=mail.token,
        expires_at=mail.expires_at,
        values={"action": mail.type},
        user_id=mail.user.id,
    )


@dataclass(frozen=True, kw_only=True)
class ActionTokenLimits:
    """Requests per client, `send` also per user. The bound per user cannot be switched off."""

    send: RateLimitRule = _SENDS
    verify: RateLimitRule = _GUESSES


@dataclass(frozen=True, kw_only=True)
class ActionToken(Plugin):
    """Options of action tokens."""

    id: ClassVar[str] = "action-token"
    codes: ClassVar[type[ErrorCodes]] = ActionTokenCodes
    letters: ClassVar[Letters] = {"send_token": _letter}
    safe: ClassVar[Mapping[str, Safe]] = {
        "allowed_attempts": Safe("many guesses at each code", most=10),
        "expires_in": Safe("codes lie in mailboxes for long", most=1800),
        "grant_ttl": Safe("an action stays confirmed for long", most=900),
    }

    send_token: ActionTokenCallback | None = None
    """Mails a code; gets an `ActionTokenMail` and the request (None for server-side calls). `def`
    or `async def`; runs in the background, failures are logged without data. None: `Auth(mail=...)`
    does."""
    expires_in: Duration = 600
    """Life of a code (10 minutes)."""
    digits: int = 6
    """Digits of a code (6 to 12). The first one is never 0."""
    types: Collection[str] | None = None
    """The types for which codes are sent; None: any well-formed one."""
    protect: Mapping[str, str] = field(default_factory=dict[str, str])
    """Endpoints that ask for a grant: path (`*` matches any characters) to type. Of several
    patterns that match, the first one counts."""
    allowed_attempts: int = 3
    """Wrong guesses that a code survives."""
    resend_after: Duration = 30
    """Between two codes of one user and type (30 seconds; at most a day)."""
    rate_limit: ActionTokenLimits = field(default_factory=ActionTokenLimits)
    wrong_guesses: FailedSignIns = field(default_factory=FailedSignIns)
    """Bounds wrong codes in a row per user, over all codes and types."""
    grant_ttl: Duration = 300
    """Life of a grant (5 minutes)."""
    require_verified_email: bool = True
    """Codes go to verified addresses only."""
    log_in_development: bool = True
    """Where WATCHWORD_ENV or NODE_ENV is `development`, a code is logged as well."""
    _memory: MemoryCounters = field(
        default_factory=MemoryCounters, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        seconds("ActionToken.expires_in", self.expires_in, least=1)
        seconds("ActionToken.grant_ttl", self.grant_ttl, least=1)
        seconds("ActionToken.resend_after", self.resend_after, most=DAY)
        seconds("ActionToken.rate_limit.send.window", self.rate_limit.send.window, most=DAY)
        _check_range("ActionToken.digits", self.digits, 6, 12)
        _check_range("ActionToken.allowed_attempts", self.allowed_attempts, 1, 100)
        _check_types("ActionToken.types", self.types or ())
        _check_types("ActionToken.protect", self.protect.values())
        _check_patterns(self.protect)
        unsent = [] if self.types is None else sorted({*self.protect.values()} - {*self.types})
        if unsent:
            raise ConfigurationError(
                "ActionToken.protect", f"{unsent[0]!r} is not among the types", "Add it to types"
            )

    def needs(self) -> Sequence[tuple[str, str]]:
        """Somebody who mails."""
        return () if self.send_token else [("ActionToken.send_token", MAILER)]

    def rate_rules(self) -> Sequence[RateRule]:
        """Limits per client."""
        return [
            RateRule(_SEND, self.rate_limit.send),
            RateRule(_VERIFY, self.rate_limit.verify),
        ]

    def hooks(self, stage: Stage) -> Iterator[Hook]:
        """Beside its own, a gate for each path to protect."""
        yield from super().hooks(stage)
        if stage == "gate":
            gates: list[Hook] = []
            for pattern, type in self.protect.items():
                gates.append(Hook("gate", (pattern,), _confirmed(type, tuple(gates))))
            yield from gates

    @post(_SEND, requires="sensitive", promises_mail=True)
    async def send_action_token(self, call: Call, body: SendActionToken) -> Status:
        """Mail a code to who is signed in. An older code of the type is dead. Raises
        INVALID_REQUEST, EMAIL_NOT_VERIFIED."""
        if self.types is not None and body.type not in self.types:
            raise ActionTokenCodes.INVALID_REQUEST()
        user = call.session.user
        if self.require_verified_email and not user.email_verified:
            raise ActionTokenCodes.EMAIL_NOT_VERIFIED()
        await self._count(call, user, body.type)
        code = call.random(1, DIGITS[1:]) + call.random(self.digits - 1, DIGITS)
        identifier = _code_id(user, body.type)
        life = seconds("ActionToken.expires_in", self.expires_in)
        stored = _stored(user, body.type, code, call.config.secrets.current)
        await sweep_verifications(call)
        await bind_anew(call, identifier, await session_promise(call), call.after(life))
        await replace_code(call, identifier, stored, life)
        if self.log_in_development and call.config.development:
            _log.warning("[DEV] Verification code: %s", code)
        mail = ActionTokenMail(user=user, token=code, type=body.type, expires_at=call.after(life))
        await send_mail(call, self.send_token, mail)
        return Status()

    @post(_VERIFY, requires="sensitive")
    async def verify_action_token(self, call: Call, body: VerifyActionToken) -> Status:
        """Exchange a code for a grant, with which the session may do the action once. Raises
        INVALID_TOKEN."""
        await self.redeem(call, body.token, body.type)
        session = call.session.session
        identifier = _grant_id(session.id, body.type)
        ends = call.after(seconds("ActionToken.grant_ttl", self.grant_ttl))
        await replace_verification(call, identifier, session.id, ends)
        return Status()

    @post(
        "/one-time-token/consume-token",
        name="consume_action_token",
        requires="sensitive",
        server_only=True,
    )
    async def consume(self, call: Call, body: ConsumeActionToken) -> Status:
        """Go on only with a grant, which is used up then."""
        await consume_action_token(call, body.type)
        return Status()

    async def redeem(self, call: Call, token: str, type: str) -> None:
        """Go on only with the right code, which is used up then. No grant is made.

        It is right in the session that asked for it, until the user takes the account back. Raises
        UNAUTHORIZED (401), INVALID_TOKEN (400), and `TooManyRequests` when the user pauses.
        """
        await require_session(call, from_store=True)
        user = call.session.user
        identifier, subject = _code_id(user, type), f"action-token|{user.id}"
        secrets = call.config.secrets.vouching(call.now)
        given = [_stored(user, type, token, secret) for secret in secrets]
        await self.wrong_guesses.attempt(call, subject)

        async def is_right(stored: str) -> bool:
            return any(equal(stored, one) for one in given)

        note = await bound_to(call, identifier)
        outcome, _ = await guess_code(call, identifier, is_right, self.allowed_attempts)
        if outcome is Guess.ABSENT:
            # A wrong guess writes, too: whether there is a code must not be told by the work.
            await delete_verifications(call, identifier)
        if outcome is not Guess.RIGHT or not await _is_own(call, note):
            raise ActionTokenCodes.INVALID_TOKEN()
        await release(call, note)
        await self.wrong_guesses.forget(call, subject)

    @property
    def _pause(self) -> int:
        return seconds("ActionToken.resend_after", self.resend_after, most=DAY)

    async def _count(self, call: Call, user: User, type: str) -> None:
        counters = account_counters(call, self._memory)
        rules = {f"user|{user.id}": self.rate_limit.send}
        if self._pause:
            again = RateLimitRule(window=self._pause, max=1)
            rules = {f"type|{user.id}|{type}": again, **rules}
        for name, rule in rules.items():
            # Hashed: the store of counters need not know who confirms what.
            key = f"action-token|{hash_identifier(name)}"
            wait = await counters.consume(call, key, rule)
            if wait is not None:
                raise TooManyRequests(wait)


async def redeem_action_token(call: Call, token: str, type: str) -> None:
    """Check a code inside the action itself, in one request and without a grant.

    Raises UNAUTHORIZED (401), INVALID_TOKEN (400), `TooManyRequests` (429), and `LookupError`
    where the plugin is not installed.
    """
    await call.config.plugin(ActionToken).redeem(call, token, type)


async def consume_action_token(call: Call, type: str) -> None:
    """Burn the grant of the session for a type of action: one caller goes on.

    Raises UNAUTHORIZED (401) and ACTION_CONFIRMATION_REQUIRED (403).
    """
    await require_session(call, from_store=True)
    session = call.session.session
    if is_vouched(call, session):
        # Its id may be the number of somebody's session, whose grant it must not burn.
        raise ActionTokenCodes.ACTION_CONFIRMATION_REQUIRED()
    granted = await take_verification(call, _grant_id(session.id, type))
    if granted is None or granted.value != session.id:
        raise ActionTokenCodes.ACTION_CONFIRMATION_REQUIRED()


def _confirmed(
    type: str, earlier: tuple[Hook, ...]
) -> Callable[[ActionToken, Call], Coroutine[Any, Any, None]]:
    async def burn_grant(plugin: ActionToken, call: Call) -> None:
        path = "" if call.endpoint is None else call.endpoint.path
        if not any(gate.matches(path) for gate in earlier):
            await consume_action_token(call, type)

    return burn_grant


def _code_id(user: User, type: str) -> str:
    return f"action-token:{user.id}:{type}"


def _grant_id(session_id: str, type: str) -> str:
    return f"action-grant:{session_id}:{type}"


def _stored(user: User, type: str, code: str, secret: str) -> str:
    # A bare hash of six digits is read back by trying them all: it is keyed with the secret.
    return mac(f"action-token!{user.id}!{type}!{code}", secret)


async def _is_own(call: Call, note: Bound | None) -> bool:
    """Whether a code was asked for in the session that gives it, and still stands."""
    if note is None or note.promise.session != own_mark(call):
        return False
    promise = note.promise
    return await holds(call, call.session.user.id, lambda user: stands(call, user, promise))


def _check_range(option: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ConfigurationError(option, f"{value!r} is not possible", f"Give {least} to {most}")


def _check_types(option: str, types: Collection[str]) -> None:
    for one in types:
        if re.search(_TYPE, one) is None:
            remedy = "Give 1 to 64 of a-z 0-9 : . _ - beginning with a letter or digit"
            raise ConfigurationError(option, f"{one!r} is no type", remedy)


def _check_patterns(patterns: Collection[str]) -> None:
    for pattern in patterns:
        gate = Hook("gate", (pattern,), _confirmed("", ()))
        if any(map(gate.matches, (_SEND, _VERIFY))):
            raise ConfigurationError(
                "ActionToken.protect",
                f"{pattern!r} includes the endpoints of this plugin: nobody could get a code",
                "Give narrower patterns",
            )


class ActionTokenAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    send_action_token: EndpointCall[M, SendActionToken, Status]
    """Mail a code to who is signed in. An older code of the type is dead. Raises
    INVALID_REQUEST, EMAIL_NOT_VERIFIED.
    """
    verify_action_token: EndpointCall[M, VerifyActionToken, Status]
    """Exchange a code for a grant, with which the session may do the action once. Raises
    INVALID_TOKEN.
    """
    consume_action_token: EndpointCall[M, ConsumeActionToken, Status]
    """Go on only with a grant, which is used up then."""
