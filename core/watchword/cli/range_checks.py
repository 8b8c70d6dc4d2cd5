"""Holds every option against the safe values that are declared beside it (`watchword.safe_ranges`).

Options within options are found by themselves, and so are those of plugins that others wrote.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import cast

from watchword.configuration.auth_options import AuthOptions
from watchword.configuration.configuration import Configuration
from watchword.configuration.core_options import CoreOptions, kinds
from watchword.configuration.safe_ranges import Safe

from .finding import Finding

_NAMES = {kind: name for name, kind in kinds(AuthOptions).items()}


def check_ranges(config: Configuration) -> Iterator[Finding]:
    """Findings about options whose value is outside of the safe ones."""
    for name in kinds(CoreOptions):
        yield from _check(name, getattr(config.options, name))
    for kind, plugin in config.plugins.items():
        yield from _check(_NAMES.get(kind, kind.__name__), plugin)


def _check(path: str, options: object) -> Iterator[Finding]:
    if not dataclasses.is_dataclass(options):
        return
    ranges = cast("Mapping[str, Safe]", getattr(options, "safe", {}))
    off = getattr(options, "enabled", True) is False
    for field in dataclasses.fields(options):
        # Of what is switched off only that matters.
        if not field.init or (off and field.name != "enabled"):
            continue
        value, here = getattr(options, field.name), f"{path}.{field.name}"
        safe = ranges.get(field.name)
        if safe is not None and not safe.holds(value):
            yield Finding(safe.severity, here, f"{value!r}: {safe.otherwise}", safe.remedy)
        if isinstance(value, Mapping):
            for key, one in cast("Mapping[object, object]", value).items():
                yield from _check(f"{here}[{key!r}]", one)
        else:
            yield from _check(here, value)
