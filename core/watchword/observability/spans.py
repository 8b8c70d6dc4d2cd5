"""Opening spans, and marking those that failed.

Names and attributes follow OpenTelemetry's semantic conventions (HTTP spans, database spans,
recording errors). No attribute holds what a client sent, a row or the text of an exception: they
are names that the code declares, and status codes.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import ProxyTracerProvider, Span, SpanKind, StatusCode, TracerProvider

from watchword.errors import APIError

Attributes = Mapping[str, str]


class Spans:
    """Opens spans with the tracer of a provider; None means the global one."""

    def __init__(self, provider: TracerProvider | None) -> None:
        self._tracer = trace.get_tracer("watchword", tracer_provider=provider)

    @contextmanager
    def open(
        self, name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL
    ) -> Generator[Span, None, None]:
        """The current span until the block ends; an exception marks it, by its type alone."""
        with self._tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                if not (isinstance(error, APIError) and error.status < 500):
                    mark_failed(span, type(error).__qualname__)
                raise


def provider_is_set() -> bool:
    """Whether the application has set a global provider of tracers."""
    return not isinstance(trace.get_tracer_provider(), ProxyTracerProvider)


def mark_failed(span: Span, kind: str) -> None:
    """Say that what the span stands for went wrong: an exception's type, or a status."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)
