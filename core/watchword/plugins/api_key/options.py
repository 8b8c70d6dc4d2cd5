"""The options of keys, one configuration at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import msgspec

from watchword.call import Call
from watchword.configuration.durations import Duration, seconds
from watchword.configuration.option_checks import (
    check_callback,
    check_choice,
    check_flags,
    check_number,
    check_texts,
    check_type,
)
from watchword.configuration.safe_ranges import Safe
from watchword.database.secondary import KeyValueStore
from watchword.errors import ConfigurationError

from .records import MOST_NUMBER
from .wire import LONGEST_LIFE, Prefix, Rights

_DAY = 86_400
_LONGEST_RANDOM, _LONGEST_NAME = 512, 255

Permissions: TypeAlias = "Mapping[str, Sequence[str]] | Callable[[str, Call], object] | None"
"""Resources and actions, or a function of the owner's id and the call that gives them."""


@dataclass(frozen=True, kw_only=True)
class StartingCharacters:
    """What is kept of a key in clear, for its owner to tell it by."""

    should_store: bool = True
    """False: nothing of a key is kept in clear."""
    characters_length: int = 6
    """Characters, those of the prefix among them."""


@dataclass(frozen=True, kw_only=True)
class KeyExpiration:
    """How long keys live."""

    default_expires_in: Duration | None = None
    """Of keys that ask for no time; None: they have no end."""
    disable_custom_expires_time: bool = False
    """Nobody asks for a time."""
    min_expires_in: Duration = _DAY
    """The least that may be asked for."""
    max_expires_in: Duration = 365 * _DAY
    """The most that may be asked for."""


@dataclass(frozen=True, kw_only=True)
class KeyRateLimit:
    """How often a key may be used, copied into each when it is made."""

    enabled: bool = True
    """False: no key of the configuration is counted, whatever it says itself."""
    time_window: Duration = _DAY
    """Since the last use that was let through: after as much quiet it is counted anew."""
    max_requests: int = 10
    """Uses in one window."""


