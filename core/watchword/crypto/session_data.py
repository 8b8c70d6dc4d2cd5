"""The session cache cookie: session and user, readable without the database for a short while.

Three forms exist: signed JSON (`compact`), a signed token (`jwt`) and an encrypted one (`jwe`).
Whatever is damaged, forged, ended or of another shape counts as absent: there is None, and
the database is asked (spec: cookies and sessions, session cache cookie).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Protocol
from uuid import uuid4

import msgspec
from msgspec import UNSET, UnsetType

from watchword.discreet import Discreet
from watchword.http.json import decode, encode

from .jwt import TokenInvalid, sign_jwt, signed_claims
from .signing import base64url, base64url_decode, mac_of

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A date with a zone."""

_SPELLING = str.maketrans("+/", "-_")


class SessionData(Discreet, msgspec.Struct, frozen=True):
    """What a genuine cookie holds. Times are in Unix milliseconds, dates in records are text."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("session", "user"))

    session: Mapping[str, object]
    user: Mapping[str, object]
    updated_at: float
    version: str
    expires_at: float
    outdated: bool = False
    """Whether it was made under an older secret, and is to be written anew."""


class Opened(Discreet, msgspec.Struct, frozen=True):
    """A genuine cookie, its content not looked at."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("text",))

    text: bytes
    expires_at: float | None = None
    """In Unix milliseconds; None where the content says it."""
    outdated: bool = False


class Content(Discreet, msgspec.Struct, kw_only=True, rename="camel"):
    """What a cookie says. `exp` and `nbf` are in Unix seconds."""

    session: Any
    user: Any
    updated_at: float
    version: str = "1"
    exp: float | UnsetType = UNSET
    nbf: float | UnsetType = UNSET


def content_decoder(session: type, user: type) -> msgspec.json.Decoder[Content]:
    """Reads the content of cookies with these types of session and user."""
    records = [("session", session), ("user", user)]
    kind: Any = msgspec.defstruct(
        "Content", records, bases=(Content,), kw_only=True, rename="camel"
    )
    return msgspec.json.Decoder(kind)


def end_of(opened: Opened, content: Content, now: float) -> float | None:
    """When a cookie ends, in Unix milliseconds; None if it has ended or not begun.

    `now` is in Unix seconds.
    """
    end = opened.expires_at
    if end is None:
        if content.exp is UNSET or (content.nbf is not UNSET and now < content.nbf):
            return None
        end = content.exp * 1000
    return end if now * 1000 < end else None


class SessionDataCodec(Protocol):
    """One form of the cookie."""

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        """The cookie's value. The payload has `session`, `user`, `updatedAt`, `version`, in order.

        `now` is in Unix seconds, `lifetime` in seconds.
        """
        ...

    def open(self, value: str, *, now: float) -> Opened | None:
        """What was made with a secret that vouches at `now` (Unix seconds), ended or not."""
        ...

    def decode(self, value: str, *, now: float) -> SessionData | None:
        """What a value holds, if it is genuine and has not ended; `now` is in Unix seconds."""
        opened = self.open(value, now=now)
        return None if opened is None else _read(opened, now)


class _Envelope(Discreet, msgspec.Struct):
    session: msgspec.Raw
    expires_at: msgspec.Raw = msgspec.field(name="expiresAt")
    signature: str


_envelopes = msgspec.json.Decoder(_Envelope)
_numbers = msgspec.json.Decoder(float)


class CompactSessionData(SessionDataCodec):
    """JSON with a signature beside it, all of it in base64url."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        text = encode(payload)
        end = b"%d" % (int(now * 1000) + lifetime * 1000)
        signature = mac_of(_signed_text(text, end), self._key)
        return base64url(b'{"session":%b,"expiresAt":%b,"signature":"%b"}' % (text, end, signature))

    def open(self, value: str, *, now: float) -> Opened | None:
        try:
            envelope = _envelopes.decode(base64url_decode(value))
            text, end = bytes(envelope.session), bytes(envelope.expires_at)
            # The text as received is what was signed: nothing is parsed before that is certain.
            expected = mac_of(_signed_text(text, end), self._key)
            given = envelope.signature.rstrip("=").translate(_SPELLING).encode()
            if not hmac.compare_digest(expected, given):
                return None
            return Opened(text, _numbers.decode(end))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None


class JwtSessionData(SessionDataCodec):
    """A token signed with the secret (HS256)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        return sign_jwt(_with_times(payload, now, lifetime), self._secret)

    def open(self, value: str, *, now: float) -> Opened | None:
        try:
            return Opened(signed_claims(value, self._secret))
        except TokenInvalid:
            return None


class TokenCipher(Protocol):
    """What encrypts and decrypts claims: `watchword.crypto.jwe.TokenKeys`."""

    def encrypt(self, claims: Mapping[str, object]) -> str: ...

    def decrypted_claims(self, token: str) -> bytes: ...


class JweSessionData(SessionDataCodec):
    """A token encrypted with a key made from the secret."""

    def __init__(
        self, cipher: TokenCipher, token_id: Callable[[], str] = lambda: str(uuid4())
    ) -> None:
        self._cipher = cipher
        self._token_id = token_id

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        claims = _with_times(payload, now, lifetime)
        return self._cipher.encrypt({**claims, "jti": self._token_id()})

    def open(self, value: str, *, now: float) -> Opened | None:
        try:
            return Opened(self._cipher.decrypted_claims(value))
        except TokenInvalid:
            return None


class RotatedSessionData(SessionDataCodec):
    """A form under the current secret, and under each older one for as long as that vouches."""

    def __init__(
        self, current: SessionDataCodec, older: Sequence[tuple[SessionDataCodec, float]]
    ) -> None:
        """The older ones with their ends, in Unix seconds."""
        self._current = current
        self._older = older

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        return self._current.encode(payload, now=now, lifetime=lifetime)

    def open(self, value: str, *, now: float) -> Opened | None:
        opened = self._current.open(value, now=now)
        for codec, end in self._older if opened is None else ():
            opened = codec.open(value, now=now) if now < end else None
            if opened is not None:
                return msgspec.structs.replace(opened, outdated=True)
        return opened


def _signed_text(payload: bytes, end: bytes) -> bytes:
    if payload[:1] != b"{" or payload[-1:] != b"}" or len(payload) == 2:
        raise ValueError("the payload is not an object with content")
    return b'%b,"expiresAt":%b}' % (payload[:-1], end)


def _with_times(payload: Mapping[str, object], now: float, lifetime: int) -> dict[str, object]:
    issued = int(now)
    return {**payload, "iat": issued, "exp": issued + lifetime}


class _Session(Discreet, msgspec.Struct, rename="camel"):
    id: str
    token: str
    user_id: str
    expires_at: Moment
    created_at: Moment
    updated_at: Moment


class _User(Discreet, msgspec.Struct, rename="camel"):
    id: str
    email: str
    email_verified: bool
    name: str
    created_at: Moment
    updated_at: Moment


_core = content_decoder(_Session, _User)


def _read(opened: Opened, now: float) -> SessionData | None:
    try:
        content, payload = _core.decode(opened.text), decode(opened.text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    end = end_of(opened, content, now)
    if end is None:
        return None
    session, user = payload["session"], payload["user"]
    return SessionData(session, user, content.updated_at, content.version, end, opened.outdated)
