"""Keys that are published elsewhere (`JWKSOptions.remote_url`)."""

from __future__ import annotations

from datetime import timedelta

from watchword.call import Call
from watchword.crypto.jwt import TokenInvalid
from watchword.crypto.signed_tokens import Algorithm, VerifyingKey
from watchword.resource.followed_keys import FollowedKeys, KeysUnavailable

_MAX_AGE, _COOLDOWN, _MOST_STALE = timedelta(minutes=10), timedelta(seconds=10), timedelta(days=1)


class RemoteKeys:
    """The key set of one address, for the algorithms that are configured."""

    def __init__(self, url: str, algorithms: frozenset[Algorithm]) -> None:
        self._algorithms = algorithms
        self._keys = FollowedKeys(url, max_age=_MAX_AGE, cooldown=_COOLDOWN, most_stale=_MOST_STALE)

    async def key(self, call: Call, key_id: str) -> VerifyingKey | None:
        """The key with an id, if there is one. Raises `TokenInvalid` where none can be had."""
        try:
            found = await self._keys.named(call.runtime, key_id, call.now)
        except KeysUnavailable:
            raise TokenInvalid("no keys can be had") from None
        return next((one for one in found if one.algorithm in self._algorithms), None)
