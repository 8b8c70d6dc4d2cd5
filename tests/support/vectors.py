"""Recorded inputs and outputs of the reference, by group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "vectors"


def vectors(group: str, file: str = "vectors.json") -> Any:
    """One group of recorded cases."""
    return json.loads((_FOLDER / file).read_text())[group]
