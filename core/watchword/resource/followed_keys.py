"""The public keys of an issuer, at an URL: fetched seldom, and kept while nobody answers.

A set is asked for anew when it is old, and when a token names a key that it does not have, since
issuers exchange keys. Anybody may send tokens with any key id, so that is done once in a while and
once at a time. Whoever has no other choice waits for it; whoever knows the key of an older set does
not, or an issuer that hangs would hang everybody. What a set no longer has is no longer believed;
while the issuer does not answer, the last set is, for as long as `most_stale` says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from watchword.crypto.signed_tokens import (
    ALGORITHMS,
    JWK,
    LONGEST_KEY_ID,
    Algorithm,
    UnusableKey,
    VerifyingKey,
    verifying_key,
)
from watchword.errors import Overloaded
from watchword.http.json import InvalidJSON, decode
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingFailed, OutgoingRequest
from watchword.runtime.outside import World

MOST_KEYS = 1000
"""Of one set."""
_RETRY = timedelta(seconds=5)
"""Between attempts at an issuer that does not answer."""
_LONGEST_ATTEMPT = timedelta(seconds=60)
"""What was begun earlier was given up: by a loop that ended, or in the parent of this process."""

_log = logging.getLogger("watchword.resource")


class KeysUnavailable(Exception):
    """The issuer's keys cannot be had, so that nothing is known of any token. Try again later."""


class _NoKeySet(ValueError):
    """An answer is no set of keys."""


@dataclass(frozen=True, slots=True)
class _Seen:
    keys: Mapping[str, tuple[VerifyingKey, ...]]
    at: datetime


class FollowedKeys:
    """The set behind one URL, as one process knows it. Shared by threads and event loops."""

    def __init__(
        self, url: str, *, max_age: timedelta, cooldown: timedelta, most_stale: timedelta
    ) -> None:
        self._url = url
        self._max_age = max_age
        self._cooldown = cooldown
        self._most_stale = most_stale
        self._seen: _Seen | None = None
        self._asked = 0
        self._tried: datetime | None = None
        self._begun: datetime | None = None
        self._answered = False

    async def named(self, world: World, key_id: str, now: datetime) -> tuple[VerifyingKey, ...]:
        """The keys with an id; usually one, or none. Raises `KeysUnavailable`."""
        asked = self._asked
        if (
            self._wants(key_id, now)
            and self._may_ask(now)
            and not self._can_do_without(key_id, now)
        ):
            await world.once(f"keys {id(self)}", lambda: self._ask(world, now, asked))
        seen = self._seen
        if seen is None or self._is_too_old(seen, now):
            raise KeysUnavailable("the keys of the issuer cannot be had")
        return seen.keys.get(key_id, ())

    def _is_too_old(self, seen: _Seen, now: datetime) -> bool:
        return now - seen.at >= self._most_stale

    def _wants(self, key_id: str, now: datetime) -> bool:
        seen = self._seen
        if seen is None or key_id not in seen.keys:
            return True
        return not timedelta(0) <= now - seen.at < self._max_age

    def _may_ask(self, now: datetime) -> bool:
        pause = self._cooldown if self._answered else _RETRY
        return self._tried is None or not timedelta(0) <= now - self._tried < pause

    def _can_do_without(self, key_id: str, now: datetime) -> bool:
        """Whether somebody is asking already, and an older set will do until then."""
        begun, seen = self._begun, self._seen
        if begun is None or not timedelta(0) <= now - begun < _LONGEST_ATTEMPT:
            return False
        return seen is not None and key_id in seen.keys and not self._is_too_old(seen, now)

    async def _ask(self, world: World, now: datetime, asked: int) -> None:
        if self._asked != asked:
            return  # Somebody else did, between the decision and this moment.
        self._begun = now
        try:
            keys = _read(await world.http.send(OutgoingRequest(url=self._url)))
            self._seen, self._answered = _Seen(keys, now), True
        except (OutgoingFailed, Overloaded, _NoKeySet) as error:
            self._answered = False
            _log.warning("the keys of the issuer cannot be had: %s", error)
        finally:
            # Only now: until then, others wait for this answer and do not go without.
            self._asked, self._tried, self._begun = self._asked + 1, now, None


def _read(answer: OutgoingAnswer) -> Mapping[str, tuple[VerifyingKey, ...]]:
    """The keys of an answer (RFC 7517, 5); those that are not known here are left out."""
    if answer.status != 200:
        raise _NoKeySet(f"status {answer.status}")
    try:
        found = decode(answer.body)
    except InvalidJSON:
        raise _NoKeySet("not JSON") from None
    listed = cast("dict[str, object]", found).get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(cast("list[object]", listed)) > MOST_KEYS:
        raise _NoKeySet("no list of keys, or too many")
    keys: dict[str, tuple[VerifyingKey, ...]] = {}
    for one in cast("list[object]", listed):
        if isinstance(one, dict):
            for key in _usable(cast("JWK", one)):
                keys[key.id] = (*keys.get(key.id, ()), key)
    return keys


def _usable(jwk: JWK) -> Iterator[VerifyingKey]:
    key_id: Any = jwk.get("kid")
    operations: Any = jwk.get("key_ops", ["verify"])
    if not isinstance(key_id, str) or not 0 < len(key_id) <= LONGEST_KEY_ID:
        return
    if jwk.get("use", "sig") != "sig":
        return
    if not isinstance(operations, list) or "verify" not in operations:
        return
    for algorithm in _algorithms(jwk.get("alg")):
        try:
            yield verifying_key(key_id, algorithm, jwk)
        except UnusableKey:
            continue


def _algorithms(named: object) -> tuple[Algorithm, ...]:
    """Those that a key may be for: the one that it names, or all that fit."""
    return tuple(one for one in ALGORITHMS if named in (None, one))