@dataclass(frozen=True, kw_only=True)
class ApiKeyConfig:
    """A kind of keys. A key of one kind is not good where another is asked for."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "disable_key_hashing": Safe(
            "whoever reads the table can use all keys", exactly=False, severity="error"
        ),
        "default_key_length": Safe("so short keys are guessed", least=32, severity="error"),
    }

    config_id: str = "default"
    """The name of the kind, which callers may give; the default one needs none."""
    references: Literal["user", "organization"] = "user"
    """Who has such keys."""
    api_key_headers: str | Sequence[str] = "x-api-key"
    """Headers of requests that hold a key; the first one that is there counts."""
    custom_api_key_getter: Callable[[Call], object] | None = None
    """Finds the key in a request, or None; asked where one of the headers is there."""
    custom_api_key_validator: Callable[[Call, str], object] | None = None
    """A further check of a key that somebody shows; false refuses it."""
    custom_key_generator: Callable[[int, str], object] | None = None
    """Makes keys, of a length and a prefix. They must not be guessed."""
    disable_key_hashing: bool = False
    """Store keys as they are."""
    starting_characters: StartingCharacters = StartingCharacters()
    default_key_length: int = 64
    """Random characters of a key; whatever is shorter is no key."""
    default_prefix: str = ""
    """What keys begin with for which no prefix is given."""
    minimum_prefix_length: int = 1
    """Characters of a prefix that a caller gives, at least."""
    maximum_prefix_length: int = 32
    """Characters of a prefix, at most."""
    minimum_name_length: int = 1
    """Characters of a name, at least."""
    maximum_name_length: int = 32
    """Characters of a name, at most."""
    require_name: bool = False
    """Refuse to make keys without a name."""
    enable_metadata: bool = False
    """Let keys have metadata of their callers, an object."""
    key_expiration: KeyExpiration = KeyExpiration()
    rate_limit: KeyRateLimit = KeyRateLimit()
    enable_session_for_api_keys: bool = False
    """A key of a user stands for its user: endpoints and routes that need a session take it."""
    default_permissions: Permissions = field(default=None, repr=False)
    """Of keys for which none are given."""
    storage: Literal["database", "secondary-storage"] = "database"
    """Where keys are kept."""
    fallback_to_database: bool = False
    """With the secondary storage: keys are in the database, which alone decides about them."""
    custom_storage: KeyValueStore | None = field(default=None, repr=False)
    """In place of the secondary storage of the server."""
    defer_updates: bool = False
    """Work that no answer waits for is done behind it; what is counted is counted before."""

    def __post_init__(self) -> None:
        named = f"ApiKeyConfig({self.config_id!r})"
        check_texts(f"{named}.config_id", [self.config_id])
        check_flags(named, self)
        check_choice(f"{named}.references", self.references, ("user", "organization"))
        check_choice(f"{named}.storage", self.storage, ("database", "secondary-storage"))
        check_texts(f"{named}.api_key_headers", self.headers)
        for name in ("api_key_getter", "api_key_validator", "key_generator"):
            check_callback(f"{named}.custom_{name}", getattr(self, f"custom_{name}"))
        check_number(f"{named}.default_key_length", self.default_key_length, 8, _LONGEST_RANDOM)
        self._check_lengths(named)
        self._check_times(named)
        self._check_permissions(named)
        if self.config_id and self.enable_session_for_api_keys and self.references != "user":
            raise ConfigurationError(
                f"{named}.enable_session_for_api_keys",
                "keys of organizations stand for no user",
                'Leave it out, or say references="user"',
            )
        if self.storage == "database" and (self.fallback_to_database or self.custom_storage):
            raise ConfigurationError(
                f"{named}.storage",
                "keys are in the database alone",
                'Say storage="secondary-storage", or leave fallback and custom storage out',
            )

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that hold keys, in lower case."""
        given = self.api_key_headers
        every = (given,) if isinstance(given, str) else tuple(given)
        return tuple(name.lower() for name in every)

    @property
    def in_secondary(self) -> bool:
        """Whether keys are in the secondary storage alone."""
        return self.storage == "secondary-storage" and not self.fallback_to_database

    @property
    def life(self) -> int | None:
        """Seconds that a key lives for which no time was asked."""
        given = self.key_expiration.default_expires_in
        return None if given is None else seconds("default_expires_in", given)

    @property
    def window(self) -> int:
        """Milliseconds of the rate limit."""
        given = self.rate_limit.time_window
        return int((given if isinstance(given, int | float) else given.total_seconds()) * 1000)

    def _check_lengths(self, named: str) -> None:
        most = _LONGEST_NAME
        for what in ("prefix", "name"):
            least = getattr(self, f"minimum_{what}_length")
            check_number(f"{named}.minimum_{what}_length", least, 0, most)
            longest = getattr(self, f"maximum_{what}_length")
            check_number(f"{named}.maximum_{what}_length", longest, max(least, 1), most)
        start = self.starting_characters
        check_flags(f"{named}.starting_characters", start)
        option = f"{named}.starting_characters.characters_length"
        check_number(option, start.characters_length, 1, _LONGEST_NAME)
        if self.default_prefix:
            try:
                msgspec.convert(self.default_prefix, Prefix)
            except msgspec.ValidationError:
                remedy = "Use up to 255 letters, digits, '_' and '-'"
                problem = f"{self.default_prefix!r} begins no key"
                raise ConfigurationError(f"{named}.default_prefix", problem, remedy) from None
        if start.should_store and start.characters_length - len(self.default_prefix) > 16:
            raise ConfigurationError(
                option, "so much of a key would be readable", "Keep 16 at most"
            )

    def _check_times(self, named: str) -> None:
        life, limit = self.key_expiration, self.rate_limit
        check_type(f"{named}.key_expiration", life, KeyExpiration)
        check_type(f"{named}.rate_limit", limit, KeyRateLimit)
        check_flags(f"{named}.key_expiration", life)
        check_flags(f"{named}.rate_limit", limit)
        if life.default_expires_in is not None:
            option = f"{named}.key_expiration.default_expires_in"
            seconds(option, life.default_expires_in, least=1, most=LONGEST_LIFE)
        least = seconds(f"{named}.key_expiration.min_expires_in", life.min_expires_in)
        option = f"{named}.key_expiration.max_expires_in"
        seconds(option, life.max_expires_in, least=max(least, 1), most=LONGEST_LIFE)
        most = MOST_NUMBER // 1000
        seconds(f"{named}.rate_limit.time_window", limit.time_window, most=most)
        check_number(f"{named}.rate_limit.time_window", self.window, 1, MOST_NUMBER)
        check_number(f"{named}.rate_limit.max_requests", limit.max_requests, 1, MOST_NUMBER)

    def _check_permissions(self, named: str) -> None:
        given = self.default_permissions
        if given is None or callable(given):
            return
        try:
            msgspec.convert(given, Rights)
        except msgspec.ValidationError as error:
            remedy = 'Give {"files": ["read"]}, or a function'
            raise ConfigurationError(f"{named}.default_permissions", str(error), remedy) from None
