"""From options to a `Configuration`: what `Auth` decides at start-up."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast
from uuid import UUID

from watchword.call import SessionStore
from watchword.crypto.passwords import PasswordHasher
from watchword.crypto.random_strings import ALPHANUMERIC, random_string
from watchword.crypto.secrets_list import Secrets, VersionedSecret
from watchword.database.contract import Storage
from watchword.database.facade import Tables
from watchword.database.hooks import HookTable, ModelHooks
from watchword.database.names import Names
from watchword.database.records import Record, prepared
from watchword.database.table import IdGenerator
from watchword.database.transient_rows import TransientRows
from watchword.errors import ConfigurationError
from watchword.http.client_address import AddressFinder
from watchword.observability.opening import APPLICATION
from watchword.plugin import Plugin
from watchword.records import RateLimitCounter, User
from watchword.sessions.in_database import DatabaseSessions
from watchword.sessions.stateless import StatelessSessions

from .configuration import Configuration, Lifetimes, SessionCache
from .option_checks import checked_origins
from .options import (
    AccountOptions,
    Advanced,
    DynamicBaseURL,
    Hooks,
    OnAPIError,
    RateLimit,
    SessionOptions,
    TrustedOrigins,
    UserInfoValidator,
    VerificationOptions,
)
from .site import SiteResolver

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing
    from watchword.sessions.in_secondary import SecondarySessions

_TRUSTED = "BETTER_AUTH_TRUSTED_ORIGINS"

_log = logging.getLogger("watchword")


def compile_configuration(
    *,
    app_name: str,
    secret: str | None,
    secrets: Sequence[VersionedSecret],
    base_url: str | DynamicBaseURL | None,
    base_path: str | None,
    trusted_origins: TrustedOrigins,
    session: SessionOptions,
    user_type: type[User],
    account: AccountOptions,
    verification: VerificationOptions,
    rate_limit: RateLimit,
    has_secondary: bool,
    has_database: bool,
    passwords: PasswordHasher,
    plugins: Sequence[Plugin],
    validate_user_info: UserInfoValidator | None,
    names: Names | None,
    hooks: Hooks,
    database_hooks: Mapping[str, ModelHooks],
    on_api_error: OnAPIError,
    advanced: Advanced,
    production: bool | None,
    environ: Mapping[str, str] | None,
    clock: Callable[[], datetime],
    token_bytes: Callable[[int], bytes],
    tracing: Tracing | None,
) -> Configuration:
    """The immutable configuration. Raises `ConfigurationError`."""
    # No default holds the environment: `help(Auth)` would print it, the secret included.
    environ = os.environ if environ is None else environ
    named = (environ.get("WATCHWORD_ENV"), environ.get("NODE_ENV"))
    if production is None:
        production = "production" in named
    found = _secrets(secret, secrets, environ, production=production)
    models: list[type[Record]] = [user_type, session.model, account.model, verification.model]
    if rate_limit.storage == "database" and rate_limit.consume is None:
        models.append(RateLimitCounter)
    lifetimes = Lifetimes.of(session)
    stateless = not has_database and not has_secondary
    credentials = tuple(one for plugin in plugins for one in plugin.credentials())
    records = _records(models, plugins)
    hidden = any(records[model].__hidden__ for model in ("session", "user"))
    return Configuration(
        app_name=app_name,
        production=production,
        development="development" in named and not production and "production" not in named,
        secrets=found,
        sites=SiteResolver(
            base_url,
            base_path,
            advanced=advanced,
            trusted_origins=_trusted_origins(trusted_origins, plugins, environ),
            production=production,
            environ=environ,
        ),
        addresses=_addresses(advanced, production=production),
        tables=Tables(
            records,
            HookTable(_hook_layers(plugins, database_hooks, tracing)),
            _id_generator(advanced, token_bytes),
            ids=advanced.generate_id if isinstance(advanced.generate_id, str) else "text",
            names=names,
            library_id=partial(random_string, 32, ALPHANUMERIC, token_bytes),
            unstored=_unstored(session, verification) if has_secondary else ["session"] * stateless,
            listeners={"user": _secondary_sessions().user_changed} if has_secondary else None,
        ),
        passwords=passwords,
        user_type=user_type,
        plugins={type(plugin): plugin for plugin in plugins},
        credentials=credentials,
        vary=", ".join(dict.fromkeys(["Cookie", *(one.header.title() for one in credentials)])),
        clock=clock,
        token_bytes=token_bytes,
        session=session,
        sessions=_session_store(has_database, has_secondary),
        has_secondary=has_secondary,
        has_database=has_database,
        stateless=stateless,
        session_cache=(
            SessionCache.standing_alone(session.cookie_cache, lifetimes.session, found)
            if stateless
            else SessionCache.of(session.cookie_cache, found, partial=hidden)
        ),
        lifetimes=lifetimes,
        account=account,
        verification=verification,
        rate_limit=rate_limit,
        trusted_origins=trusted_origins,
        validate_user_info=validate_user_info,
        hooks=hooks,
        on_api_error=on_api_error,
        advanced=advanced,
        capacity=advanced.work.capacity(passwords.memory),
    )


def _trusted_origins(
    given: TrustedOrigins, plugins: Sequence[Plugin], environ: Mapping[str, str]
) -> tuple[str, ...]:
    listed = (entry.strip() for entry in environ.get(_TRUSTED, "").split(","))
    return (
        *(() if callable(given) else checked_origins("trusted_origins", given)),
        *(
            origin
            for plugin in plugins
            for origin in checked_origins(f"plugins: {plugin.id}", plugin.trusted_origins())
        ),
        *checked_origins(_TRUSTED, filter(None, listed)),
    )


def _hook_layers(
    plugins: Sequence[Plugin], own: Mapping[str, ModelHooks], tracing: Tracing | None
) -> list[Mapping[str, ModelHooks]]:
    layers = [(plugin.id or type(plugin).__name__, plugin.database_hooks()) for plugin in plugins]
    layers.append((APPLICATION, own))
    if tracing is None:
        return [hooks for _, hooks in layers]
    return [tracing.database_hooks(name, hooks) for name, hooks in layers]


def _session_store(has_database: bool, has_secondary: bool) -> SessionStore:
    if has_secondary:
        return _secondary_sessions()
    return DatabaseSessions() if has_database else StatelessSessions()


def _secondary_sessions() -> SecondarySessions:
    # Loaded only for a server that has a secondary storage.
    made: SecondarySessions
    made = importlib.import_module("watchword.sessions.in_secondary").SecondarySessions()
    return made


def _unstored(session: SessionOptions, verification: VerificationOptions) -> list[str]:
    kept = {"session": session.store_in_database, "verification": verification.store_in_database}
    return [model for model, stored in kept.items() if not stored]


def open_storage(database: str | Storage | None) -> Storage:
    """The storage of a URL, by its scheme; None: bounded rows in the memory of the process.

    Raises `ConfigurationError` without a driver for it.
    """
    if database is None:
        return TransientRows(open_storage("sqlite://"))
    if not isinstance(database, str):
        return database
    scheme = database.partition(":")[0].partition("+")[0].lower()
    if (place := _STORAGES.get(scheme)) is not None:
        module, _, name = place.partition(":")
        kind = getattr(importlib.import_module(module), name)
        return cast("Storage", kind.from_url(database))
    # Loaded only for a scheme of others: it is the slowest import of all.
    entries = importlib.import_module("importlib.metadata").entry_points(group="watchword.storage")
    for entry in entries:
        if entry.name == scheme:
            return cast("Storage", entry.load().from_url(database))
    known = ", ".join(sorted({*_STORAGES, *(entry.name for entry in entries)}))
    raise ConfigurationError(
        "database", f"no storage serves {scheme!r} URLs", f"Use one of: {known}; or a Storage"
    )


_STORAGES = {
    "sqlite": "watchword.storage.sqlite:SQLiteStorage",
    "mysql": "watchword.storage.mysql:MySQLStorage",
    "mariadb": "watchword.storage.mysql:MySQLStorage",
    "postgresql": "watchword.storage.postgres:PostgresStorage",
    "postgres": "watchword.storage.postgres:PostgresStorage",
}
"""Our own, found without the metadata of a distribution: zipapps and frozen programs have none."""


def _records(models: Iterable[type[Record]], plugins: Sequence[Plugin]) -> dict[str, type[Record]]:
    every = [*models, *(record for plugin in plugins for record in plugin.records)]
    return {
        record.__model__: prepared(
            record,
            [
                extension
                for plugin in plugins
                for base, extension in plugin.extends.items()
                if base.__model__ == record.__model__
            ],
        )
        for record in every
    }


def _id_generator(advanced: Advanced, token_bytes: Callable[[int], bytes]) -> IdGenerator:
    option = advanced.generate_id
    if callable(option):
        return option
    if option == "serial":
        return lambda model: None
    if option == "uuid":
        return lambda model: str(UUID(bytes=token_bytes(16), version=4))
    if option is not None:
        raise ConfigurationError(
            "advanced.generate_id",
            f"{option!r} is no known way",
            "Give 'uuid', 'serial' or a function of the model's name",
        )
    return lambda model: random_string(32, ALPHANUMERIC, token_bytes)


def _addresses(advanced: Advanced, *, production: bool) -> AddressFinder:
    options = advanced.ip_address
    return AddressFinder(
        headers=tuple(name.lower() for name in options.headers),
        trusted_proxies=tuple(options.trusted_proxies),
        ipv6_subnet=options.ipv6_subnet,
        use_peer=options.use_peer,
        disabled=options.disable_tracking,
        production=production,
    )


def _secrets(
    secret: str | None,
    versions: Sequence[VersionedSecret],
    environ: Mapping[str, str],
    *,
    production: bool,
) -> Secrets:
    try:
        found = Secrets.resolve(secret, versions, environ)
    except ValueError as error:
        raise ConfigurationError("secret", str(error), _SECRET_REMEDY) from None
    for problem in found.findings():
        remedy = _SECRET_REMEDY if problem.vouches else _OLD_SECRET_REMEDY
        if production and problem.fatal:
            raise ConfigurationError("secret", problem.text, remedy)
        _log.warning("secret: %s. %s", problem.text, remedy)
    return found


_SECRET_REMEDY = (
    "Set BETTER_AUTH_SECRET to 32 or more random characters, for example from "
    "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
)
_OLD_SECRET_REMEDY = "Leave it out once nothing is stored that was encrypted with it"
