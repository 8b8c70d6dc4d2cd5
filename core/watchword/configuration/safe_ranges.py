"""Which values of an option may go into production: declared beside the option, told by `doctor`.

A class of options declares them in `safe`, by field. A value outside is allowed: there are reasons
to have one, and who runs `watchword doctor` is told what it costs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

import msgspec

from watchword.discreet import Discreet

Severity: TypeAlias = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""An error must not go into production; a warning wants to be meant; the rest is good to know."""


class Safe(Discreet, msgspec.Struct, frozen=True):
    """The safe values of one option. Durations are in seconds; None means the default, and fits."""

    otherwise: str
    """What is wrong with any other value."""
    least: float | None = None
    most: float | None = None
    exactly: bool | None = None
    given: bool = False
    """None does not fit: it switches something off."""
    severity: Severity = "warning"

    def holds(self, value: object) -> bool:
        """Whether a value is safe. One of another kind (a function, a class) is not looked at."""
        if value is None:
            return not self.given
        if isinstance(value, bool):
            return self.exactly is None or value is self.exactly
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if not isinstance(number, int | float):
            return True
        return (self.least is None or number >= self.least) and (
            self.most is None or number <= self.most
        )

    @property
    def remedy(self) -> str:
        """What to give instead."""
        if self.exactly is not None:
            return f"Give {self.exactly}"
        bounds = (("at least", self.least), ("at most", self.most))
        wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)
        return f"Give {wanted}" if wanted else "Leave the default"
