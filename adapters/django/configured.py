"""The `Auth` that the settings name: `WATCHWORD = "project.auth.auth"`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from watchword.auth import Auth

if TYPE_CHECKING:
    AnyAuth: TypeAlias = Auth[Any]

SETTING = "WATCHWORD"

_found: dict[str, AnyAuth] = {}
"""By what the setting says; a test may change it."""


def auth_of_settings() -> AnyAuth:
    """The server that the setting `WATCHWORD` names, made with its first use.

    The setting is the dotted path of an `Auth`, or of a function without arguments that makes one.
    Raises `ImproperlyConfigured` for anything else.
    """
    path = path_of_settings()
    if path not in _found:
        _found.setdefault(path, _imported(path))
    return _found[path]


def path_of_settings() -> str:
    """The setting itself. Raises `ImproperlyConfigured`."""
    path: object = getattr(settings, SETTING, None)
    if isinstance(path, str) and path.strip(".").count("."):
        return path
    said = "is missing" if path is None else f"is {path!r}"
    raise ImproperlyConfigured(
        f"the setting {SETTING} {said}: give it the dotted path of your Auth, as in "
        f'{SETTING} = "project.auth.auth"'
    )


def _imported(path: str) -> AnyAuth:
    try:
        found: object = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"the setting {SETTING} is {path!r}, which cannot be imported: {error}"
        ) from error
    if inspect.iscoroutinefunction(found):
        raise ImproperlyConfigured(
            f"the setting {SETTING} is {path!r}: a function must not be async"
        )
    if not isinstance(found, Auth) and callable(found):
        found = found()
    if not isinstance(found, Auth):
        raise ImproperlyConfigured(
            f"the setting {SETTING} is {path!r}, which is no Auth, and makes none, but "
            f"{type(found).__name__}"
        )
    return cast("AnyAuth", found)


def _forget(*, setting: str, **_: object) -> None:
    if setting in (SETTING, "DATABASES"):
        _found.clear()


setting_changed.connect(_forget, dispatch_uid="watchword.configured")
