"""How long to wait before the next attempt: longer each time, and never all at the same moment."""

from __future__ import annotations

from watchword.call import Call


def backed_off(call: Call, attempts: int, first: float, longest: float) -> float:
    """Seconds after so many attempts: `first`, doubled with each, `longest` at most."""
    # Not computed beyond: a power of a large number would be a larger one.
    doubled = first * 2 ** min(attempts - 1, 30)
    return jittered(call, min(doubled, longest))


def jittered(call: Call, seconds: float) -> float:
    """Between half of it and all of it, so that those who wait do not come back together."""
    share = int.from_bytes(call.config.options.token_bytes(2), "big") / 0xFFFF
    return seconds * (1 + share) / 2
