"""Rate limits per client and path (spec: HTTP, rate limiter; security L1 to L5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from watchword.call import Call
from watchword.configuration.configuration import Configuration
from watchword.configuration.options import (
    CustomRule,
    RateLimit,
    RateLimitRule,
    RuleAnswer,
    seconds,
)
from watchword.errors import APIError, ConfigurationError
from watchword.http.bounds import LONGEST_PATH
from watchword.http.globs import path_glob
from watchword.plugin_base import Plugin, RateRule
from watchword.sessions.sessions import client_address

from .rate_counters import (
    DAY,
    Counters,
    DatabaseCounters,
    MemoryCounters,
    OwnCounters,
    SecondaryCounters,
)

_STRICT_PREFIXES = ("/sign-in", "/sign-up", "/change-password", "/change-email")
_STRICT = RateLimitRule(window=10, max=3)
_MAILING = RateLimitRule(window=60, max=3)
_MAILING_PATHS = frozenset(
    (
        "/request-password-reset",
        "/send-verification-email",
        "/email-otp/send-verification-otp",
        "/email-otp/request-password-reset",
    )
)

_UNKNOWN = "unknown"
"""Stands in keys for all paths that no endpoint has: anybody can make them up."""
_PAGE = "?"
"""Stands in keys behind the path of a page that only asks."""


_Matches = Callable[[str], object]


class TooManyRequests(APIError):
    """429, with the seconds to wait in `X-Retry-After`."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            429,
            None,
            "Too many requests. Please try again later.",
            headers=(("x-retry-after", str(retry_after)),),
        )


class RateLimiter:
    """Decides for each HTTP request whether it is one too many. Server-side calls are exempt."""

    def __init__(self, options: RateLimit, plugin_rules: Sequence[RateRule]) -> None:
        self._default = RateLimitRule(window=options.window, max=options.max)
        self._plugin_rules = [
            (path_glob(rule.pattern).fullmatch, rule.rule) for rule in plugin_rules
        ]
        self._custom_rules: list[tuple[_Matches, CustomRule]] = [
            (path_glob(path).fullmatch, rule) for path, rule in options.custom_rules.items()
        ]
        self._counters = self._counters_for(options)

    async def check(
        self, call: Call, path: str, declared: str | None, *, only_asks: bool = False
    ) -> None:
        """Count the request under the path that its endpoint declares. Raises `TooManyRequests`.

        Rules are chosen by the normalised `path`. What that holds beyond the declared one, such as
        a token, is in no key: it is not stored, and opens no bucket of its own. All paths without
        an endpoint (`declared` is None) are counted together. A page that only asks has a bucket
        of its own, and the general limit.
        """
        if call.request is None or call.config.options.advanced.ip_address.disable_tracking:
            return
        rule = self._default if only_asks else await self._rule(call, path)
        if rule is False:
            return
        counted = f"{declared or _UNKNOWN}{_PAGE if only_asks else ''}"
        key = f"{client_address(call) or 'no-trusted-ip'}|{counted}"
        wait = await self._counters.consume(call, key, rule)
        if wait is not None:
            raise TooManyRequests(wait)

    def _counters_for(self, options: RateLimit) -> Counters:
        if options.consume is not None:
            return OwnCounters(options.consume)
        if options.storage == "secondary-storage":
            return SecondaryCounters(MemoryCounters())
        if options.storage == "memory":
            return MemoryCounters()
        rules = [self._default, _STRICT, _MAILING, *(rule for _, rule in self._plugin_rules)]
        rules += [rule for _, rule in self._custom_rules if isinstance(rule, RateLimitRule)]
        windows = [seconds("rate limit window", rule.window) for rule in rules]
        return DatabaseCounters(max(DAY, *windows))

    async def _rule(self, call: Call, path: str) -> RuleAnswer:
        if len(path) > LONGEST_PATH:
            return self._default
        rule = self._built_in(path)
        for matches, plugin_rule in self._plugin_rules:
            if matches(path):
                rule = plugin_rule
                break
        custom = self._custom(path)
        if callable(custom):
            return cast("RuleAnswer", await call.run(custom, call.request, rule))
        return rule if custom is None else custom

    def _built_in(self, path: str) -> RateLimitRule:
        if path in _MAILING_PATHS or path.startswith("/forget-password"):
            return _MAILING
        return _STRICT if path.startswith(_STRICT_PREFIXES) else self._default

    def _custom(self, path: str) -> CustomRule | None:
        return next((rule for matches, rule in self._custom_rules if matches(path)), None)


def open_limiter(config: Configuration, plugins: Sequence[Plugin]) -> RateLimiter | None:
    """What limits rates: in production, unless the options say otherwise."""
    limits = config.rate_limit
    if not (config.production if limits.enabled is None else limits.enabled):
        return None
    rules = [rule for plugin in plugins for rule in plugin.rate_rules()]
    return RateLimiter(limits, rules)


def placed_limits(limits: RateLimit, secondary_counts: bool | None) -> RateLimit:
    """The limits with a place to count. Raises `ConfigurationError`.

    `secondary_counts`: whether the secondary storage counts; None without one.
    """
    if limits.consume is not None:
        return limits
    if limits.storage is None:
        return replace(limits, storage="secondary-storage" if secondary_counts else "memory")
    if limits.storage == "secondary-storage" and not secondary_counts:
        problem = "there is no secondary storage"
        if secondary_counts is not None:
            problem = "the secondary storage has no method increment"
        remedy = "Give secondary_storage= one that counts"
        raise ConfigurationError("rate_limit.storage", problem, remedy)
    return limits
