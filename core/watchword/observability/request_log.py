"""What the operator is told of calls: how they failed, what was refused, what was done to accounts.

By the rules of `logs`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from watchword.call import Call
from watchword.database.contract import StorageError
from watchword.errors import APIError

from .logs import place

REQUESTS = logging.getLogger("watchword.requests")
SECURITY = logging.getLogger("watchword.security")


def request_failed(call: Call, error: BaseException) -> None:
    """An exception that nobody foresaw: an error without its text, which DEBUG has.

    Texts of storage errors hold no values, and often the remedy.
    """
    fields = {**_about(call), "watchword_status": 500, "watchword_error": type(error).__name__}
    what = f": {error}" if isinstance(error, StorageError) else ""
    name = type(error).__name__
    REQUESTS.error("request failed: %s at %s%s", name, place(error), what, extra=fields)
    REQUESTS.debug("request failed", exc_info=error, extra=fields)


def refused(call: Call, error: APIError) -> None:
    """A request that was answered with an error: DEBUG, but for those of `_is_alarming`."""
    if error.status < 400:
        return
    alarming = _is_alarming(call, error)
    log, level = (SECURITY, logging.WARNING) if alarming else (REQUESTS, logging.DEBUG)
    if not log.isEnabledFor(level):
        return
    fields = {**_about(call), "watchword_status": error.status, "watchword_code": error.code}
    event = "refused"
    if error.status == 429:
        event = "rate_limited"
        fields["watchword_retry_after"] = getattr(error, "retry_after", None)
    if alarming:
        fields["watchword_event"] = event
    log.log(level, "%s: %s %s, %s", event, error.status, error.code, _said(fields), extra=fields)


_MOST_ORIGINS = 256
_TOLD: set[tuple[str, ...]] = set()


def origin_refused(origin: str, served: str) -> None:
    """An origin that is not trusted, where somebody develops: what to set if it should be.

    Each is told once, and no more than 256: whoever asks chooses what is told here.
    """
    if _is_told(origin, served):
        return
    REQUESTS.warning(
        "requests of %r are refused: this server is %s. If that is your front end, open it under "
        "this origin, or give trusted_origins=[%r]; its scripts also need cors=True, or what your "
        "framework has for CORS",
        origin,
        served,
        origin,
    )


def preflight_unanswered(origin: str) -> None:
    """A preflight of a trusted origin, where somebody develops and nothing here answers it."""
    if not _is_told(origin, "CORS"):
        REQUESTS.info(
            "scripts of %r may call, but this server sends no CORS headers: unless something "
            "around it does, give cors=True",
            origin,
        )


def _is_told(*what: str) -> bool:
    if what in _TOLD or len(_TOLD) >= _MOST_ORIGINS:
        return True
    _TOLD.add(what)
    return False


def origin_ignored(origin: str, problem: str, remedy: str) -> None:
    """An origin from the application's own function that trusts nobody."""
    REQUESTS.warning(
        "the function of trusted_origins gave %r, which can match nothing: %s. %s",
        origin,
        problem,
        remedy,
    )


def _is_alarming(call: Call, error: APIError) -> bool:
    """Whether somebody may be at it: sign-ins, wrong passwords, codes and tokens, what is forbidden
    or comes too often. That nobody is signed in, and what is down, are no alarms."""
    if error.status >= 500:
        return False
    signing_in = call.endpoint is not None and call.endpoint.path.startswith("/sign-in")
    return signing_in or error.guess or error.status in (403, 429)


def link_refused(call: Call, code: str) -> None:
    """A mailed link that was no good; the browser was sent on with the code."""
    fields = {**_about(call), "watchword_event": "refused", "watchword_code": code}
    SECURITY.warning("refused: %s, %s", code, _said(fields), extra=fields)


def security_event(call: Call, event: str, user_id: str) -> None:
    """Something that was done to an account."""
    fields = {**_about(call), "watchword_event": event, "watchword_user_id": user_id}
    SECURITY.info("%s, %s", event, _said(fields), extra=fields)


def _about(call: Call) -> dict[str, object]:
    request, endpoint = call.request, call.endpoint
    lookup = call.lookup.found if call.lookup is not None else None
    return {
        "watchword_method": None if request is None else request.method[:16],
        "watchword_path": None if endpoint is None else endpoint.path,
        "watchword_user_id": call.subject or (lookup.user.id if lookup is not None else None),
        "watchword_client": None
        if request is None
        else call.config.addresses.find(call.headers, request.client or ""),
    }


def _said(fields: Mapping[str, object]) -> str:
    """Where, who and from where, for those who read the text alone."""
    names = {"at": "path", "user": "user_id", "from": "client"}
    parts = ((word, fields[f"watchword_{name}"]) for word, name in names.items())
    return ", ".join(f"{word} {known}" for word, known in parts if known) or "of an unknown path"
