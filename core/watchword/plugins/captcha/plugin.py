"""The check in front of some endpoints."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from watchword.call import Call
from watchword.configuration.option_checks import check_paths, check_type
from watchword.endpoint import Endpoint
from watchword.errors import ErrorCode, ErrorCodes
from watchword.http.globs import matches_segments
from watchword.http.json import InvalidJSON, decode
from watchword.pipeline.navigation import form_of
from watchword.plugin_base import Plugin, on_request
from watchword.runtime.outgoing import OutgoingFailed
from watchword.runtime.outgoing_opening import require_http
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
    _declared: dict[str, bool] = field(
        init=False, repr=False, compare=False, default_factory=dict[str, bool]
    )
    """Which declared paths are guarded, once somebody asked."""

    def __post_init__(self) -> None:
        check_type("Captcha.provider", self.provider, CaptchaProvider)
        check_paths("Captcha.paths", self.paths)
        require_http("plugins: captcha")

    def named_paths(self) -> Sequence[str]:
        """All that it guards."""
        return self.paths

    def form_headers(self) -> Mapping[str, str]:
        """What the widget adds to a form."""
        return {self.provider.form_field: HEADER} if self.provider.form_field else {}

    @on_request()
    async def check(self, call: Call) -> None:
        """Refuse requests without a good answer. Raises MISSING_RESPONSE, VERIFICATION_FAILED, and
        UNKNOWN_ERROR where the provider does not say."""
        if not self._guards(call.path, call.endpoint):
            return
        answer = call.headers.get(HEADER) or await self._in_form(call)
        if not answer:
            raise CaptchaCodes.MISSING_RESPONSE()
        told: Told = await self._told(call, answer) if len(answer) <= _LONGEST else {}
        doubt = self.provider.doubt(told)
        if doubt is not None:
            _log.warning("captcha refused by %s: %s", self.provider.name, doubt)
            raise CaptchaCodes.VERIFICATION_FAILED()

    async def _in_form(self, call: Call) -> str | None:
        """What a form without scripts brings."""
        found = {} if call.request is None else await form_of(call, call.request)
        answer = found.get(self.provider.form_field)
        return answer if isinstance(answer, str) else None

    def _guards(self, path: str, endpoint: Endpoint[Any, Any] | None) -> bool:
        if endpoint is None or path != endpoint.path:
            path = _SLASHES.sub("/", path).rstrip("/") or "/"
            if any(matches_segments(one, path) for one in self.paths):
                return True
        # The declared path as well: there may be several spellings that lead to one endpoint.
        return endpoint is not None and self._guards_declared(endpoint.path)

    def _guards_declared(self, path: str) -> bool:
        known = self._declared.get(path)
        if known is None:
            known = any(matches_segments(one, path) for one in self.paths)
            self._declared[path] = known
        return known

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
