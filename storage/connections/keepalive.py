"""TCP finds out by itself that a peer is gone: the same on connections of every database.

After half a minute without a word the system asks the peer, three times; what was sent may stay
unacknowledged for as long. A middlebox that acknowledges everything and forwards nothing passes for
a peer all the same: that is what the time-outs of statements are for.
"""

from __future__ import annotations

import socket
from contextlib import suppress

_IDLE, _INTERVAL, _PROBES = 30, 10, 3
_UNACKNOWLEDGED = 30_000

LIBPQ = {
    "keepalives": "1",
    "keepalives_idle": str(_IDLE),
    "keepalives_interval": str(_INTERVAL),
    "keepalives_count": str(_PROBES),
    "tcp_user_timeout": str(_UNACKNOWLEDGED),
}
"""The parameters of libpq for it."""

_NAMED = {
    "TCP_KEEPIDLE": _IDLE,
    "TCP_KEEPALIVE": _IDLE,  # macOS calls it so
    "TCP_KEEPINTVL": _INTERVAL,
    "TCP_KEEPCNT": _PROBES,
    "TCP_USER_TIMEOUT": _UNACKNOWLEDGED,
}
OPTIONS: dict[int, int] = {
    getattr(socket, name): value for name, value in _NAMED.items() if hasattr(socket, name)
}
"""The options of a TCP socket for it, as far as this system has them."""


def watch(found: socket.socket) -> None:
    """Have the system watch the peer of a socket, if it is one of TCP."""
    if found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in OPTIONS.items():
        with suppress(OSError):  # named by Python, and not known to this system
            found.setsockopt(socket.IPPROTO_TCP, option, value)
