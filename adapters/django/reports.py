"""What Django's reports of errors, which it mails to ADMINS, do not show of a request."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter, get_default_exception_reporter_filter

if TYPE_CHECKING:
    from watchword.auth import Auth

    _Base: TypeAlias = SafeExceptionReporterFilter
else:
    _Base = object

_PREFIXES = ("__Secure-", "__Host-")


def hide_cookies(http: HttpRequest, auth: Auth[Any]) -> None:
    """Keep cookies and headers that say who is asking out of reports: Django hides those alone
    whose names have a TOKEN or the like in them."""
    made = _hiding(type(get_default_exception_reporter_filter()))()
    made.auth = auth
    cast("Any", http).exception_reporter_filter = made


def hide_form(http: HttpRequest) -> None:
    """Keep the fields of a form out of reports."""
    cast("Any", http).sensitive_post_parameters = "__ALL__"


class _Hiding(_Base):
    auth: Auth[Any]

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """Also the value of a header that says who is asking."""
        headers = ("Authorization", *self.auth.config.vary.split(", "))
        if key in [f"HTTP_{one.upper().replace('-', '_')}" for one in headers]:
            return self.cleansed_substitute
        return super().cleanse_setting(key, value)

    def get_safe_cookies(self, request: Any) -> dict[str, Any]:
        """Without the values of those that are watchword's."""
        shown: dict[str, Any] = super().get_safe_cookies(request)
        ours = self._beginnings()
        return {
            name: self.cleansed_substitute if _plain(name).startswith(ours) else value
            for name, value in shown.items()
        }

    def _beginnings(self) -> tuple[str, ...]:
        advanced = self.auth.config.options.advanced
        named = (one.name for one in advanced.cookies.values() if one.name)
        return (f"{advanced.cookie_prefix}.", *named)


@functools.cache
def _hiding(default: type[object]) -> type[_Hiding]:
    """With what the project has in the setting DEFAULT_EXCEPTION_REPORTER_FILTER."""
    return cast("type[_Hiding]", type(default.__name__, (_Hiding, default), {}))


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
