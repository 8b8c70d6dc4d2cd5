"""What all pages of one server have in common."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet

from .installed import Installed
from .look import Look
from .rendering import Renderer
from .texts import Words


class Setting(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """Decided once, from the options and from what is installed."""

    __secrets__ = frozenset[str]()

    name: str
    """What the site is called."""
    prefix: str
    look: Look
    renderer: Renderer
    words: Mapping[str, Words]
    after_sign_in: str
    after_sign_out: str
    installed: Installed
    offers: frozenset[str]
    """The paths of the pages that there are."""

    def base(self, call: Call) -> str:
        """The path that all pages are below."""
        return f"{call.site.base_path}{self.prefix}"
