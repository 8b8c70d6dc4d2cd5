"""`watchword info`: versions and options, for a bug report."""

from __future__ import annotations

import json
import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import cast

from watchword import __version__
from watchword.errors import ConfigurationError

from .application import NO_APPLICATION, AnyAuth, Application, AsJson
from .failures import CommandError, scrubbed
from .redaction import REDACTED, shown
from .screen import say

_FRAMEWORKS = ("flask", "starlette", "fastapi", "litestar", "quart", "django")
_DRIVERS = (
    *("psycopg", "psycopg-pool", "pymysql", "asyncmy", "mysql-connector-python", "sqlalchemy"),
    *("redis", "aiosqlite"),
)
_LIBRARIES = (
    *("argon2-cffi", "cryptography", "joserfc", "msgspec", "httpx2", "opentelemetry-api"),
    *("cyclopts", "rich", "aiosmtplib", "jinja2"),
)


def info(*, as_json: AsJson = False, application: Application = NO_APPLICATION) -> int:
    """Show versions, and the options of the application without its secrets."""
    found: dict[str, object] = {
        "system": {
            "platform": platform.system(),
            "release": platform.release(),
            "arch": platform.machine(),
            "cpuCount": os.cpu_count(),
        },
        "python": {"version": platform.python_version(), "kind": platform.python_implementation()},
        "frameworks": _installed(_FRAMEWORKS),
        "databases": {"sqlite": _sqlite(), **_installed(_DRIVERS)},
        "libraries": _installed(_LIBRARIES),
        "watchword": {"version": __version__, **_application(application)},
    }
    if as_json:
        say(scrubbed(json.dumps(found, indent=2, ensure_ascii=False)))
    else:
        _print(found, "")
    return 0


def _application(application: Application) -> dict[str, object]:
    try:
        with application.opened(database=False) as auth:
            return {"config": options_of(auth)}
    except (CommandError, ConfigurationError) as error:
        return {"config": None, "error": str(error)}


def options_of(auth: AnyAuth) -> dict[str, object]:
    """The options as JSON, without secrets."""
    config = auth.config
    fixed = config.sites.fixed
    return {
        "app_name": config.options.app_name,
        "production": config.production,
        "database": _database(auth),
        "secondary_storage": config.has_secondary,
        "secret": REDACTED,
        "secret_versions": [one.version for one in config.secrets.versions],
        "base_url": None if fixed is None else fixed.base_url,
        "base_path": auth.base_path,
        "trusted_origins": shown(config.options.trusted_origins),
        "user_type": config.options.user_type.__name__,
        "tables": [model.table_name for model in config.tables.schema],
        "session": shown(config.options.session),
        "account": shown(config.options.account),
        "verification": shown(config.options.verification),
        "rate_limit": shown(config.rate_limit),
        "advanced": shown(config.options.advanced),
        "on_api_error": shown(config.options.on_api_error),
        "plugins": {
            plugin.id or type(plugin).__name__: shown(plugin) for plugin in config.plugins.values()
        },
    }


def _database(auth: AnyAuth) -> str | None:
    if not auth.config.has_database:
        return None
    return getattr(auth.blocking.runtime.engine, "dialect", "own storage")


def _installed(names: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _sqlite() -> str:
    # The library that Python was built with; core itself knows no driver.
    try:
        return str(import_module("sqlite3").sqlite_version)
    except ImportError:
        return "not built in"


def _print(value: dict[str, object], indent: str) -> None:
    for name, one in value.items():
        if isinstance(one, dict) and one:
            say(f"{indent}{name}:")
            _print(cast("dict[str, object]", one), indent + "  ")
        else:
            say(scrubbed(f"{indent}{name}: {_text(cast('object', one))}"))


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or "-"
    return "-" if value is None else f"{value}"
