"""Values that the reference produced: what goes in, and what has to come out."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FILES = ("vectors", "vectors-plugins-1", "vectors-plugins-2")


@functools.cache
def load(name: str = "vectors") -> dict[str, Any]:
    """One of `FILES`, parsed. Treat it as constant."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
