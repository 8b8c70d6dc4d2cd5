"""The field `Forwarded` (RFC 7239), as far as it names clients."""

from __future__ import annotations

import re

UNKNOWN = "unknown"
"""What an element says that does not know its client (RFC 7239, 6.2)."""

_PAIR = r"""(?x)\s*(?P<name>[!\#$%&'*+\-.^_`|~0-9A-Za-z]+)=
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s",;]*))\s*(?P<end>[,;]|\Z)"""


def forwarded_for(value: str) -> list[str]:
    """The `for` of each element, in order.

    Empty if anything does not read as RFC 7239, 4: a client that opens a quotation must not choose
    how what its proxy appends is understood.
    """
    form, found, position = re.compile(_PAIR), [UNKNOWN], 0
    while position < len(value):
        pair = form.match(value, position)
        if pair is None:
            return []
        if pair["name"].lower() == "for":
            quoted = pair["quoted"]
            found[-1] = pair["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if pair["end"] == ",":
            found.append(UNKNOWN)
        position = pair.end()
    return found
