"""`auth.users` and `auth.blocking.users`: the server's own hand on its users.

For code on the server, without HTTP and without a session; loaded with its first use.
"""

from __future__ import annotations

from watchword.features.sign_in_links import SignInLink

from .reading import UserPage
from .users import Users

__all__ = ["SignInLink", "UserPage", "Users"]
