"""Options of rate limits: how many requests, where they are counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from watchword.errors import ConfigurationError
from watchword.http.request import Request

from .durations import Duration, seconds
from .option_checks import check_choice, check_number, check_paths, check_type
from .safe_ranges import Safe


@dataclass(frozen=True, kw_only=True)
class RateLimitRule:
    """At most `max` requests per client and path within `window`."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "max": Safe("guesses are hardly slowed down", most=100),
    }

    window: Duration = 10
    """How long requests are counted together."""
    max: int = 100
    """Requests in one window."""

    def __post_init__(self) -> None:
        seconds("rate limit window", self.window, least=1)
        check_number("rate limit max", self.max, 1)


RuleAnswer: TypeAlias = RateLimitRule | Literal[False]
RuleFunction: TypeAlias = Callable[[Request, RateLimitRule], RuleAnswer | Awaitable[RuleAnswer]]
CustomRule: TypeAlias = RateLimitRule | Literal[False] | RuleFunction


RateLimitStore: TypeAlias = Callable[[str, RateLimitRule], int | Awaitable[int | None] | None]


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Limits on requests per client and path."""

    safe: ClassVar[Mapping[str, Safe]] = {
        "max": Safe("guesses are hardly slowed down", most=1000),
    }

    enabled: bool | None = None
    """None: on in production (`WATCHWORD_ENV` or `NODE_ENV` is `production`)."""
    window: Duration = 10
    """How long requests are counted together."""
    max: int = 100
    """Requests in one window, per client and path."""
    custom_rules: Mapping[str, CustomRule] = field(default_factory=dict[str, CustomRule])
    """By path or pattern with `*`: a rule, False for no limit, or a function of the request."""
    storage: Literal["memory", "database", "secondary-storage"] | None = None
    """None: the secondary storage if there is one, else memory. Memory counts per process; several
    processes need one of the others, or `consume`."""
    on_storage_failure: Literal["allow", "refuse"] = "allow"
    """While the secondary storage cannot be reached: let each process count in memory, or answer
    503. One whose connections are all in use, and a database that cannot be reached, are 503."""
    consume: RateLimitStore | None = None
    """The application's own store: counts one request and says how many seconds to wait, or None.
    It gets the key and the rule, and must count and check in one step."""

    def __post_init__(self) -> None:
        seconds("rate_limit.window", self.window, least=1)
        check_number("rate_limit.max", self.max, 1)
        check_choice("rate_limit.on_storage_failure", self.on_storage_failure, ("allow", "refuse"))
        known = (None, "memory", "database", "secondary-storage")
        check_choice("rate_limit.storage", self.storage, known)
        if self.consume is not None and self.storage is not None:
            raise ConfigurationError(
                "rate_limit.storage", "consume counts elsewhere", "Give only one of the two"
            )
        check_paths("rate_limit.custom_rules", self.custom_rules)
        for path, rule in self.custom_rules.items():
            if rule is not False and not callable(rule):
                check_type(f"rate_limit.custom_rules[{path!r}]", rule, RateLimitRule)
