"""The check in front of some endpoints."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from watchword.call import Call
from watchword.configuration.option_checks import check_paths, check_type
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.globs import matches_segments
from watchword.http.json import InvalidJSON, decode
from watchword.oauth.client import require_http
from watchword.plugin_base import Plugin, on_request
from watchword.runtime.outgoing import OutgoingFailed
from watchword.sessions.sessions import client_address

from .providers import CaptchaProvider, Told

HEADER = "x-captcha-response"
_LONGEST = 8192
"""Characters of an answer: several times as long as the longest of any provider."""
_SLASHES = re.compile("/{2,}")

_log = logging.getLogger("watchword")


class CaptchaCodes(ErrorCodes):
    """Errors of captchas."""

    MISSING_RESPONSE = ErrorCode(400, "MISSING_RESPONSE", "Solve the captcha first")
    VERIFICATION_FAILED = ErrorCode(
        403, "VERIFICATION_FAILED", "The captcha was not solved, or too long ago"
    )
    UNKNOWN_ERROR = ErrorCode(
        500, "UNKNOWN_ERROR", "The captcha could not be checked; try again in a moment"
    )


@dataclass(frozen=True, kw_only=True)
class Captcha(Plugin):
    """Options of captchas."""

    id: ClassVar[str] = "captcha"
    codes: ClassVar[type[ErrorCodes]] = CaptchaCodes

    provider: CaptchaProvider
    """Whose captcha it is: `Turnstile`, `ReCaptcha`, `HCaptcha` or `CaptchaFox`."""
    paths: Sequence[str] = ("/sign-up/email", "/sign-in/email", "/request-password-reset")
    """Paths below the base path. `*` and `?` stand for what is between two slashes, `**` for any
    number of parts of a path, none included."""

    def __post_init__(self) -> None:
        check_type("Captcha.provider", self.provider, CaptchaProvider)
        check_paths("Captcha.paths", self.paths)
        require_http("plugins: captcha")

    def named_paths(self) -> Sequence[str]:
        """All that it guards."""
        return self.paths

    @on_request()
    async def check(self, call: Call) -> None:
        """Refuse requests without a good answer. Raises MISSING_RESPONSE, VERIFICATION_FAILED, and
        UNKNOWN_ERROR where the provider does not say."""
        if not self._guards(call):
            return
        answer = call.headers.get(HEADER)
        if not answer:
            raise CaptchaCodes.MISSING_RESPONSE()
        told: Told = await self._told(call, answer) if len(answer) <= _LONGEST else {}
        doubt = self.provider.doubt(told)
        if doubt is not None:
            _log.warning("captcha refused by %s: %s", self.provider.name, doubt)
            raise CaptchaCodes.VERIFICATION_FAILED()

    def _guards(self, call: Call) -> bool:
        path = _SLASHES.sub("/", call.path).rstrip("/") or "/"
        # The declared path as well: there may be several spellings that lead to one endpoint.
        spellings = {path} if call.endpoint is None else {path, call.endpoint.path}
        return any(matches_segments(one, each) for one in self.paths for each in spellings)

    async def _told(self, call: Call, answer: str) -> Told:
        provider = self.provider
        try:
            got = await call.runtime.http.send(provider.asked(answer, client_address(call)))
        except OutgoingFailed as error:
            raise self._silent(str(error)) from None
        if not 200 <= got.status < 300:
            raise self._silent(f"status {got.status}")
        try:
            told = decode(got.body)
        except InvalidJSON:
            told = None
        if not isinstance(told, dict):
            raise self._silent("no object")
        return cast("Told", told)

    def _silent(self, why: str) -> Exception:
        _log.error("captcha not checked, %s: %s", self.provider.name, why)
        return CaptchaCodes.UNKNOWN_ERROR()
