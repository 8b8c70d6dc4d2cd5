"""Whether there is tracing; the only module of this folder that is loaded without it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from watchword.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from .wrapping import Tracing

TracingOption: TypeAlias = "TracerProvider | bool | None"
"""A provider of tracers; True: the global one, also if it is set later; None: if it is set."""


APPLICATION = "application"
"""Stands where a plugin's id would, for hooks of the application's own."""

_CHOSEN = "OTEL_PYTHON_TRACER_PROVIDER"


def open_tracing(option: TracingOption) -> Tracing | None:
    """What makes spans, or None. Raises `ConfigurationError` if it is wanted and not installed."""
    if option is False or (option is None and not _provider_is_set()):
        return None
    try:
        wrapping = import_module(".wrapping", __package__)
    except ImportError:
        raise ConfigurationError(
            "tracing", "opentelemetry-api is not installed", 'Run pip install "watchword[otel]"'
        ) from None
    provider = None if isinstance(option, bool) else option
    made: Tracing = wrapping.Tracing(provider)
    return made


def _provider_is_set() -> bool:
    # Who sets a provider has imported OpenTelemetry, unless the environment names one. So an
    # application without tracing does not pay for the import, even where it is installed.
    if "opentelemetry.trace" not in sys.modules and _CHOSEN not in os.environ:
        return False
    try:
        spans = import_module(".spans", __package__)
    except ImportError:
        return False
    found: bool = spans.provider_is_set()
    return found
