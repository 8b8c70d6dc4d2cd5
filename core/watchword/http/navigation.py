"""Where a form leads that a browser posts, and waits for a page to show."""

from __future__ import annotations

import msgspec

from watchword.discreet import Discreet


class Navigation(Discreet, msgspec.Struct, frozen=True):
    """The pages that a browser's form leads to: trusted URLs, and paths of this site."""

    target: str
    failure: str
    second_factor: str
