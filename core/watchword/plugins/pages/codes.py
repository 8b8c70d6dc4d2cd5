"""Codes by mail or to a phone: asking for one, and typing it."""

from __future__ import annotations

from typing import Any

from watchword.http.response import Response
from watchword.submitted import Submitted

from .asked import Asked, asked_of, forget_asked, note_asked
from .installed import Installed
from .page import Page
from .signing_in import arrived
from .visit import Visit


class EmailCode(Page):
    """Sign in by a code that is mailed."""

    path = "email-code"
    template = "ask-address.html"

    def is_offered(self, installed: Installed) -> bool:
        return installed.plugin("email-otp") is not None

    async def show(self, visit: Visit) -> Response:
        return await visit.show(_asking("email_code", "email"))

    async def submit(self, visit: Visit) -> Response:
        email = visit.form.get("email", "").strip()
        done = await send_code(visit, Asked("email-code", email))
        if not done.ok:
            return await visit.refuse(done, _asking("email_code", "email"))
        note_asked(visit.call, "email-code", email)
        return visit.go("code")


class PhoneCode(Page):
    """Sign in by a code that is sent to a phone."""

    path = "phone-code"
    template = "ask-address.html"

    def is_offered(self, installed: Installed) -> bool:
        return getattr(installed.plugin("phone-number"), "send_otp", None) is not None

    async def show(self, visit: Visit) -> Response:
        return await visit.show(_asking("phone_code", "phoneNumber"))

    async def submit(self, visit: Visit) -> Response:
        number = visit.form.get("phoneNumber", "").strip()
        done = await send_code(visit, Asked("phone-code", number))
        if not done.ok:
            return await visit.refuse(done, _asking("phone_code", "phoneNumber"))
        note_asked(visit.call, "phone-code", number)
        return visit.go("code")


class EnterCode(Page):
    """The code: to sign in with, or to verify an address."""

    path = "code"
    template = "code.html"

    def is_offered(self, installed: Installed) -> bool:
        return EmailCode().is_offered(installed) or PhoneCode().is_offered(installed)

    async def show(self, visit: Visit) -> Response:
        asked = asked_of(visit.call)
        if asked is None or asked.purpose not in _BEGUN_AT:
            return visit.go("sign-in")
        return await visit.show(_entering(asked))

    async def submit(self, visit: Visit) -> Response:
        asked = asked_of(visit.call)
        if asked is None or asked.purpose not in _BEGUN_AT:
            return visit.go("sign-in")
        if visit.form.get("do") == "again":
            done = await send_code(visit, asked)
            if not done.ok:
                return await visit.refuse(done, _entering(asked))
            return visit.go("code", notice="code_sent")
        endpoint, address, name = _ENDPOINTS[asked.purpose]
        code = visit.form.get("code", "").replace(" ", "")
        done = await visit.submit(endpoint, {address: asked.to, name: code})
        if not done.ok:
            return await visit.refuse(done, _entering(asked), renamed={name: "code"})
        if asked.purpose == "verify" and await visit.session() is None:
            forget_asked(visit.call)
            return visit.go("sign-in", notice="email_verified")
        return await arrived(visit, done)


_BEGUN_AT = {"email-code": "email-code", "phone-code": "phone-code", "verify": "verify-email"}
"""The pages that send codes which are typed here."""
_ENDPOINTS = {
    "email-code": ("sign_in_email_otp", "email", "otp"),
    "phone-code": ("verify_phone_number", "phoneNumber", "code"),
    "verify": ("verify_email_otp", "email", "otp"),
}
"""What takes them, and the names of address and code there."""


async def send_code(visit: Visit, asked: Asked) -> Submitted[Any]:
    """Send one, or another one."""
    match asked.purpose:
        case "email-code":
            sent = {"email": asked.to, "type": "sign-in"}
            return await visit.submit("send_verification_otp", sent)
        case "verify":
            sent = {"email": asked.to, "type": "email-verification"}
            return await visit.submit("send_verification_otp", sent)
        case "reset-email":
            return await visit.submit("request_password_reset_email_otp", {"email": asked.to})
        case "phone-code":
            return await visit.submit("send_phone_number_otp", {"phoneNumber": asked.to})
        case "reset-phone":
            sent = {"phoneNumber": asked.to}
            return await visit.submit("request_password_reset_phone_number", sent)


def _asking(group: str, field: str) -> dict[str, object]:
    return {"group": group, "field": field, "known": ""}


def _entering(asked: Asked) -> dict[str, object]:
    return {"to": asked.to, "begun_at": _BEGUN_AT[asked.purpose]}
