"""Pages: ready pages to sign in, sign up and manage an account with.

They are rendered on the server and work without JavaScript, passkeys excepted. What is not
installed does not show. Needs the extra `pages` (Jinja2).
"""

from __future__ import annotations

from .colors import Colors
from .plugin import Pages, PagesAPI

__all__ = ["Colors", "Pages", "PagesAPI"]
