"""The account cookie: the account of the latest sign-in with a provider, encrypted in the browser.

Without a database it is where the provider's tokens are; with one it only says which account is
meant (spec: cookies and sessions, account cookie).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import cast

import msgspec

from watchword.call import Call
from watchword.cookies import ACCOUNT_DATA, CookieSpec
from watchword.database.contract import Row
from watchword.http.cookie_chunks import ValueTooLong
from watchword.http.json import InvalidJSON, decode
from watchword.records import Account, User

from .pieces import expire_pieces, read_pieces, set_pieces

_log = logging.getLogger("watchword")


def keep_account(call: Call, account: Account) -> None:
    """Give the browser the cookie for an account, where the option is on."""
    _write(call, call.db.full_row(account))


def kept_account(call: Call, user_id: str) -> Account | None:
    """The account that the browser's cookie holds, if it is genuine, in time and the user's."""
    claims = _claims(call)
    try:
        table = call.config.tables.of(Account)
        found = None if claims is None else table.from_row(cast("Row", claims))
    except msgspec.ValidationError:
        return None
    return found if found is not None and found.user_id == user_id else None


def renew_account_cookie(call: Call, user: User) -> None:
    """What the end of a call does that writes the session cache: let the cookie live on with it,
    or expire the one of somebody else."""
    cookie = _spec(call)
    if cookie is None or call.cookies.set_so_far(cookie.name) is not None:
        return
    if read_pieces(call, cookie.name) is None:
        return
    claims = _claims(call)
    if claims is None or claims.get("userId") != user.id:
        expire_pieces(call, cookie)
    else:
        known = call.config.tables.of(Account).wire.values()
        _write(call, {name: claims[name] for name in known if name in claims})


def forget_account(call: Call) -> None:
    """Expire the cookie, as with all of a session that ends."""
    cookie = _spec(call)
    if cookie is not None:
        call.cookies.expire(cookie.name, cookie.attributes)
        expire_pieces(call, cookie)


def _spec(call: Call) -> CookieSpec | None:
    option = call.config.account_cookie
    return None if option is None else call.cookie_names.spec(ACCOUNT_DATA, max_age=option.max_age)


def _write(call: Call, row: Mapping[str, object]) -> None:
    option, cookie = call.config.account_cookie, _spec(call)
    if option is None or cookie is None:
        return
    now, life = call.config.options.clock().timestamp(), cookie.attributes.max_age
    value = option.codec.encode(row, now=now, lifetime=int(life or option.max_age))
    try:
        set_pieces(call, cookie, value, cookie.attributes)
    except ValueTooLong:
        _log.warning("the account cookie is skipped: the tokens are too large for cookies")
        expire_pieces(call, cookie)


def _claims(call: Call) -> dict[str, object] | None:
    option, cookie = call.config.account_cookie, _spec(call)
    value = None if cookie is None else read_pieces(call, cookie.name)
    if option is None or value is None:
        return None
    now = call.now.timestamp()
    opened = option.codec.open(value, now=now)
    try:
        found = None if opened is None else decode(opened.text)
    except InvalidJSON:
        return None
    if not isinstance(found, dict):
        return None
    claims = cast("dict[str, object]", found)
    end = claims.get("exp")
    if isinstance(end, bool) or not isinstance(end, int | float) or end <= now:
        return None
    return claims
