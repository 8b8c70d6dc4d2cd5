"""Backup codes: made, stored as one list, used up one by one.

Spec: plugin two-factor, (e) and (f); security F5, F8.
"""

from __future__ import annotations

import string

import msgspec

from watchword.call import Call
from watchword.crypto.signing import equal
from watchword.verifications.stored_codes import readable_code, stored_code

from .options import BackupCodeOptions
from .records import SecondFactor
from .wire import TwoFactorCodes

_ALPHABET = string.ascii_lowercase + string.digits + string.ascii_uppercase
_TRIES = 5
"""Looks at a list of which others use up codes at the same moment."""


async def new_backup_codes(call: Call, options: BackupCodeOptions) -> tuple[list[str], str]:
    """Fresh codes, and the form in which they are stored."""
    own = options.custom_backup_codes_generate
    if own is None:
        made = [call.random(options.length, _ALPHABET) for _ in range(options.amount)]
        codes = [f"{code[:5]}-{code[5:]}" for code in made]
    else:
        codes = msgspec.convert(await call.run_with_secret(own), list[str], strict=True)
    return codes, await _stored(call, options, codes)


async def backup_codes_of(
    call: Call, options: BackupCodeOptions, row: SecondFactor
) -> list[str] | None:
    """The codes that are good; None if they cannot be read."""
    text = await readable_code(call, options.store_backup_codes, row.backup_codes)
    try:
        return None if text is None else msgspec.json.decode(text, type=list[str])
    except (msgspec.MsgspecError, UnicodeError):
        return None


async def use_backup_code(
    call: Call, options: BackupCodeOptions, row: SecondFactor, given: str
) -> None:
    """Use up a code; of many callers with the same one wins, and the account is unlocked.

    Raises INVALID_BACKUP_CODE, and 409 (no code) where others use up codes all the time.
    """
    there: SecondFactor | None = row
    for _ in range(_TRIES):
        codes = None if there is None else await backup_codes_of(call, options, there)
        # All of them are compared: the time does not tell which one it was.
        kept = [code for code in codes or () if not equal(code, given)]
        if there is None or codes is None or len(kept) == len(codes):
            raise TwoFactorCodes.INVALID_BACKUP_CODE()
        changes = {
            "backup_codes": await _stored(call, options, kept),
            "failed_verification_count": 0,
            "locked_until": None,
        }
        guard = {"id": there.id, "backup_codes": there.backup_codes}
        if await call.db.update(SecondFactor, changes, **guard) is not None:
            return
        there = await call.db.find_one(SecondFactor, id=row.id)
    raise TwoFactorCodes.BACKUP_CODES_CHANGED()


async def _stored(call: Call, options: BackupCodeOptions, codes: list[str]) -> str:
    return await stored_code(call, options.store_backup_codes, msgspec.json.encode(codes).decode())
