"""Texts that people chose (names of theirs, of organizations), as a mail may quote them.

Whoever signs up or invites decides what a stranger reads in a mail of ours. Programs that show
mails make links of what looks like one, and numbers to call of long ones: here nothing does.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 64
"""Characters of a quoted text."""
_LOOKED_AT = 512
_JOINERS = "\u200c\u200d"
"""Within words of some scripts, and within emoji."""
_DOTS = ".\u3002\uff0e\uff61\u2024"
"""What stands between the labels of a host name, for one program or another (UTS #46)."""
_SIGN = r"[^\w\s!-~]"
"""What may stand beside the letters of a word: vowel signs of many scripts, accents, joiners."""
_SCHEME = re.compile(r"[^\s:/]+://+")
_HOST = re.compile(rf"(?<=\S)[{_DOTS}](?={_SIGN}*(?:\w{_SIGN}*\w|\d))")
_MAILBOX = re.compile(r"(?<=\S)@(?=\S)")
_NUMBER = re.compile(r"\+?\d(?:[\W_]{0,4}\d){6,}")


def quoted(text: str) -> str:
    """The text on one line, bounded, and so that no program makes a link of any of it."""
    harmless = _disarmed(_one_line(text))
    return harmless if len(harmless) <= LONGEST else f"{harmless[: LONGEST - 1].rstrip()}…"


def name_to_greet(text: str) -> str:
    """The name by which somebody is greeted; empty for one that would have to be changed first."""
    plain = _one_line(text)
    return plain if len(plain) <= LONGEST and _disarmed(plain) == plain else ""


def _one_line(text: str) -> str:
    # Bounded before it is normalised, which makes texts longer.
    normal = unicodedata.normalize("NFKC", text[:_LOOKED_AT])
    spaced = "".join(" " if one.isspace() else one for one in normal)
    return " ".join("".join(filter(_is_shown, spaced)).split())


def _is_shown(character: str) -> bool:
    # Control characters, and those that turn the direction of what follows, are not.
    return unicodedata.category(character)[0] != "C" or character in _JOINERS


def _disarmed(text: str) -> str:
    text = _SCHEME.sub("", text)
    text = _HOST.sub("·", text)
    text = _MAILBOX.sub(" (at) ", text)
    return _NUMBER.sub("…", text)
