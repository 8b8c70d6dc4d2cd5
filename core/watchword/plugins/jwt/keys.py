"""The keys of a server: made when one is needed, published until nobody needs them any more (spec:
plugin jwt, (e)).

Rows are kept in the process for a minute, so that signing asks no database. Whoever publishes keys
or meets a key id that is not known reads the database: a key of another process, or of a server of
the reference on the same database, counts at once. Rows are never deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from weakref import WeakKeyDictionary

from watchword.call import Call
from watchword.configuration.durations import seconds
from watchword.crypto.signed_tokens import (
    ALGORITHMS,
    JWK,
    Algorithm,
    Key,
    UnusableKey,
    VerifyingKey,
    known_algorithm,
    new_key,
    public_part,
    signing_key,
    verifying_key,
)
from watchword.crypto.symmetric import DecryptionFailed, decrypt, encrypt
from watchword.database.contract import Sort
from watchword.http.json import InvalidJSON, decode, encode
from watchword.verifications.leases import lease, persevere

from .options import JWKSOptions, SignedWith
from .records import SigningKey
from .wire import JWTCodes

_NEWEST = Sort("createdAt", descending=True)
_LIFE = timedelta(minutes=1)
"""Of what a process knows."""
MOST_KEYS = 1000
"""Keys that are read, newest first, and published."""
_LEASE, _PATIENCE = 15.0, 20.0
"""Seconds for the one who makes a key, and for those who wait for it."""

_log = logging.getLogger("watchword.jwt")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A row, read."""

    row: SigningKey = field(repr=False)
    algorithm: Algorithm
    public: JWK = field(repr=False)
    verifying: VerifyingKey

    def signs_at(self, now: datetime) -> bool:
        """Whether it is there to sign."""
        return self.row.expires_at is None or self.row.expires_at > now

    def published(self) -> dict[str, Any]:
        """What everybody may know of it."""
        crv = {} if self.row.crv is None else {"crv": self.row.crv}
        return {"alg": self.algorithm, **crv, **self.public, "kid": self.row.id}


@dataclass(slots=True)
class _Known:
    """What one world of a process knows."""

    pairs: tuple[KeyPair, ...] = ()
    read_at: datetime | None = None
    opened: Mapping[tuple[str, str], Key | None] = field(
        default_factory=dict[tuple[str, str], "Key | None"], repr=False
    )


