"""Durations of options: a `timedelta` or seconds outside, whole seconds inside."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from watchword.errors import ConfigurationError

Duration: TypeAlias = "timedelta | int | float"

LONGEST_COOKIE = 34_560_000
"""Seconds; browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5)."""

LONGEST_DURATION = 3_155_760_000
"""Seconds; a hundred years. Dates end with the year 9999, and requests must not find that out."""


def seconds(option: str, value: Duration, *, least: int = 0, most: int = LONGEST_DURATION) -> int:
    """A duration as whole seconds. Raises `ConfigurationError` outside `least`..`most`."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if type(number) not in (int, float) or number != number:
        raise ConfigurationError(option, f"{value!r} is no duration", "Give seconds or a timedelta")
    if number < least:
        raise ConfigurationError(option, f"{value!r} is too short", f"Give at least {least} s")
    if number > most:
        raise ConfigurationError(option, f"{value!r} is too long", f"Give at most {most} s")
    return int(number)


def in_seconds(value: Duration) -> float:
    """A duration in seconds, with their parts."""
    return float(value) if isinstance(value, int | float) else value.total_seconds()
