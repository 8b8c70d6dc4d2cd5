"""Trusted devices: browsers that are asked for no second factor for a while.

The cookie names a stored row and is bound to the user; it is exchanged for another one whenever it
is used (spec: plugin two-factor, (d) and (e); security F7).
"""

from __future__ import annotations

from watchword.call import Call
from watchword.cookies import CookieSpec
from watchword.crypto.random_strings import URL_SAFE
from watchword.crypto.signing import equal, mac
from watchword.records import User
from watchword.verifications.verifications import (
    create_verification,
    in_database,
    newest_verification,
    replace_verification,
    take_verification,
    withdraw_verifications,
)

_PREFIX = "trust-device-"


async def trust_device(call: Call, user: User, life: int) -> None:
    """Trust this browser with a user for `life` seconds."""
    identifier = _PREFIX + call.random(32, URL_SAFE)
    await create_verification(call, identifier, user.id, call.after(life))
    cookie, secret = _cookie(call, life), call.config.secrets.current
    payload = f"{mac(f'{user.id}!{identifier}', secret)}!{identifier}"
    call.cookies.set_signed(cookie.name, payload, cookie.attributes)


async def is_trusted(call: Call, user: User, life: int) -> bool:
    """Whether this browser is trusted with the user; if so, for another `life` seconds.

    Of requests with the same cookie at once, one is. A cookie that is no use is expired.
    """
    cookie = _cookie(call, life)
    payload = call.cookies.get_signed(cookie.name)
    if payload is None:
        return False
    token, _, identifier = payload.partition("!")
    if identifier.startswith(_PREFIX) and _is_of(call, user, token, identifier):
        # A shorter life counts for those that are trusted already.
        since = max(await _voided_at(call, user.id), call.now.timestamp() - life)
        row = await take_verification(call, identifier)
        if row is not None and row.value == user.id and row.created_at.timestamp() > since:
            await trust_device(call, user, life)
            return True
    call.cookies.expire(cookie.name, cookie.attributes)
    return False


async def forget_devices(call: Call, user_id: str, life: int) -> None:
    """No browser is trusted with the user any more."""
    await withdraw_verifications(call, _PREFIX, user_id)
    if not in_database(call):
        # A secondary storage cannot be searched.
        moment = str(call.now.timestamp())
        await replace_verification(call, _void(user_id), moment, call.after(life))


def forget_cookie(call: Call, life: int) -> None:
    """Make this browser forget that it was trusted."""
    cookie = _cookie(call, life)
    if call.cookies.get_signed(cookie.name) is not None:
        call.cookies.expire(cookie.name, cookie.attributes)


def _cookie(call: Call, life: int) -> CookieSpec:
    return call.cookie_names.spec("trust_device", max_age=life)


def _is_of(call: Call, user: User, token: str, identifier: str) -> bool:
    known = call.config.secrets.vouching(call.now)
    return any(equal(token, mac(f"{user.id}!{identifier}", secret)) for secret in known)


async def _voided_at(call: Call, user_id: str) -> float:
    note = None if in_database(call) else await newest_verification(call, _void(user_id))
    return 0.0 if note is None else float(note.value)


def _void(user_id: str) -> str:
    return f"two-factor-devices-ended:{user_id}"
