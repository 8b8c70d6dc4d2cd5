"""Options of signing devices in, and what devices ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from watchword.call import Call
from watchword.configuration.configuration import Pace
from watchword.configuration.durations import Duration, seconds
from watchword.configuration.option_checks import check_callback, check_number
from watchword.configuration.options import RateLimitRule
from watchword.configuration.safe_ranges import Safe
from watchword.database.contract import UniqueViolation
from watchword.database.table import lt
from watchword.endpoint import post
from watchword.errors import APIError, ConfigurationError
from watchword.http.query import append_query
from watchword.http.urls import is_single_slash_path, parse_url
from watchword.pipeline.validation import ValidationCodes
from watchword.plugin_base import RateRule, after
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.sessions import require_stored_sessions

from .approving import DeviceApproval
from .codes import LONGEST_CODE, CodeGenerator, made_device_code, made_user_code
from .records import StoredDeviceCode
from .redeeming import redeem
from .wire import (
    AskForDeviceCode,
    DeviceCode,
    DeviceCodes,
    DeviceToken,
    RedeemDeviceCode,
)

_TRIES = 3
_KEPT = 3600
"""Seconds that the row of an expired code is kept for: devices are told that it is late."""
_ASK, _POLL = "/device/code", "/device/token"
_LOOK_UPS, _DECISIONS = 5, 10


@dataclass(frozen=True, kw_only=True)
class DeviceAuthorization(DeviceApproval):
    """Options of signing in devices without a browser or a keyboard (RFC 8628)."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "device_code_length": Safe("whoever guesses one has the session", least=32),
        "user_code_length": Safe("short codes are guessed", least=8),
        "expires_in": Safe("codes that nobody used lie about for long", most=3600),
    }

    expires_in: Duration = 1800
    """Life of a code (30 minutes)."""
    interval: Duration = 5
    """The least time between two polls of a device."""
    device_code_length: int = 40
    """Characters of the code that a device polls with."""
    user_code_length: int = 8
    """Characters of the code that people type."""
    generate_device_code: CodeGenerator | None = field(default=None, repr=False)
    """Makes device codes instead, up to 191 characters that nobody can guess."""
    generate_user_code: CodeGenerator | None = field(default=None, repr=False)
    """Makes user codes instead, up to 191 characters. With others than the usual ones they have
    to be typed to the letter."""
    validate_client: Callable[[str], bool | Awaitable[bool]] | None = field(
        default=None, repr=False
    )
    """Gets a `client_id`; whether that application is known. None: all are."""
    on_device_auth_request: Callable[[str, str | None], object] | None = field(
        default=None, repr=False
    )
    """Gets `client_id` and `scope` before codes are made; refuses by raising `APIError`."""
    verification_uri: str = "/device"
    """The page where people type the code: a path of this origin, or a URL."""
    _sweeps: Pace = field(
        default_factory=lambda: Pace(timedelta(minutes=1)), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        name = type(self).__name__
        seconds(f"{name}.expires_in", self.expires_in, least=1)
        seconds(f"{name}.interval", self.interval, least=1)
        check_number(f"{name}.device_code_length", self.device_code_length, 1, LONGEST_CODE)
        check_number(f"{name}.user_code_length", self.user_code_length, 1, LONGEST_CODE)
        for callback in (
            "generate_device_code",
            "generate_user_code",
            "validate_client",
            "on_device_auth_request",
        ):
            check_callback(f"{name}.{callback}", getattr(self, callback))
        uri = self.verification_uri
        if not is_single_slash_path(uri) and parse_url(uri) is None:
            raise ConfigurationError(
                f"{name}.verification_uri",
                f"{uri!r} is neither a path nor a URL",
                "Give one as in '/device' or 'https://example.com/device'",
            )

    def promise_life(self) -> int:
        """Seconds that a code may live."""
        return seconds("DeviceAuthorization.expires_in", self.expires_in)

    def rate_rules(self) -> Sequence[RateRule]:
        """Few looks at user codes: they are short enough to be typed."""
        looks = RateLimitRule(window=self.promise_life(), max=_LOOK_UPS)
        decisions = RateLimitRule(window=60, max=_DECISIONS)
        return (
            RateRule("/device", looks),
            RateRule("/device/approve", decisions),
            RateRule("/device/deny", decisions),
        )

    @post(_ASK, form=True, strict_form=True)
    async def device_code(self, call: Call, body: AskForDeviceCode) -> DeviceCode:
        """Codes for a device that wants to sign somebody in. Raises `invalid_request` and
        `invalid_client`."""
        call.set_header("pragma", "no-cache")
        require_stored_sessions(call)
        await self._check_client(call, body.client_id)
        scope = body.scope or None
        if self.on_device_auth_request is not None:
            await call.run(self.on_device_auth_request, body.client_id, scope)
        if self._sweeps.is_due(call.now):
            await call.db.sweep(StoredDeviceCode, expires_at=lt(call.after(-_KEPT)))
        made = await self._made(call, body.client_id, body.user_id or None, scope)
        uri = self.verification_uri
        uri = f"{call.site.origin}{uri}" if uri.startswith("/") else uri
        return DeviceCode(
            device_code=made.device_code,
            user_code=made.user_code,
            verification_uri=uri,
            verification_uri_complete=append_query(uri, {"user_code": made.user_code}),
            expires_in=self.promise_life(),
            interval=self._pause(),
        )

    @post(_POLL, form=True, strict_form=True)
    async def device_token(self, call: Call, body: RedeemDeviceCode) -> DeviceToken:
        """The session of a device that was let in; good once, for one caller.

        Raises `authorization_pending`, `slow_down`, `access_denied`, `expired_token`,
        `invalid_grant` and `invalid_client`.
        """
        call.set_header("pragma", "no-cache")
        await self._check_client(call, body.client_id)
        done = await redeem(call, body, interval=self._pause() * 1000, life=self.promise_life())
        left = done.session.expires_at - call.config.options.clock()
        return DeviceToken(
            access_token=done.session.token,
            token_type="Bearer",
            expires_in=int(left.total_seconds()),
            scope=done.scope,
        )

    @after(_ASK, place="first")
    async def ask_in_form(self, call: Call) -> APIError | None:
        """What is wrong with input is told as OAuth tells it."""
        error = _invalid(call)
        return None if error is None else DeviceCodes.INVALID_REQUEST(error.message)

    @after(_POLL, place="first")
    async def poll_in_form(self, call: Call) -> APIError | None:
        """The same, beside the code that clients of the reference know."""
        error = _invalid(call)
        if error is None:
            return None
        told = DeviceCodes.INVALID_REQUEST(error.message)
        return APIError(error.status, error.code, error.message, told.extra)

    def _pause(self) -> int:
        return seconds("DeviceAuthorization.interval", self.interval)

    async def _check_client(self, call: Call, client_id: str) -> None:
        if self.validate_client is None:
            return
        if await call.run(self.validate_client, client_id) is not True:
            raise DeviceCodes.INVALID_CLIENT()

    async def _made(
        self, call: Call, client_id: str, user_id: str | None, scope: str | None
    ) -> StoredDeviceCode:
        for _ in range(_TRIES):
            device = await made_device_code(
                call, self.generate_device_code, self.device_code_length
            )
            user = await made_user_code(call, self.generate_user_code, self.user_code_length)
            try:
                made = await call.db.create(
                    StoredDeviceCode,
                    device_code=device,
                    user_code=user,
                    user_id=user_id,
                    expires_at=call.after(self.promise_life()),
                    status="pending",
                    polling_interval=self._pause() * 1000,
                    client_id=client_id,
                    scope=scope,
                )
            except UniqueViolation:
                continue
            if made is None:
                raise DeviceCodes.ACCESS_DENIED()
            return made
        raise DeviceCodes.CODES_ARE_TAKEN()


def _invalid(call: Call) -> APIError | None:
    error = call.raised()
    wrong = error is not None and error.code == ValidationCodes.VALIDATION_ERROR.code
    return error if wrong else None


class DeviceAuthorizationAPI(ServerAPI[M, U]):
    """Functions in `auth.api` for devices."""

    device_code: EndpointCall[M, AskForDeviceCode, DeviceCode]
    """Codes for a device that wants to sign somebody in. Raises `invalid_request` and
    `invalid_client`."""
    device_token: EndpointCall[M, RedeemDeviceCode, DeviceToken]
    """The session of a device that was let in; good once, for one caller.

    Raises `authorization_pending`, `slow_down`, `access_denied`, `expired_token`,
    `invalid_grant` and `invalid_client`.
    """
