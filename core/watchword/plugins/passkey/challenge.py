"""Challenges: what an authenticator signs, and which browser asked for it.

A challenge is random, lives five minutes, is good once, and for one browser and one ceremony: its
signed cookie names a stored row (spec: plugin passkey, challenge storage; security K1).
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from watchword.call import Call
from watchword.cookies import CookieSpec
from watchword.crypto.random_strings import URL_SAFE
from watchword.crypto.signing import base64url
from watchword.discreet import Discreet
from watchword.features.promises import Promise, Redeemed, bind, stands_unbound, take_promise
from watchword.records import User
from watchword.verifications.verifications import create_verification, sweep_verifications

from .wire import PasskeyCodes

Ceremony: TypeAlias = Literal["registration", "authentication"]

LIFE = 300
"""Seconds."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


class Subject(Discreet, msgspec.Struct, frozen=True, rename="camel"):
    """For whom a passkey is made, or who was signed in when it was asked for; nobody: empty."""

    id: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET


class Challenge(Discreet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is stored of a challenge, in the reference's form."""

    __secrets__ = frozenset(("context",))

    type: Ceremony
    expected_challenge: str
    user_data: Subject
    context: str | msgspec.UnsetType | None = msgspec.UNSET


class TakenChallenge(Discreet, msgspec.Struct, frozen=True):
    """A challenge that its browser brought back."""

    challenge: Challenge
    redeemed: Redeemed

    @property
    def expected(self) -> str:
        """What the authenticator has to have signed."""
        return self.challenge.expected_challenge

    async def stands(self, call: Call, user: User) -> bool:
        """Whether nothing has voided since what `user` began. Hold him (`lock_user`)."""
        if self.redeemed.promise is not None:
            return await self.redeemed.stands(call, user)
        return await stands_unbound(call, user, self.redeemed.row.created_at, by_session=True)


def new_challenge(call: Call) -> str:
    """256 bits that nobody has seen before."""
    return base64url(call.config.options.token_bytes(32))


async def give_challenge(
    call: Call, cookie: str, challenge: Challenge, promise: Promise | None = None
) -> None:
    """Store a challenge and tie it to this browser, and to what may void it, if anything may."""
    token, ends = call.random(32, URL_SAFE), call.after(LIFE)
    await sweep_verifications(call)
    if promise is not None:
        await bind(call, token, promise, ends)
    await create_verification(call, token, msgspec.json.encode(challenge).decode(), ends)
    spec = _cookie(call, cookie)
    call.cookies.set_signed(spec.name, token, spec.attributes)


async def take_challenge(call: Call, cookie: str, ceremony: Ceremony) -> TakenChallenge:
    """The challenge of this browser, for one caller. Raises CHALLENGE_NOT_FOUND."""
    token = call.cookies.get_signed(_cookie(call, cookie).name)
    # Cookies of other kinds are signed as well.
    if token is None or _TOKEN.fullmatch(token) is None:
        raise PasskeyCodes.CHALLENGE_NOT_FOUND()
    taken = await take_promise(call, token, by_session=True)
    challenge = None if taken is None else _read(taken.row.value)
    if taken is None or challenge is None or challenge.type != ceremony:
        raise PasskeyCodes.CHALLENGE_NOT_FOUND()
    return TakenChallenge(challenge, taken)


def _cookie(call: Call, name: str) -> CookieSpec:
    return call.cookie_names.spec(name, max_age=LIFE)


def _read(value: str) -> Challenge | None:
    try:
        return msgspec.json.decode(value, type=Challenge)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
