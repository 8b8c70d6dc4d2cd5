"""The codes of a device: how they are made, and found again by what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from watchword.call import Call
from watchword.crypto.random_strings import ALPHANUMERIC
from watchword.crypto.signing import equal

from .records import StoredDeviceCode
from .wire import DeviceCodes

USER_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that nobody mistakes for another."""
LONGEST_CODE = 191
"""Characters: as many as a unique column of MySQL holds with any index."""

CodeGenerator: TypeAlias = "Callable[[], str | Awaitable[str]]"

_USUAL = re.compile(f"[{USER_CODE_ALPHABET}]+")
_NO_LETTER_OR_DIGIT = re.compile("[^A-Za-z0-9]")


async def made_device_code(call: Call, own: CodeGenerator | None, length: int) -> str:
    """A code for the device itself. Raises INVALID_REQUEST for one that does not fit."""
    return await _made(call, own, length, ALPHANUMERIC)


async def made_user_code(call: Call, own: CodeGenerator | None, length: int) -> str:
    """A code for people to type. Raises INVALID_REQUEST for one that does not fit."""
    return await _made(call, own, length, USER_CODE_ALPHABET)


async def found_by_device(call: Call, device_code: str) -> StoredDeviceCode | None:
    """The row of a device code, to the letter, whatever the database holds equal."""
    found = await call.db.find_one(StoredDeviceCode, device_code=device_code)
    return found if found is not None and equal(found.device_code, device_code) else None


async def found_by_user(call: Call, typed: str) -> StoredDeviceCode | None:
    """The row of a user code: to the letter, or else without what people put between letters, and
    in capitals, if that could be a code of ours."""
    found = await _exactly(call, typed)
    if found is not None:
        return found
    plain = _NO_LETTER_OR_DIGIT.sub("", typed).upper()
    return await _exactly(call, plain) if plain != typed and _USUAL.fullmatch(plain) else None


async def _exactly(call: Call, user_code: str) -> StoredDeviceCode | None:
    found = await call.db.find_one(StoredDeviceCode, user_code=user_code)
    return found if found is not None and equal(found.user_code, user_code) else None


async def _made(call: Call, own: CodeGenerator | None, length: int, alphabet: str) -> str:
    if own is None:
        return call.random(length, alphabet)
    made = await call.run_with_secret(own)
    if not isinstance(made, str) or not 1 <= len(made) <= LONGEST_CODE or not made.isprintable():
        raise DeviceCodes.INVALID_REQUEST("The server makes no codes that can be used")
    return made
