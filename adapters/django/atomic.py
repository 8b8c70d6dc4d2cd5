"""`ATOMIC_REQUESTS`: what a request spends or counts must outlast the rollback of its view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.db import connections, transaction
from django.http import HttpRequest

_ATTRIBUTE = "_non_atomic_requests"


class _EveryDatabase(set[str]):
    """In Django's eyes all of them, so that it begins no transaction; in it those that the project
    has named itself (`transaction.non_atomic_requests`)."""

    def __contains__(self, item: object) -> bool:
        return True


def leave_out(view: Any, inner: object = None) -> None:
    """Have Django call a view, which stands before `inner`, outside of transactions."""
    named = cast("Iterable[str]", getattr(inner, _ATTRIBUTE, ()))
    setattr(view, _ATTRIBUTE, _EveryDatabase(named))


def in_transactions(view: Callable[..., Any], http: HttpRequest) -> Callable[..., Any]:
    """A view in the transactions that Django has begun none of for the sake of what stands before
    it."""
    outermost = getattr(http.resolver_match, "func", None)
    named = getattr(outermost, _ATTRIBUTE, None)
    is_last = not isinstance(getattr(view, _ATTRIBUTE, None), _EveryDatabase)
    if isinstance(named, _EveryDatabase) and is_last:
        for alias, given in connections.settings.items():
            if given["ATOMIC_REQUESTS"] and alias not in set(named):
                view = transaction.atomic(using=alias)(view)
    return view
