"""What tokens say, and who signs and verifies them (spec: plugin jwt, (e))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from watchword.call import Call
from watchword.configuration.durations import seconds
from watchword.crypto.jwt import TokenInvalid
from watchword.crypto.signed_tokens import (
    LONGEST_TOKEN,
    VerifyingKey,
    check_claims,
    sign_token,
    signed_claims,
    token_header,
)
from watchword.http.json import jsonable
from watchword.results import SessionAndUser

from .keys import Keys
from .options import JWTOptions, Sign, SignedWith
from .remote import RemoteKeys
from .wire import JWTCodes, SignJWT

_REGISTERED = frozenset(("iss", "sub", "aud", "exp", "nbf", "iat", "jti"))
"""RFC 7519, 4.1: what only the server says."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs and verifies, by the options of one plugin."""

    options: JWTOptions
    keys: Keys
    remote: RemoteKeys | None = None

    async def of_session(self, call: Call, found: SessionAndUser[Any]) -> str:
        """A token of who is signed in. Raises as `Keys.signing` does, and INVALID_CLAIMS."""
        claims: dict[str, object] = {"iat": int(call.now.timestamp())}
        claims.update(await self._payload(call, found))
        claims["sub"] = await self._subject(call, found)
        return await self._signed(call, claims, SignJWT(payload={}))

    async def of_server(self, call: Call, asked: SignJWT) -> str:
        """A token that says what the server's own code wants."""
        return await self._signed(call, dict(asked.payload), asked)

    async def claims_of(self, call: Call, token: str, issuer: str | None) -> dict[str, object]:
        """What a token of this server says that is good now. Raises `TokenInvalid`."""
        key = await self._key(call, token_header(token).key_id)
        if key is None:
            raise TokenInvalid("no key of this server")
        claims = signed_claims(token, key)
        check_claims(
            claims,
            issuer=issuer or self._issuer(call),
            audience=self._audience(call),
            now=call.now.timestamp(),
            leeway=0,
        )
        return claims

    async def _key(self, call: Call, key_id: str) -> VerifyingKey | None:
        if self.remote is None:
            return await self.keys.verifying(call, key_id)
        return await self.remote.key(call, key_id)

    async def _payload(self, call: Call, found: SessionAndUser[Any]) -> Mapping[str, object]:
        define = self.options.define_payload
        if define is None:
            user = cast("dict[str, object]", jsonable(found.user))
            # A field that its user may set must not say how long a token is good, or for whom.
            return {name: value for name, value in user.items() if name not in _REGISTERED}
        given = await call.run_with_secret(define, found)
        if not isinstance(given, Mapping):
            raise JWTCodes.INVALID_CLAIMS()
        return cast("Mapping[str, object]", given)

    async def _subject(self, call: Call, found: SessionAndUser[Any]) -> str:
        if self.options.get_subject is None:
            return found.user.id
        given = await call.run_with_secret(self.options.get_subject, found)
        if not isinstance(given, str) or not given:
            raise JWTCodes.INVALID_CLAIMS()
        return given

    async def _signed(self, call: Call, claims: dict[str, object], asked: SignJWT) -> str:
        claims.setdefault("exp", self._end(call, claims, asked.expires_in))
        claims.setdefault("iss", asked.issuer or self._issuer(call))
        audience = asked.audience or _one_or_all(self._audience(call))
        claims.setdefault("aud", audience)
        wanted = SignedWith(key_id=asked.signing_key_id, algorithm=asked.signing_algorithm)
        if self.options.sign is not None:
            return await _signed_elsewhere(call, self.options.sign, claims, wanted)
        pair, key = await self.keys.signing(call, wanted)
        try:
            token = sign_token(pair.row.id, pair.algorithm, key, claims)
        except (TypeError, ValueError, RecursionError):
            raise JWTCodes.INVALID_CLAIMS() from None
        if len(token) > LONGEST_TOKEN:
            raise JWTCodes.INVALID_CLAIMS()
        return token

    def _end(self, call: Call, claims: Mapping[str, object], asked: int | None) -> int:
        life = self.options.expiration_time if asked is None else asked
        if isinstance(life, datetime):
            return int(life.timestamp())
        issued = claims.get("iat")
        begins = issued if isinstance(issued, int) else int(call.now.timestamp())
        return begins + seconds("expiration_time", life)

    def _issuer(self, call: Call) -> str:
        return self.options.issuer or call.site.origin

    def _audience(self, call: Call) -> tuple[str, ...]:
        return self.options.audiences or (call.site.origin,)


async def _signed_elsewhere(
    call: Call, sign: Sign, claims: Mapping[str, object], wanted: SignedWith
) -> str:
    token = await call.run_with_secret(sign, jsonable(claims), wanted)
    try:
        if isinstance(token, str):
            token_header(token)
            return token
    except TokenInvalid:
        pass
    raise JWTCodes.INVALID_CLAIMS()


def _one_or_all(audience: tuple[str, ...]) -> str | list[str]:
    return audience[0] if len(audience) == 1 else list(audience)
