"""The admin site, for models that `watchword generate --format django` has written.

    admin.site.register(User, WatchwordAdmin)

They are looked at there, and not changed: hooks, checks and caches are on watchword's side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin
from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

_COLUMNS = 6


if TYPE_CHECKING:
    _Base: TypeAlias = admin.ModelAdmin[models.Model]
else:
    _Base = admin.ModelAdmin


class WatchwordAdmin(_Base):
    """Shows rows, without tokens, hashes and codes."""

    def get_list_display(self, request: HttpRequest) -> Any:
        """The first columns."""
        return self._shown()[:_COLUMNS]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns but the secret ones."""
        return self._shown()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The same."""
        return self._shown()

    def get_search_fields(self, request: HttpRequest) -> Any:
        """E-mail address and name, where there are such."""
        return [name for name in ("email", "name") if name in self._shown()]

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Not by a secret column: `?token__startswith=a` would spell it out."""
        if lookup.partition(LOOKUP_SEP)[0] in self._hidden():
            return False
        given = (value,) if request is None else (value, request)  # Django 4.2 knows of no request
        return super().lookup_allowed(lookup, *given)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        return False

    def _shown(self) -> list[str]:
        hidden = self._hidden()
        return [field.name for field in self.opts.concrete_fields if field.name not in hidden]

    def _hidden(self) -> tuple[str, ...]:
        return getattr(self.model, "secrets", ())
