"""Anonymous: guests who have an account before they say who they are.

`plugin` has the options and endpoints, `linking` what becomes of a guest who signs in or up, and
`guests` finds out whether a guest is asking (spec: plugin anonymous).
"""

from __future__ import annotations

from .guests import Anonymity, is_guest
from .linking import LinkAccount, LinkedGuest
from .plugin import Anonymous, AnonymousAPI, AnonymousCodes, GuestSignedIn

__all__ = [
    "Anonymity",
    "Anonymous",
    "AnonymousAPI",
    "AnonymousCodes",
    "GuestSignedIn",
    "LinkAccount",
    "LinkedGuest",
    "is_guest",
]
