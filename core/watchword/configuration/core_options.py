"""The options of `Auth` that name no feature: what features, calls and plugins may read."""

from __future__ import annotations

import secrets as entropy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from watchword.crypto.secrets_list import VersionedSecret
from watchword.database.contract import Storage
from watchword.database.hooks import ModelHooks
from watchword.database.names import Names
from watchword.database.secondary import KeyValueStore, SecondaryStorage
from watchword.errors import ConfigurationError
from watchword.plugin_base import Plugin
from watchword.records import User

from .option_checks import (
    check_flag,
    check_flags,
    check_paths,
    check_subclass,
    check_texts,
    check_type,
)
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

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    U = DefaultTypeVar("U", bound=User, default=User)
else:
    U = TypeVar("U", bound=User)


def system_clock() -> datetime:
    """The time of this machine (aware, UTC)."""
    return datetime.now(UTC)


# Compared by identity: two servers are never the same one. What may hold a secret is not printed.
@dataclass(frozen=True, kw_only=True, eq=False)
class CoreOptions(Generic[U]):
    """Raises `ConfigurationError` for an option that is of another kind than it says.

    None is taken as "not given" by every option.
    """

    database: str | Storage | None = field(default=None, repr=False)
    """A URL (`sqlite:///app.db`) or a `Storage`. Without it, and without `secondary_storage`,
    sessions live in cookies alone."""
    secondary_storage: SecondaryStorage | KeyValueStore | None = field(default=None, repr=False)
    """A key-value store beside the database, or in its place."""
    secret: str | None = field(default=None, repr=False)
    """Signs cookies. None: `BETTER_AUTH_SECRET` is read."""
    secrets: Sequence[VersionedSecret] = field(default=(), repr=False)
    """Versions of the secret; the first is current."""
    base_url: str | DynamicBaseURL | None = None
    """What browsers see. None: `BETTER_AUTH_URL` is read, or the site follows the request."""
    base_path: str | None = None
    """The path below which all endpoints are. None: that of `base_url`, or `/api/auth`."""
    app_name: str = "watchword"
    """The application's name, for plugins."""
    trusted_origins: TrustedOrigins = ()
    """Origins that may call with cookies: patterns, or a function of the request."""
    cors: bool = False
    """Whether scripts of trusted origins get CORS headers, and their preflights an answer."""
    session: SessionOptions = field(default_factory=SessionOptions)
    user_type: type[U] = field(default=cast("type[U]", User))
    """Your subclass of `User`."""
    validate_user_info: UserInfoValidator | None = None
    """May refuse users before they exist."""
    names: Names = field(default_factory=Names)
    """Those of tables and columns."""
    account: AccountOptions = field(default_factory=AccountOptions)
    verification: VerificationOptions = field(default_factory=VerificationOptions)
    rate_limit: RateLimit = field(default_factory=RateLimit)
    plugins: Sequence[Plugin] = ()
    """In the order in which their hooks run."""
    hooks: Hooks = field(default_factory=Hooks)
    database_hooks: Mapping[str, ModelHooks] = field(default_factory=dict[str, ModelHooks])
    """Around writes, by the name of the model."""
    on_api_error: OnAPIError = field(default_factory=OnAPIError)
    disabled_paths: Sequence[str] = ()
    """Below the base path; they are answered 404."""
    advanced: Advanced = field(default_factory=Advanced)
    production: bool | None = None
    """None: read from `WATCHWORD_ENV` or `NODE_ENV`."""
    environ: Mapping[str, str] | None = field(default=None, repr=False)
    """The environment variables. None: those of the process."""
    clock: Callable[[], datetime] = system_clock
    """For tests; gives an aware time."""
    token_bytes: Callable[[int], bytes] = entropy.token_bytes
    """For tests; gives so many random bytes."""

    def __post_init__(self) -> None:
        for option in fields(self):
            if getattr(self, option.name) is None:
                object.__setattr__(self, option.name, _default(option))
        for option, kind in kinds(type(self)).items():
            check_type(option, getattr(self, option), kind)
            check_flags(option, getattr(self, option))
        check_flag("production", self.production, optional=True)
        check_flag("cors", self.cors)
        if not (self.database is None or isinstance(self.database, str)):
            _check_storage(self.database)
        for plugin in self.plugins:
            check_type("plugins", plugin, Plugin)
            check_flags(type(plugin).__name__, plugin)
        check_subclass("user_type", self.user_type, User)
        if self.base_path is not None:
            check_paths("base_path", [self.base_path])
        check_paths("disabled_paths", self.disabled_paths)
        if not callable(self.trusted_origins):
            check_texts("trusted_origins", self.trusted_origins)

    @property
    def has_database(self) -> bool:
        return self.database is not None

    @property
    def has_secondary(self) -> bool:
        return self.secondary_storage is not None

    @property
    def stateless(self) -> bool:
        """Neither: the session is in its cookie and nowhere else."""
        return not self.has_database and not self.has_secondary


def kinds(options: type[CoreOptions[Any]]) -> dict[str, type[object]]:
    """The options that are objects of classes of their own, with these."""
    return {
        one.name: one.default_factory
        for one in fields(options)
        if isinstance(one.default_factory, type) and is_dataclass(one.default_factory)
    }


def _default(option: Field[Any]) -> object:
    return option.default if option.default_factory is MISSING else option.default_factory()


def _check_storage(given: object) -> None:
    if not hasattr(given, "blocking"):
        problem = f"an object of {type(given).__name__} is no storage"
        raise ConfigurationError("database", problem, "Give a URL or a Storage")
