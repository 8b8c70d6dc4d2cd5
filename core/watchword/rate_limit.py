"""Rate limits per client and path (spec: HTTP, rate limiter; security L1 to L5)."""

from __future__ import annotations

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from .call import Call
from .errors import APIError
from .options import CustomRule, RateLimit, RateLimitRule, RuleAnswer, seconds
from .plugin import RateRule
from .sessions import client_address

MOST_COUNTERS = 100_000
"""Counters that the memory keeps; beyond, the oldest are forgotten."""

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


class TooManyRequests(APIError):
    """429, with the seconds to wait in `X-Retry-After`."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            429,
            None,
            "Too many requests. Please try again later.",
            headers=(("x-retry-after", str(retry_after)),),
        )


@dataclass(slots=True)
class _Window:
    count: int
    last: float


class MemoryCounters:
    """Counters of one process. A window restarts once nothing was allowed for its length."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._lock = threading.Lock()

    def consume(self, key: str, window: int, most: int, now: float) -> int | None:
        """Count one request; None if it is allowed, else the seconds to wait."""
        with self._lock:
            found = self._windows.get(key)
            if found is None or now - found.last >= window:
                self._windows[key] = _Window(1, now)
            elif found.count < most:
                found.count += 1
                found.last = now
            else:
                return max(1, math.ceil(found.last + window - now))
            self._windows.move_to_end(key)
            if len(self._windows) > MOST_COUNTERS:
                self._windows.popitem(last=False)
            return None


class RateLimiter:
    """Decides for each HTTP request whether it is one too many. Server-side calls are exempt."""

    def __init__(self, options: RateLimit, plugin_rules: Sequence[RateRule]) -> None:
        self._default = RateLimitRule(window=options.window, max=options.max)
        self._plugin_rules = [(_glob(rule.pattern), rule.rule) for rule in plugin_rules]
        self._custom_rules: list[tuple[re.Pattern[str], CustomRule]] = [
            (_glob(path), rule) for path, rule in options.custom_rules.items()
        ]
        self._counters = MemoryCounters()

    async def check(self, call: Call, path: str) -> None:
        """Count the request under its normalised path. Raises `TooManyRequests`."""
        if call.request is None or call.config.advanced.ip_address.disable_tracking:
            return
        rule = await self._rule(call, path)
        if rule is False:
            return
        key = f"{client_address(call) or 'no-trusted-ip'}|{path}"
        window = seconds("rate limit window", rule.window)
        wait = self._counters.consume(key, window, rule.max, call.now.timestamp())
        if wait is not None:
            raise TooManyRequests(wait)

    async def _rule(self, call: Call, path: str) -> RuleAnswer:
        rule = self._built_in(path)
        for pattern, plugin_rule in self._plugin_rules:
            if pattern.fullmatch(path):
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
        return next((rule for pattern, rule in self._custom_rules if pattern.fullmatch(path)), None)


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
