"""The second factor of a sign-in: a code of an app, one that is sent, or one on paper."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from watchword.discreet import Discreet
from watchword.http.response import Response
from watchword.submitted import Submitted

from .installed import Installed
from .page import Page
from .visit import Visit

_METHODS = ("totp", "otp")
_ENDED = "INVALID_TWO_FACTOR_COOKIE"
_OVER = (_ENDED, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")


class Way(Discreet, msgspec.Struct, frozen=True):
    """A page for one kind of codes."""

    path: str
    way: str


class SecondFactor(Page):
    """The kind of code that this sign-in is to begin with."""

    path = "second-factor"
    template = "second-factor.html"
    way: ClassVar[str] = "app"
    endpoint: ClassVar[str] = "verify_totp"

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("two-factor") is not None

    async def show(self, visit: Visit) -> Response:
        methods = _methods(visit, visit.query("methods"))
        if "totp" not in methods and self.path == SecondFactor.path:
            other = "sent-code" if "otp" in methods else "backup-code"
            return visit.go(f"second-factor/{other}", methods=",".join(methods))
        return await visit.show(self._shown(visit, methods))

    async def submit(self, visit: Visit) -> Response:
        methods = _methods(visit, visit.form.get("methods", ""))
        code = visit.form.get("code", "").strip()
        data = {"code": code, "trustDevice": visit.form.get("trustDevice", "")}
        done = await visit.submit(self.endpoint, data)
        return await (visit.leave() if done.ok else self.refused(visit, done, methods))

    async def refused(
        self, visit: Visit, done: Submitted[Any], methods: tuple[str, ...]
    ) -> Response:
        """What is wrong with the code; or that there is nothing left to give one for."""
        if done.code in _OVER and await visit.session() is None:
            return await visit.refuse(done, template="problem.html")
        given = {"trustDevice": visit.form.get("trustDevice", "")}
        return await visit.refuse(done, self._shown(visit, methods), given=given)

    def lead(self, visit: Visit) -> str:
        """What to do."""
        return f"{self.way}_lead"

    def _shown(self, visit: Visit, methods: tuple[str, ...]) -> dict[str, object]:
        others = [one for one in _WAYS if one.way != self.way and _has(one, methods)]
        lead = self.lead(visit)
        return {"way": self.way, "lead": lead, "others": others, "methods": ",".join(methods)}


class SentCode(SecondFactor):
    """A code that is sent when somebody asks for it."""

    path = "second-factor/sent-code"
    way = "sent"
    endpoint = "verify_two_factor_otp"

    def is_offered(self, installed: Installed) -> bool:
        return getattr(installed.plugin("two-factor"), "otp", None) is not None

    async def submit(self, visit: Visit) -> Response:
        if visit.form.get("do") != "send":
            return await super().submit(visit)
        methods = _methods(visit, visit.form.get("methods", ""))
        done = await visit.submit("send_two_factor_otp", {})
        if not done.ok:
            return await self.refused(visit, done, methods)
        return visit.go(self.path, methods=",".join(methods), sent="1")

    def lead(self, visit: Visit) -> str:
        asked = visit.query("sent") or "code" in visit.form
        return "sent_lead" if asked else "sent_first"


class BackupCode(SecondFactor):
    """A code on paper."""

    path = "second-factor/backup-code"
    way = "backup"
    endpoint = "verify_backup_code"


_WAYS = (
    Way(SecondFactor.path, SecondFactor.way),
    Way(SentCode.path, SentCode.way),
    Way(BackupCode.path, BackupCode.way),
)


def _methods(visit: Visit, told: str) -> tuple[str, ...]:
    """How this sign-in may go on; where nobody says so, all that there is."""
    plugin = visit.installed.plugin("two-factor")
    there = {"totp": not plugin.totp.disable, "otp": plugin.otp is not None}
    known = tuple(one for one in _METHODS if there[one])
    asked = told.split(",", 2)[:2]
    return tuple(one for one in known if one in asked) or known


def _has(way: Way, methods: tuple[str, ...]) -> bool:
    needed = {"app": "totp", "sent": "otp"}.get(way.way)
    return needed is None or needed in methods
