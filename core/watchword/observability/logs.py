"""What the operator is told of work that belongs to no request any more; and how all is told.

The loggers are children of `watchword`, one per subject. Fields stand on the record as attributes
that begin with `watchword_` (docs/observability.md). Nothing here ever holds a secret, a token or
a raw path: a path may carry a token, so the declared path of the endpoint stands for it. Texts of
foreign exceptions and stack traces may quote values, so they are written at DEBUG only, and those
of callbacks that got a secret never (spec: security, G3, W12).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import FrameType, TracebackType

BACKGROUND = logging.getLogger("watchword.background")
DATABASE = logging.getLogger("watchword.database")


def background_failed(error: BaseException) -> None:
    """Work behind an answer that raised. What it raises may quote a mail: its text is never logged,
    DEBUG has the places that it went through."""
    name = type(error).__name__
    fields = {"watchword_error": name}
    BACKGROUND.error("background work failed: %s at %s", name, place(error), extra=fields)
    BACKGROUND.debug("background work failed: %s through %s", name, _places(error), extra=fields)


def callback_failed(callback: object, error: BaseException) -> None:
    """A callback of the application that raised, told without its text, which may quote a mail."""
    name, kind = _named(callback), type(error).__name__
    fields = {"watchword_callback": name, "watchword_error": kind}
    BACKGROUND.error("the callback %s failed with %s", name, kind, extra=fields)
    BACKGROUND.debug("the callback %s failed through %s", name, _places(error), extra=fields)


class CallbackFailed(Exception):
    """A callback that was given a secret has failed. What it raised may quote that, and is gone."""

    def __init__(self, callback: object, error: BaseException) -> None:
        name, kind = _named(callback), type(error).__name__
        super().__init__(f"the callback {name} failed with {kind} through {_places(error)}")


def storage_unavailable(error: Exception) -> None:
    """The database cannot be reached or used; texts of storage errors hold no values."""
    fields = {"watchword_status": 503, "watchword_error": type(error).__name__}
    DATABASE.error("the database is unavailable: %s", error, extra=fields)


def value_refused(error: Exception) -> None:
    """A value that no column holds: which one, for whoever looks for the fault."""
    DATABASE.debug("a value was refused: %s", error)


def _named(callback: object) -> str:
    return str(getattr(callback, "__qualname__", type(callback).__name__))


def place(error: BaseException) -> str:
    """Where an exception was raised; no values, no source. The line of a template where there is
    one: what that called says little."""
    steps = [*_steps(error)]
    told = [step for step in steps if _is_template(step.tb_frame)] or steps
    return _said(told[-1]) if told else "an unknown place"


def _places(error: BaseException) -> str:
    """Where an exception went through, the place that raised it last; no values, no source."""
    return " > ".join(_said(step) for step in _steps(error))


def _steps(error: BaseException) -> Iterator[TracebackType]:
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next


def _said(step: TracebackType) -> str:
    frame = step.tb_frame
    if _is_template(frame):
        return f"{frame.f_code.co_filename}, line {step.tb_lineno}"
    module = frame.f_globals.get("__name__", "?")
    return f"{module}.{frame.f_code.co_qualname}, line {step.tb_lineno}"


def _is_template(frame: FrameType) -> bool:
    """Jinja's: it puts frames with the names of its files in the place of what it compiled."""
    return frame.f_globals.get("__name__") == frame.f_code.co_filename
