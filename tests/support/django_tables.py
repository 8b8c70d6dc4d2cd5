"""Django's own tables, in its database `default`."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from django.core.management import call_command

from tests.support import django_project


@contextmanager
def django_tables() -> Generator[None, None, None]:
    """Tables of all applications; without rows again afterwards."""
    assert django_project.MIDDLEWARE
    _made()
    try:
        yield
    finally:
        call_command("flush", verbosity=0, interactive=False)


@cache
def _made() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
