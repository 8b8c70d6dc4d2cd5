"""The application of Django: checks, commands, and tables that `manage.py migrate` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.core.checks import Tags, register
from django.db.models.signals import pre_migrate
from django.http import HttpRequest

from .checks import TAG, check_databases, check_deployment, check_project
from .tables import make_tables

if TYPE_CHECKING:
    from .visit import Visit


class WatchwordConfig(AppConfig):
    """`"watchword.adapters.django"` in INSTALLED_APPS."""

    name = "watchword.adapters.django"
    label = "watchword"
    verbose_name = "watchword"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what Django runs at other times than requests."""
        register(check_project, TAG)
        register(check_deployment, TAG, Tags.security, deploy=True)
        register(check_databases, TAG, Tags.database)
        user_logged_out.connect(_sign_out, dispatch_uid="watchword.signed_out")
        pre_migrate.connect(_migrate, sender=self, dispatch_uid="watchword.tables")


def _sign_out(*, request: HttpRequest, **_: Any) -> None:
    visit: Visit[Any] | None = getattr(request, "watchword", None)
    if visit is not None:
        visit.signed_out_by_django()


def _migrate(*, using: str, verbosity: int, **more: Any) -> None:
    make_tables(using, more.get("stdout") if verbosity else None)
