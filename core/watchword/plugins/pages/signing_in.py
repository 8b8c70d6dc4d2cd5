"""Signing in: one page with all ways that there are, and where flows with others come back to."""

from __future__ import annotations

import re
from typing import Any

from watchword.http.response import Response
from watchword.submitted import Submitted

from .asked import forget_asked, note_asked
from .installed import Installed
from .page import Page
from .visit import Visit

_NUMBER = re.compile(r"\+?[0-9 ()./-]{4,40}")
_UNVERIFIED = "EMAIL_NOT_VERIFIED"


class SignIn(Page):
    """By password, with a provider, as a guest; other ways have pages of their own."""

    path = "sign-in"
    template = "sign-in.html"

    def script(self, installed: Installed) -> str:
        return "passkey.js" if installed.plugin("passkey") else ""

    async def show(self, visit: Visit) -> Response:
        error = visit.query("error")
        errors = {"": visit.words.of_code(error)} if error else {}
        found = await visit.session()
        who = "" if found is None else found.user.name or found.user.email
        if visit.query("notice") == "sign_in_again":
            # There is no going on with the session that there is.
            who = ""
        return await visit.show({**self._shown(visit), "who": who}, errors=errors)

    async def submit(self, visit: Visit) -> Response:
        match visit.form.get("do"):
            case "provider":
                return await self._with_provider(visit)
            case "guest":
                done = await visit.submit("sign_in_anonymous", {})
                return await (visit.leave() if done.ok else self._refused(visit, done))
            case _:
                return await self._by_password(visit)

    async def _by_password(self, visit: Visit) -> Response:
        identifier = visit.form.get("identifier", "").strip()
        endpoint, name = _endpoint_for(visit.installed, identifier)
        data = {
            name: identifier,
            "password": visit.form.get("password", ""),
            "rememberMe": visit.form.get("rememberMe", ""),
            "callbackURL": visit.target("email-verified") if name != "phoneNumber" else "",
        }
        done = await visit.submit(endpoint, data)
        if done.ok:
            return await arrived(visit, done)
        unverified = done.code == _UNVERIFIED and visit.offers("verify-email")
        if unverified and name == "email":
            note_asked(visit.call, "verify", identifier)
        return await self._refused(visit, done, name, unverified=unverified)

    async def _with_provider(self, visit: Visit) -> Response:
        back = visit.target("continue")
        data = {
            "provider": visit.form.get("provider", ""),
            "callbackURL": back,
            "newUserCallbackURL": back,
            "errorCallbackURL": visit.target("sign-in"),
        }
        if visit.form.get("requestSignUp"):
            data["requestSignUp"] = "on"
        done = await visit.submit("sign_in_social", data)
        if done.ok and done.url:
            return await visit.leave_for(done.url)
        return await self._refused(visit, done)

    async def _refused(
        self, visit: Visit, done: Submitted[Any], name: str = "", *, unverified: bool = False
    ) -> Response:
        shown = {**self._shown(visit), "unverified": unverified}
        given = {
            "identifier": visit.form.get("identifier", ""),
            "rememberMe": visit.form.get("rememberMe", ""),
        }
        return await visit.refuse(done, shown, given=given, renamed={name: "identifier"})

    def _shown(self, visit: Visit) -> dict[str, object]:
        offers, installed = visit.offers, visit.installed
        main = "password" if installed.passwords else ""
        main = main or next((one for one in ("email-code", "magic-link") if offers(one)), "")
        ways = {one for one in ("email-code", "magic-link", "phone-code") if offers(one)} - {main}
        return {
            "main": main,
            "has_others": bool(ways or installed.plugin("anonymous")),
            "identifier": _identifiers(installed),
            "unverified": False,
            "who": "",
        }


class Continue(Page):
    """Where a provider, a mailed link or a passkey sends the browser back to."""

    path = "continue"
    template = "problem.html"

    async def show(self, visit: Visit) -> Response:
        if visit.query("twoFactorRedirect") and visit.offers("second-factor"):
            return visit.go("second-factor", methods=visit.query("twoFactorMethods"))
        error = visit.query("error")
        return visit.go("sign-in", error=error) if error else await visit.leave()


async def arrived(visit: Visit, done: Submitted[Any]) -> Response:
    """On from a first factor that was right: to where one was going, or to the second factor."""
    forget_asked(visit.call)
    methods = done.second_factor_methods
    if not done.second_factor:
        return await visit.leave()
    if methods == ("otp",):
        # There is nothing to choose: whoever comes here waits for the code.
        sent = await visit.submit("send_two_factor_otp", {})
        return visit.go("second-factor/sent-code", methods="otp", sent="1" if sent.ok else None)
    return visit.go("second-factor", methods=",".join(methods))


def _endpoint_for(installed: Installed, identifier: str) -> tuple[str, str]:
    """The endpoint that knows people by such a text, and what it calls it."""
    if "@" not in identifier:
        if installed.plugin("phone-number") and _NUMBER.fullmatch(identifier):
            return "sign_in_phone_number", "phoneNumber"
        if installed.plugin("username"):
            return "sign_in_username", "username"
    return "sign_in_email", "email"


def _identifiers(installed: Installed) -> str:
    by_name, by_number = installed.plugin("username"), installed.plugin("phone-number")
    if by_name and by_number:
        return "email_username_or_phone"
    return "email_or_username" if by_name else "email_or_phone" if by_number else "email"
