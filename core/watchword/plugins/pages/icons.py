"""The marks of identity providers, as paths in a square of 24 (Simple Icons, CC0 1.0).

They are drawn in the colour of the text beside them. Who asked not to be among them, and whoever
is unknown, has the first letter of the name.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec


@cache
def icon_paths() -> dict[str, str]:
    """Paths by the ids of providers."""
    data = files(__package__ or "").joinpath("icons.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, str])
