"""The plugin: its options, its endpoints, and the token beside the session."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, cast

from msgspec.structs import replace

from watchword.call import Call
from watchword.configuration.durations import seconds
from watchword.configuration.option_checks import check_flag, check_type
from watchword.crypto.jwt import TokenInvalid
from watchword.database.records import Record
from watchword.endpoint import Endpoint, get, post
from watchword.errors import APIError, ConfigurationError, ErrorCodes
from watchword.plugin_base import Plugin, after
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.server_api import EndpointCall, M, ServerAPI, U
from watchword.sessions.asking import asker_of
from watchword.sessions.sessions import current_session

from .keys import MOST_KEYS, Keys
from .options import JWKSOptions, JWTOptions
from .records import SigningKey
from .remote import RemoteKeys
from .tokens import Tokens
from .wire import IssuedToken, JWTCodes, KeySetAnswer, SignJWT, VerifiedJWT, VerifyJWT

_ANSWER = "set-auth-jwt"
_LONGEST_HEADER = 8000
"""Characters: what proxies let pass."""
_KEYS = "/jwks"

_log = logging.getLogger("watchword.jwt")


@dataclass(frozen=True, kw_only=True)
class JWT(Plugin):
    """Options of tokens for other services."""

    id: ClassVar[str] = "jwt"
    codes: ClassVar[type[ErrorCodes]] = JWTCodes
    records: ClassVar[tuple[type[Record], ...]] = (SigningKey,)

    jwks: JWKSOptions = field(default_factory=JWKSOptions)
    """The keys: which, where, and for how long."""
    jwt: JWTOptions = field(default_factory=JWTOptions)
    """What tokens say, and for how long they are good."""
    disable_setting_jwt_header: bool = False
    """Give no token with the answers of `/get-session`."""
    _tokens: Tokens = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_type("JWT.jwks", self.jwks, JWKSOptions)
        check_type("JWT.jwt", self.jwt, JWTOptions)
        check_flag("JWT.disable_setting_jwt_header", self.disable_setting_jwt_header)
        if self.jwt.sign is not None and self.jwks.remote_url is None:
            raise ConfigurationError(
                "JWTOptions.sign",
                "nothing says where the keys of its tokens are published",
                "Give JWKSOptions.remote_url",
            )
        self._check_lives()
        object.__setattr__(self, "_tokens", Tokens(self.jwt, Keys(self.jwks), self._remote()))

    def _check_lives(self) -> None:
        life, grace = self.jwt.expiration_time, seconds("", self.jwks.grace_period)
        if self.jwks.rotation_interval is None:
            return
        if not isinstance(life, datetime) and seconds("", life) > grace:
            raise ConfigurationError(
                "JWKSOptions.grace_period",
                f"{self.jwks.grace_period!r} is shorter than tokens live: their keys would be gone",
                "Give at least JWTOptions.expiration_time",
            )
        if grace // seconds("", self.jwks.rotation_interval) + 2 > MOST_KEYS:
            raise ConfigurationError(
                "JWKSOptions.rotation_interval",
                f"more than {MOST_KEYS} keys would be published at a time",
                "Exchange them less often, or give a shorter grace_period",
            )

    def _remote(self) -> RemoteKeys | None:
        if self.jwks.remote_url is None:
            return None
        configs = (self.jwks.primary, *self.jwks.key_pair_configs)
        return RemoteKeys(self.jwks.remote_url, frozenset(one.alg for one in configs))

    def vouches_by_origin(self) -> Sequence[str]:
        """Issuer and audience, where they are the server's origin."""
        names = ("issuer", "audience")
        return [f"JWTOptions.{name}" for name in names if getattr(self.jwt, name) is None]

    def endpoints(self) -> Iterator[Endpoint[Any, Any]]:
        """Its endpoints; the keys at the path of the options, or nowhere if they are elsewhere."""
        for own in super().endpoints():
            if own.path != _KEYS:
                yield own
            elif self.jwks.remote_url is None:
                yield replace(own, path=self.jwks.jwks_path)

    @get(_KEYS)
    async def get_jwks(self, call: Call) -> KeySetAnswer:
        """The public keys that tokens are verified with. Raises NO_SIGNING_KEY."""
        found = await self._tokens.keys.published(call)
        return KeySetAnswer(keys=[one.published() for one in found])

    @get("/token", requires="sensitive")
    async def get_token(self, call: Call) -> IssuedToken:
        """A token of who is signed in. Raises NO_SIGNING_KEY, INVALID_CLAIMS."""
        return IssuedToken(token=await self._tokens.of_session(call, call.session))

    @post("/sign-jwt", name="sign_jwt", server_only=True)
    async def sign_claims(self, call: Call, body: SignJWT) -> IssuedToken:
        """A token that says what it is given; issuer, audience and end come from the options.

        Raises SIGNING_KEY_REFUSED, NO_SIGNING_KEY, INVALID_CLAIMS.
        """
        return IssuedToken(token=await self._tokens.of_server(call, body))

    @post("/verify-jwt", name="verify_jwt", server_only=True)
    async def verify_claims(self, call: Call, body: VerifyJWT) -> VerifiedJWT:
        """What a token of this server says; None unless it is genuine, in time and for us."""
        try:
            return VerifiedJWT(await self._tokens.claims_of(call, body.token, body.issuer))
        except TokenInvalid:
            return VerifiedJWT(None)

    @after("/get-session")
    async def hand_out_token(self, call: Call) -> None:
        """Put a token into `set-auth-jwt`, unless the store has ended the session meanwhile.

        Who is signed in is told all the same where none can be made: nobody asked for it.
        """
        wanted = call.shows_headers and not self.disable_setting_jwt_header
        if not wanted or isinstance(call.returned, APIError | None):
            return
        try:
            token = await self._token_for_header(call)
        except Exception as error:
            # Its text may quote the user.
            _log.error("no set-auth-jwt: making a token failed with %s", type(error).__name__)
            return
        if token is not None:
            call.set_header(_ANSWER, token)
            call.expose_header(_ANSWER)

    async def _token_for_header(self, call: Call) -> str | None:
        found = await _stored(call)
        if found is None:
            return None
        token = await self._tokens.of_session(call, found)
        if len(token) > _LONGEST_HEADER:
            _log.warning("no set-auth-jwt: the token of user %s is too long", found.user.id)
            return None
        return token


