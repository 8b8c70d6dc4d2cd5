"""What the operator is told: every log record about requests, sign-ins and background work.

The loggers are children of `watchword`, one per subject. Fields stand on the record as attributes
that begin with `watchword_` (docs/observability.md). Nothing here ever holds a secret, a token or
a raw path: a path may carry a token, so the declared path of the endpoint stands for it. Texts of
foreign exceptions and stack traces may quote values, so they are written at DEBUG only (spec:
security, G3).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .database.contract import StorageError
from .errors import APIError

if TYPE_CHECKING:
    from .call import Call

REQUESTS = logging.getLogger("watchword.requests")
SIGN_IN = logging.getLogger("watchword.sign_in")
RATE_LIMIT = logging.getLogger("watchword.rate_limit")
BACKGROUND = logging.getLogger("watchword.background")
DATABASE = logging.getLogger("watchword.database")


def request_failed(call: Call, error: BaseException) -> None:
    """An exception that nobody foresaw: an error without its text, which DEBUG has.

    Texts of storage errors hold no values, and often the remedy.
    """
    fields = {**_about(call), "watchword_status": 500, "watchword_error": type(error).__name__}
    what = f": {error}" if isinstance(error, StorageError) else ""
    name = type(error).__name__
    REQUESTS.error("request failed: %s at %s%s", name, _place(error), what, extra=fields)
    REQUESTS.debug("request failed", exc_info=error, extra=fields)


def refused(call: Call, error: APIError) -> None:
    """A request that was answered with an error: INFO for sign-ins, DEBUG for the rest."""
    if error.status < 400:
        return
    signing_in = call.endpoint is not None and call.endpoint.path.startswith("/sign-in")
    log, level = (SIGN_IN, logging.INFO) if signing_in else (REQUESTS, logging.DEBUG)
    if not log.isEnabledFor(level):
        return
    fields = {**_about(call), "watchword_status": error.status, "watchword_code": error.code}
    what = "sign-in refused" if signing_in else "refused"
    log.log(level, "%s: %s %s", what, error.status, error.code, extra=fields)


def rate_limited(call: Call, path: str | None, retry_after: int) -> None:
    """A request above its limit; `path` is the declared one, if there is an endpoint."""
    fields = {
        **_about(call),
        "watchword_path": path,
        "watchword_status": 429,
        "watchword_retry_after": retry_after,
    }
    RATE_LIMIT.info("rate limit hit on %s", path or "an unknown path", extra=fields)


def background_failed(error: BaseException) -> None:
    """Work behind an answer that raised: an error without its text, which DEBUG has."""
    fields = {"watchword_error": type(error).__name__}
    BACKGROUND.error(
        "background work failed: %s at %s", type(error).__name__, _place(error), extra=fields
    )
    BACKGROUND.debug("background work failed", exc_info=error, extra=fields)


def callback_failed(callback: object, error: BaseException) -> None:
    """A callback of the application that raised. Its text may quote a mail, and is never logged."""
    name = getattr(callback, "__qualname__", type(callback).__name__)
    fields = {"watchword_callback": name, "watchword_error": type(error).__name__}
    BACKGROUND.error("the callback %s failed with %s", name, type(error).__name__, extra=fields)


def storage_unavailable(error: Exception) -> None:
    """The database cannot be reached or used; texts of storage errors hold no values."""
    fields = {"watchword_status": 503, "watchword_error": type(error).__name__}
    DATABASE.error("the database is unavailable: %s", error, extra=fields)


def value_refused(error: Exception) -> None:
    """A value that no column holds: which one, for whoever looks for the fault."""
    DATABASE.debug("a value was refused: %s", error)


def _about(call: Call) -> dict[str, object]:
    request, endpoint = call.request, call.endpoint
    lookup = call.lookup.found if call.lookup is not None else None
    return {
        "watchword_method": None if request is None else request.method[:16],
        "watchword_path": None if endpoint is None else endpoint.path,
        "watchword_user_id": call.subject or (lookup.user.id if lookup is not None else None),
        "watchword_client": None
        if request is None
        else call.config.addresses.find(call.headers, request.client),
    }


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    module = frame.f_globals.get("__name__", "?")
    return f"{module}.{frame.f_code.co_qualname}, line {trace.tb_lineno}"
