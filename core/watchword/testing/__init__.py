"""For those who test what they build on watchword: with pytest, unittest, or anything else.

    auth = testing.auth(plugins=[...])          a server in memory
    testing.frozen(auth)                        its time, in your hands
    testing.captured(auth)                      its mails, with links and codes
    testing.make_user(auth, name="Ada")
    testing.sign_in(auth, client, user)

For pytest there are fixtures of these, which need no import (see docs/testing.md). The tests that
every storage has to pass are in `watchword.testing.storage_contract`.
"""

from __future__ import annotations

from .clocks import Clock, frozen
from .hashing import cheap_passwords
from .in_memory import auth
from .outbox import Message, Outbox, captured
from .people import async_make_user, async_sign_in, make_user, session_cookies, sign_in

__all__ = [
    "auth",
    # time, mails, hashes
    "Clock",
    "frozen",
    "Message",
    "Outbox",
    "captured",
    "cheap_passwords",
    # people
    "make_user",
    "async_make_user",
    "sign_in",
    "async_sign_in",
    "session_cookies",
]