async def _stored(call: Call) -> SessionAndUser[User] | None:
    """Who the answer says is signed in, by the store's word.

    A copy in a cookie may be minutes old: who is banned or signed out since gets no token by it.
    Nor does what only stands for a session, such as an API key: a token would do more than the key
    may, and be good when the key is not any more.
    """
    if (await asker_of(call)).vouched is not None:
        return None
    told = call.returned
    if not isinstance(told, SessionAndUser):  # the answer of another plugin
        return await current_session(call, from_store=True)
    found = cast("SessionAndUser[User]", told)
    if call.config.session_cache is None or call.config.stateless:
        return found
    there = await call.sessions.load(call, found.session.token)
    return None if there is None or there.session.expires_at <= call.now else there


class JWTAPI(ServerAPI[M, U]):
    """Its functions in `auth.api`."""

    get_jwks: EndpointCall[M, None, KeySetAnswer]
    """The public keys that tokens are verified with. Raises NO_SIGNING_KEY."""
    get_token: EndpointCall[M, None, IssuedToken]
    """A token of who is signed in. Raises NO_SIGNING_KEY, INVALID_CLAIMS."""
    sign_jwt: EndpointCall[M, SignJWT, IssuedToken]
    """A token that says what it is given; issuer, audience and end come from the options.

    Raises SIGNING_KEY_REFUSED, NO_SIGNING_KEY, INVALID_CLAIMS.
    """
    verify_jwt: EndpointCall[M, VerifyJWT, VerifiedJWT]
    """What a token of this server says; None unless it is genuine, in time and for us."""
