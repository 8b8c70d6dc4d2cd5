"""What the answers of a mail server mean for a mail (RFC 5321, 4.2; RFC 3463).

Only the numbers of an answer are kept: its text may quote the address, or the link.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from .refusals import MailDeferred, MailRefused

Stage: TypeAlias = Literal["greeting", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"]
_ENHANCED = re.compile(r"\A\s*([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)
_ABOUT_THE_MAIL = {"MAIL", "RCPT", "DATA"}
NO_UTF8 = "the server takes no addresses beyond ASCII"


def refusal(stage: Stage, code: int, text: str | bytes) -> MailRefused | MailDeferred:
    """What to raise for an answer that is no yes.

    A mail is refused for ever by a 5xx to itself. One to us (who we are, how we speak) is for the
    operator to mend: the mail is kept.
    """
    reason = f"{code} {_enhanced(text)}".strip() + f" ({stage})"
    if stage in _ABOUT_THE_MAIL and 500 <= code < 600:
        return MailRefused(reason)
    return MailDeferred(reason, unreachable=stage not in _ABOUT_THE_MAIL)


def unreachable(reason: str) -> MailDeferred:
    """What to raise where the server cannot be spoken to."""
    return MailDeferred(reason, unreachable=True)


def _enhanced(text: str | bytes) -> str:
    read = text if isinstance(text, str) else text[:100].decode("ascii", "replace")
    found = _ENHANCED.match(read)
    return "" if found is None else found[1]
