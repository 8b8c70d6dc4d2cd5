"""Which language somebody reads: by header, cookie, session, or a function of the application."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeAlias

Detection: TypeAlias = Literal["header", "cookie", "session", "callback"]

_MOST = 100
"""Languages of a header that are looked at."""


def accepted_languages(header: str) -> Iterator[str]:
    """What an `Accept-Language` asks for, best first (RFC 9110, 12.5.4): each tag, and then the
    language that it begins with. As in the reference, upper and lower case differ."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(",", _MOST)[:_MOST]:
        tag, _, rest = part.partition(";")
        weighed.append((_weight(rest.partition(";")[0]), tag.strip()))
    for weight, tag in sorted(weighed, key=lambda one: -one[0]):
        if weight > 0 and tag:
            yield tag
            if "-" in tag:
                yield tag.partition("-")[0]


def _weight(parameter: str) -> float:
    """The weight that a parameter gives; the usual one where it is none."""
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 1.0
    return weight if math.isfinite(weight) else 1.0