class Keys:
    """The keys of one plugin, wherever it is installed."""

    def __init__(self, options: JWKSOptions) -> None:
        self._options = options
        self._grace = timedelta(seconds=seconds("grace_period", options.grace_period))
        self._worlds: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()

    async def published(self, call: Call) -> list[KeyPair]:
        """The keys that others verify with, as the database has them now. Makes the first one."""
        pairs = await self._read(call)
        if not pairs and await call.db.count(SigningKey) == 0:
            pairs = (await self._make(call, self._options.primary.alg),)
        return [one for one in pairs if self._is_believed(one, call.now)]

    async def verifying(self, call: Call, key_id: str) -> VerifyingKey | None:
        """The public key with an id, unless its time is over."""
        known = self._fresh(call)
        pairs = await self._read(call) if known is None else known
        found = next((one for one in pairs if one.row.id == key_id), None)
        if found is None and known is not None:
            row = await call.db.find_one(SigningKey, id=key_id)
            found = None if row is None else self._pair(row)
            if found is not None:
                self._known(call).read_at = None
        return found.verifying if found and self._is_believed(found, call.now) else None

    async def signing(self, call: Call, wanted: SignedWith) -> tuple[KeyPair, Key]:
        """The newest key that may sign; made, if there is none.

        Raises SIGNING_KEY_REFUSED for wishes that cannot be met, NO_SIGNING_KEY, and `Overloaded`
        (503) while others make one and do not get it done.
        """
        known = self._fresh(call)
        found = None if known is None else self._chosen(call, known, wanted)
        if found is None:
            found = self._chosen(call, await self._read(call), wanted)
        if found is not None:
            return found
        algorithm = wanted.algorithm or self._options.primary.alg
        if wanted.key_id is not None or self._options.made_for(algorithm) is None:
            raise JWTCodes.SIGNING_KEY_REFUSED()
        made = await self._make(call, algorithm)
        opened = self._opened(call, made)
        if opened is None:
            raise JWTCodes.NO_SIGNING_KEY()
        return made, opened

    def _chosen(
        self, call: Call, pairs: tuple[KeyPair, ...], wanted: SignedWith
    ) -> tuple[KeyPair, Key] | None:
        for pair in self._in_order(pairs, wanted):
            if pair.signs_at(call.now) and (key := self._opened(call, pair)) is not None:
                return pair, key
        return None

    def _in_order(self, pairs: tuple[KeyPair, ...], wanted: SignedWith) -> Iterator[KeyPair]:
        fitting = [
            one
            for one in pairs
            if wanted.key_id in (None, one.row.id) and wanted.algorithm in (None, one.algorithm)
        ]
        primary = self._options.primary.alg
        yield from (one for one in fitting if one.algorithm == primary)
        yield from (one for one in fitting if one.algorithm != primary)

    async def _make(self, call: Call, algorithm: Algorithm) -> KeyPair:
        if await call.db.undoable():
            # What others wait for would be gone if this transaction were.
            return await self._insert(call, algorithm)
        name = f"jwks {algorithm}"
        return await call.runtime.once(
            f"{name} {id(self)}",
            lambda: persevere(call, lambda: self._make_alone(call, algorithm, name), _PATIENCE),
        )

    async def _make_alone(self, call: Call, algorithm: Algorithm, name: str) -> KeyPair:
        async with lease(call, name, _LEASE):
            found = self._chosen(call, await self._read(call), SignedWith(algorithm=algorithm))
            return await self._insert(call, algorithm) if found is None else found[0]

    async def _insert(self, call: Call, algorithm: Algorithm) -> KeyPair:
        options = self._options
        config = options.made_for(algorithm) or options.primary
        kind, curve = ALGORITHMS[algorithm]
        work = (algorithm, config.modulus_length)
        private = await call.offload(new_key, *work) if kind == "RSA" else new_key(*work)
        expires_at = None
        if options.rotation_interval is not None:
            expires_at = call.after(seconds("rotation_interval", options.rotation_interval))
        row = await call.db.create(
            SigningKey,
            public_key=encode(public_part(private)).decode(),
            private_key=self._closed(call, private),
            expires_at=expires_at,
            alg=algorithm,
            crv=curve,
        )
        pair = None if row is None else self._pair(row)
        if pair is None:
            raise JWTCodes.NO_SIGNING_KEY()
        if not await call.db.undoable():
            known = self._known(call)
            known.pairs = (pair, *known.pairs)
        return pair

    def _closed(self, call: Call, private: JWK) -> str:
        text = encode(private).decode()
        if self._options.disable_private_key_encryption:
            return text
        sealed = encrypt(text, call.config.secrets, call.config.options.token_bytes)
        return encode(sealed).decode()

    def _opened(self, call: Call, pair: KeyPair) -> Key | None:
        """What signs for a row; None, and a word in the log, where no secret opens it."""
        known = self._known(call)
        place = (pair.row.id, pair.row.private_key)
        if place not in known.opened:
            known.opened = {**known.opened, place: _open(call, pair)}
        return known.opened[place]

    def _known(self, call: Call) -> _Known:
        return self._worlds.setdefault(call.runtime, _Known())

    def _fresh(self, call: Call) -> tuple[KeyPair, ...] | None:
        known = self._known(call)
        at = known.read_at
        recent = at is not None and timedelta(0) <= call.now - at < _LIFE
        return known.pairs if recent else None

    async def _read(self, call: Call) -> tuple[KeyPair, ...]:
        rows = await call.db.find_many(SigningKey, sort=_NEWEST, limit=MOST_KEYS)
        pairs = tuple(pair for row in rows if (pair := self._pair(row)) is not None)
        known = self._known(call)
        places = {(one.row.id, one.row.private_key) for one in pairs}
        known.opened = {place: key for place, key in known.opened.items() if place in places}
        if not await call.db.undoable():
            # A transaction sees rows that may never have been.
            known.pairs, known.read_at = pairs, call.now
        return pairs

    def _pair(self, row: SigningKey) -> KeyPair | None:
        try:
            algorithm = known_algorithm(row.alg or self._options.primary.alg)
            public = public_part(_json(row.public_key))
            return KeyPair(row, algorithm, public, verifying_key(row.id, algorithm, public))
        except UnusableKey as error:
            _log.warning("the key %s in the table jwks is not used: %s", row.id, error)
            return None

    def _is_believed(self, pair: KeyPair, now: datetime) -> bool:
        ends = pair.row.expires_at
        return ends is None or ends > now - self._grace


def _open(call: Call, pair: KeyPair) -> Key | None:
    try:
        stored = decode(pair.row.private_key.encode())
        if isinstance(stored, str):
            stored = decode(decrypt(stored, call.config.secrets).encode())
        if not isinstance(stored, dict):
            raise UnusableKey("not a private key")
        jwk = cast("JWK", stored)
        if any(jwk.get(name) != value for name, value in pair.public.items()):
            raise UnusableKey("the private key is not that of the public one")
        return signing_key(pair.algorithm, jwk)
    except DecryptionFailed:
        reason = "it was encrypted with another secret"
    except (InvalidJSON, UnusableKey):
        reason = "its private key cannot be read"
    _log.warning("the key %s in the table jwks cannot sign: %s", pair.row.id, reason)
    return None


def _json(text: str) -> JWK:
    try:
        found = decode(text.encode())
    except InvalidJSON:
        raise UnusableKey("not JSON") from None
    if not isinstance(found, dict):
        raise UnusableKey("not an object")
    return cast("JWK", found)
