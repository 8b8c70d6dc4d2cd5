"""One's second factor: setting an app up, new backup codes, turning it off."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from watchword.http.response import Response
from watchword.submitted import Submitted

from .account_page import AccountPage
from .installed import Installed
from .qr_code import qr_svg
from .visit import Visit

_SCHEME = "otpauth://totp/"
_LONGEST_URI, _LONGEST_CODES = 1000, 7000
"""Characters of what a form carries along while an app is set up."""


class TwoFactor(AccountPage):
    """On, off, and in between."""

    path = "account/two-factor"
    template = "account-two-factor.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("two-factor") is not None

    async def values(self, visit: Visit) -> dict[str, object]:
        user = (await self.signed_in(visit)).user
        plugin, by_password = visit.installed.plugin("two-factor"), await self.has_password(visit)
        return {
            "is_on": getattr(user, "two_factor_enabled", None) is True,
            "by_app": not plugin.totp.disable,
            "by_message": plugin.otp is not None,
            "asks_password": by_password,
            "can_prove": by_password or plugin.allow_passwordless,
            "codes": (),
        }

    async def act(self, visit: Visit) -> Response:
        match visit.form.get("do"):
            case "app" | "message" as kind:
                return await self._enable(visit, "totp" if kind == "app" else "otp")
            case "verify":
                return await self._verify(visit)
            case "codes":
                return await self._new_codes(visit)
            case "off":
                return await self._disable(visit)
            case _:
                return await self.show(visit)

    async def _enable(self, visit: Visit, method: str) -> Response:
        data = {"password": visit.form.get("password", ""), "method": method}
        done = await visit.submit("enable_two_factor", data)
        if not done.ok or done.value is None:
            return await self.refused(visit, done)
        if method == "otp":
            return visit.go(self.path, notice="two_factor_on")
        is_set_up = visit.installed.plugin("two-factor").skip_verification_on_enable
        shown = _set_up(visit, done.value.totp_uri, done.value.backup_codes, is_set_up=is_set_up)
        return await visit.show(await self.shown(visit, **shown), template=_SET_UP)

    async def _verify(self, visit: Visit) -> Response:
        done = await visit.submit("verify_totp", {"code": _digits(visit)})
        if done.ok:
            return visit.go(self.path, notice="two_factor_on")
        return await self._ask_again(visit, done)

    async def _ask_again(self, visit: Visit, done: Submitted[Any]) -> Response:
        """The set-up again, as the form carries it: the server shows it to nobody twice."""
        uri = visit.form.get("uri", "")[:_LONGEST_URI]
        codes = visit.form.get("codes", "")[:_LONGEST_CODES].split()
        if not uri.startswith(_SCHEME):
            return await self.refused(visit, done)
        shown = await self.shown(visit, **_set_up(visit, uri, codes, is_set_up=False))
        visit.template = _SET_UP
        return await visit.refuse(done, shown)

    async def _new_codes(self, visit: Visit) -> Response:
        data = {"password": visit.form.get("codes_password", "")}
        done = await visit.submit("generate_backup_codes", data)
        if not done.ok or done.value is None:
            return await self.refused(visit, done, {"password": "codes_password"})
        return await visit.show(await self.shown(visit, codes=done.value.backup_codes))

    async def _disable(self, visit: Visit) -> Response:
        data = {"password": visit.form.get("off_password", "")}
        done = await visit.submit("disable_two_factor", data)
        if not done.ok:
            return await self.refused(visit, done, {"password": "off_password"})
        return visit.go(self.path, notice="two_factor_off")


_SET_UP = "account-two-factor-app.html"


def _set_up(visit: Visit, uri: str, codes: list[str], *, is_set_up: bool) -> dict[str, object]:
    secret = "".join(parse_qs(urlsplit(uri).query).get("secret", ()))
    try:
        picture = qr_svg(uri, visit.text("two_factor.qr_label"))
    except ValueError:
        picture = ""
    return {
        "uri": uri,
        "qr": picture,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "codes": codes,
        "is_set_up": is_set_up,
    }


def _digits(visit: Visit) -> str:
    return visit.form.get("code", "").replace(" ", "")
