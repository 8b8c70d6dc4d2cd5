"""To whom something was just sent, so that the next page need not ask: a signed cookie.

An address need not stand in a URL, which is logged.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from watchword.call import Call
from watchword.cookies import CookieSpec
from watchword.discreet import Discreet
from watchword.http.json import encode

Purpose: TypeAlias = Literal["email-code", "phone-code", "verify", "reset-email", "reset-phone"]
"""What a code is for that was sent."""

_LIFE = 1800
"""Seconds in which somebody goes on."""
_LONGEST = 255


class Asked(Discreet, msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom something was sent to, and what for."""

    __secrets__ = frozenset(("to",))

    purpose: Purpose
    to: str


def note_asked(call: Call, purpose: Purpose, to: str) -> None:
    """Remember it in this browser."""
    cookie = _cookie(call)
    asked = encode(Asked(purpose, to[:_LONGEST])).decode()
    call.cookies.set_signed(cookie.name, asked, cookie.attributes)


def asked_of(call: Call) -> Asked | None:
    """What this browser asked for last."""
    signed = call.cookies.get_signed(_cookie(call).name)
    try:
        return None if signed is None else msgspec.json.decode(signed, type=Asked)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def forget_asked(call: Call) -> None:
    """It is done."""
    cookie = _cookie(call)
    if cookie.name in call.cookies.incoming:
        call.cookies.expire(cookie.name, cookie.attributes)


def _cookie(call: Call) -> CookieSpec:
    return call.cookie_names.spec("pages_asked", max_age=_LIFE)
