"""From options to a `Configuration`: what `Auth` decides at start-up."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from watchword.call import SessionStore
from watchword.credential import Credential
from watchword.crypto.passwords import PasswordHasher
from watchword.crypto.random_strings import ALPHANUMERIC, random_string
from watchword.crypto.secrets_list import Secrets
from watchword.database.contract import Storage
from watchword.database.hooks import HookTable, ModelHooks
from watchword.database.own_store import check_secondary
from watchword.database.records import Record, prepared
from watchword.database.table import IdGenerator
from watchword.database.tables import Tables
from watchword.database.transient_rows import TransientRows
from watchword.errors import ConfigurationError
from watchword.features.email_password import EmailAndPassword
from watchword.http.client_address import AddressFinder
from watchword.observability.opening import APPLICATION
from watchword.pipeline.rate_limit import placed_limits
from watchword.plugin_base import Plugin
from watchword.records import RateLimitCounter, Session, User
from watchword.sessions.in_database import DatabaseSessions
from watchword.sessions.stateless import StatelessSessions

from .auth_options import AuthOptions
from .configuration import AccountCookie, Configuration, Lifetimes, SessionCache
from .core_options import CoreOptions
from .option_checks import checked_origins
from .options import IPAddressOptions, RateLimit, TrustedOrigins
from .site import SiteResolver

if TYPE_CHECKING:
    from watchword.observability.wrapping import Tracing
    from watchword.sessions.in_secondary import SecondarySessions

_TRUSTED = "BETTER_AUTH_TRUSTED_ORIGINS"

_log = logging.getLogger("watchword")


def compile_configuration(
    options: AuthOptions[Any], plugins: Sequence[Plugin], tracing: Tracing | None
) -> Configuration:
    """The immutable configuration; `plugins` are all that are installed, the core's own as well.

    Raises `ConfigurationError`.
    """
    # No default holds the environment: `help(Auth)` would print it, the secret included.
    environ = os.environ if options.environ is None else options.environ
    named = (environ.get("WATCHWORD_ENV"), environ.get("NODE_ENV"))
    production = "production" in named if options.production is None else options.production
    secrets = _secrets(options, environ, production=production)
    rate_limit = _rate_limit(options)
    tables = _tables(options, plugins, rate_limit, tracing)
    passwords = _passwords(options.email_and_password)
    credentials = tuple(one for plugin in plugins for one in plugin.credentials())
    lifetimes = Lifetimes.of(options.session)
    cache = _session_cache(options, lifetimes, secrets, tables)
    return Configuration(
        options=options,
        production=production,
        development="development" in named and not production and "production" not in named,
        secrets=secrets,
        sites=_sites(options, plugins, environ, production=production),
        addresses=_addresses(options.advanced.ip_address, production=production),
        tables=tables,
        passwords=passwords,
        plugins={type(plugin): plugin for plugin in plugins},
        rewording=tuple(one for one in plugins if type(one).reword is not Plugin.reword),
        presenting=tuple(one for one in plugins if type(one).present is not Plugin.present),
        lent_by=tuple(name for plugin in plugins for name in plugin.lent_by),
        credentials=credentials,
        vary=_vary(plugins, credentials),
        sessions=_session_store(options),
        has_secondary=options.has_secondary,
        has_database=options.has_database,
        stateless=options.stateless,
        session_cache=cache,
        account_cookie=_account_cookie(options, plugins, cache, secrets),
        lifetimes=lifetimes,
        rate_limit=rate_limit,
        capacity=options.advanced.work.capacity(passwords.memory),
    )


def _vary(plugins: Sequence[Plugin], credentials: Sequence[Credential]) -> str:
    admitting = (name for plugin in plugins for name in plugin.admitting_headers())
    named = (*(one.header for one in credentials), *admitting)
    return ", ".join(dict.fromkeys(["Cookie", *(name.title() for name in named)]))


def _rate_limit(options: CoreOptions[Any]) -> RateLimit:
    storage = options.secondary_storage
    return placed_limits(options.rate_limit, None if storage is None else check_secondary(storage))


def _passwords(options: EmailAndPassword) -> PasswordHasher:
    return PasswordHasher(options.password_hash, options.argon2_cost)


def _sites(
    options: CoreOptions[Any],
    plugins: Sequence[Plugin],
    environ: Mapping[str, str],
    *,
    production: bool,
) -> SiteResolver:
    return SiteResolver(
        options.base_url,
        options.base_path,
        advanced=options.advanced,
        trusted_origins=_trusted_origins(options.trusted_origins, plugins, environ),
        production=production,
        environ=environ,
    )


def _tables(
    options: CoreOptions[Any],
    plugins: Sequence[Plugin],
    rate_limit: RateLimit,
    tracing: Tracing | None,
) -> Tables:
    generate, token_bytes = options.advanced.generate_id, options.token_bytes
    return Tables(
        _records(_models(options, rate_limit), plugins),
        HookTable(_hook_layers(plugins, options.database_hooks, tracing)),
        _id_generator(generate, token_bytes),
        ids=generate if isinstance(generate, str) else "text",
        names=options.names,
        library_id=partial(random_string, 32, ALPHANUMERIC, token_bytes),
        unstored=_unstored(options),
        listeners={"user": _secondary_sessions().user_changed} if options.has_secondary else None,
    )


def _models(options: CoreOptions[Any], rate_limit: RateLimit) -> Iterator[type[Record]]:
    yield options.user_type
    yield options.session.model
    yield options.account.model
    yield options.verification.model
    if rate_limit.storage == "database" and rate_limit.consume is None:
        yield RateLimitCounter


def _session_cache(
    options: CoreOptions[Any], lifetimes: Lifetimes, secrets: Secrets, tables: Tables
) -> SessionCache | None:
    cache = options.session.cookie_cache
    if options.stateless:
        return SessionCache.standing_alone(cache, lifetimes.session, secrets)
    hidden = any(tables.of(record).record.__hidden__ for record in (Session, User))
    return SessionCache.of(cache, secrets, partial=hidden)


def _account_cookie(
    options: CoreOptions[Any],
    plugins: Sequence[Plugin],
    cache: SessionCache | None,
    secrets: Secrets,
) -> AccountCookie | None:
    wanted = options.account.store_account_cookie
    if not (wanted or (wanted is None and not options.has_database)):
        return None
    if not any(plugin.provider_ids() for plugin in plugins):
        return None
    return AccountCookie.of(options.session.cookie_cache, cache, secrets)


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


def _session_store(options: CoreOptions[Any]) -> SessionStore:
    if options.has_secondary:
        return _secondary_sessions()
    return DatabaseSessions() if options.has_database else StatelessSessions()


def _secondary_sessions() -> SecondarySessions:
    # Loaded only for a server that has a secondary storage.
    made: SecondarySessions
    made = importlib.import_module("watchword.sessions.in_secondary").SecondarySessions()
    return made


def _unstored(options: CoreOptions[Any]) -> list[str]:
    """The models whose rows are not in the database."""
    if not options.has_secondary:
        return ["session"] if options.stateless else []
    session, verification = options.session, options.verification
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
    every = [*models, *(record for plugin in plugins for record in plugin.tables())]
    return {
        record.__model__: prepared(
            record,
            [
                extension
                for plugin in plugins
                for base, extension in plugin.added_fields().items()
                if base.__model__ == record.__model__
            ],
        )
        for record in every
    }


def _id_generator(
    option: Callable[[str], str] | str | None, token_bytes: Callable[[int], bytes]
) -> IdGenerator:
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


def _addresses(options: IPAddressOptions, *, production: bool) -> AddressFinder:
    return AddressFinder(
        headers=tuple(name.lower() for name in options.headers),
        trusted_proxies=tuple(options.trusted_proxies),
        ipv6_subnet=options.ipv6_subnet,
        use_peer=options.use_peer,
        disabled=options.disable_tracking,
        production=production,
    )


def _secrets(options: CoreOptions[Any], environ: Mapping[str, str], *, production: bool) -> Secrets:
    try:
        found = Secrets.resolve(options.secret, options.secrets, environ)
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
