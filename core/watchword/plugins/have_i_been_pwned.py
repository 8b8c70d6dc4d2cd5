"""Have I Been Pwned: new passwords that are known from leaks are refused.

The service is told the first five hexadecimal digits of the password's SHA-1, and answers with all
known ones that begin so, in a padded list. Neither it nor anybody on the way learns the password
(spec: plugin have-i-been-pwned; the service's API, version 3, "Searching by range").
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from watchword.call import Call
from watchword.configuration.option_checks import check_choice, check_flag, check_paths
from watchword.errors import ErrorCode, ErrorCodes, Overloaded
from watchword.features.email_password import EmailAndPassword
from watchword.plugin_base import Plugin
from watchword.runtime.outgoing import OutgoingFailed, OutgoingRequest
from watchword.runtime.outgoing_opening import require_http

_RANGE = "https://api.pwnedpasswords.com/range/"
_PATHS = (
    *("/sign-up/email", "/change-password", "/set-password", "/reset-password"),
    *("/email-otp/reset-password", "/phone-number/reset-password"),
    *("/admin/create-user", "/admin/set-user-password"),
)
_LINE = re.compile(r"([0-9A-Fa-f]{35}):(0|[1-9][0-9]{0,14})", re.ASCII)
"""The rest of a hash, and how often it was seen."""

_log = logging.getLogger("watchword")


class PwnedCodes(ErrorCodes):
    """Errors of passwords that are known from leaks."""

    PASSWORD_COMPROMISED = ErrorCode(
        400,
        "PASSWORD_COMPROMISED",
        "This password is known from a leak elsewhere. Choose another one",
        field=("newPassword", "password"),
    )
    NOT_CHECKED = ErrorCode(
        500, None, "The password could not be checked against leaks; try again later"
    )


class Unknown(Exception):
    """The service did not say. Names a reason, and nothing of the password."""


@dataclass(frozen=True, kw_only=True)
class HaveIBeenPwned(Plugin):
    """Options of the check."""

    id: ClassVar[str] = "have-i-been-pwned"
    codes: ClassVar[type[ErrorCodes]] = PwnedCodes

    enabled: bool = True
    custom_password_compromised_message: str | None = field(default=None, repr=False)
    """Told instead of the usual message."""
    paths: Sequence[str] | None = None
    """Paths of endpoints whose new passwords are checked. None: all that set one."""
    when_unavailable: Literal["refuse", "accept"] = "refuse"
    """What becomes of a password when the service does not answer: 500, or it is taken, unchecked,
    and the log says so."""

    def __post_init__(self) -> None:
        check_flag("HaveIBeenPwned.enabled", self.enabled)
        check_paths("HaveIBeenPwned.paths", self.named_paths())
        known = ("refuse", "accept")
        check_choice("HaveIBeenPwned.when_unavailable", self.when_unavailable, known)
        require_http("plugins: have-i-been-pwned")

    def named_paths(self) -> Sequence[str]:
        """Those of the option; the usual ones need not all be there."""
        return () if self.paths is None else self.paths

    def adapt(self, feature: Plugin) -> Plugin:
        """Wherever a new password is hashed, it is looked at first."""
        if self.enabled and isinstance(feature, EmailAndPassword):
            return replace(feature, checks=(*feature.checks, self._check))
        return feature

    async def _check(self, call: Call, password: str) -> None:
        checked = _PATHS if self.paths is None else self.paths
        if call.endpoint is None or call.endpoint.path not in checked:
            return
        try:
            known = await is_password_compromised(call, password)
        except (Unknown, Overloaded) as error:
            why = "too much is asked of others" if isinstance(error, Overloaded) else str(error)
            if self.when_unavailable == "accept":
                _log.warning("a password is taken unchecked against leaks: %s", why)
                return
            _log.error("a password was refused, it could not be checked against leaks: %s", why)
            raise PwnedCodes.NOT_CHECKED() from None
        if known:
            raise PwnedCodes.PASSWORD_COMPROMISED(self.custom_password_compromised_message)


async def is_password_compromised(call: Call, password: str) -> bool:
    """Whether a password is known from leaks. Raises `Unknown`, `Overloaded`."""
    digest = hashlib.sha1(password.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    prefix, suffix = digest[:5].upper(), digest[5:].upper()
    asked = OutgoingRequest(url=_RANGE + prefix, headers={"add-padding": "true"})
    try:
        answer = await call.runtime.http.send(asked)
    except OutgoingFailed as error:
        raise Unknown(str(error)) from None
    if not 200 <= answer.status < 300:
        raise Unknown(f"status {answer.status}")
    return _count(answer.body.decode("ascii", "replace"), suffix) > 0


def _count(text: str, suffix: str) -> int:
    """How often a leaked password was seen; 0 for those that only pad the list. Raises `Unknown`
    for what is no list, such as a page of whoever stands in between."""
    lines = [_LINE.fullmatch(line) for line in text.splitlines() if line]
    found = {line[1].upper(): int(line[2]) for line in lines if line is not None}
    if not found or None in lines:
        raise Unknown("no list")
    return found.get(suffix, 0)
