"""The public keys of providers, kept for a while (RFC 7517).

A key id that nobody knows makes them be fetched anew, as providers rotate keys: but once a minute
at most, since anybody may send tokens with any key id.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from watchword.runtime.outgoing import OutgoingAnswer

from .failures import OAuthFailed
from .tokens import json_object

T = TypeVar("T")

MOST_KEYS = 100
"""Of one set."""
_MOST_SETS = 200
_LIFE = timedelta(hours=1)
_PAUSE = timedelta(minutes=1)


class Once(Protocol):
    """Does work that several callers want at the same moment once: `Runtime.once`."""

    async def __call__(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T: ...


class Fetching(Protocol):
    """What key sets need of a `Client`."""

    @property
    def now(self) -> datetime: ...

    @property
    def once(self) -> Once: ...

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> OutgoingAnswer: ...


class KeySets:
    """Key sets by URL, of one server. Fetching runs once, whoever waits for it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[KeySet, datetime]] = {}

    async def get(
        self,
        client: Fetching,
        url: str,
        kid: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> KeySet:
        """The keys of a provider; with the one named `kid`, if there is such a one.

        Raises `OAuthFailed` or `OutgoingFailed`.
        """
        keys, age = self._at(url, client.now)
        if keys is None or age >= _LIFE or (age >= _PAUSE and not _has(keys, kid)):
            await client.once(f"key set {url}", lambda: self._fetch(client, url, headers))
            keys, _ = self._at(url, client.now)
        if keys is None:
            raise OAuthFailed("the key set is gone")
        return keys

    def _at(self, url: str, now: datetime) -> tuple[KeySet | None, timedelta]:
        entry = self._known.get(url)
        return (None, _LIFE) if entry is None else (entry[0], now - entry[1])

    async def _fetch(self, client: Fetching, url: str, headers: Mapping[str, str] | None) -> None:
        found = json_object(await client.get(url, headers), "key set")
        listed = found.get("keys")
        if not isinstance(listed, list) or len(cast("list[object]", listed)) > MOST_KEYS:
            raise OAuthFailed("key set: no list of keys, or too many")
        keys: list[Any] = []
        for one in cast("list[object]", listed):
            # A key of a kind that is not known here is no reason to do without the others.
            try:
                keys.extend(KeySet.import_key_set({"keys": [cast("Any", one)]}).keys)
            except (JoseError, ValueError, TypeError, KeyError, AttributeError):
                continue
        if not keys:
            raise OAuthFailed("key set: no key that can be used")
        if len(self._known) >= _MOST_SETS:
            self._known.clear()
        self._known[url] = KeySet(keys), client.now


def _has(keys: KeySet, kid: str | None) -> bool:
    return kid is None or any(key.kid == kid for key in keys.keys)
