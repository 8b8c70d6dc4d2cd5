"""The session cache cookie: session and user, readable without the database for a short while.

Three forms exist: signed JSON (`compact`), a signed token (`jwt`) and an encrypted one (`jwe`).
Whatever is damaged, forged, ended or of another shape counts as absent: `decode` gives None and
the database is asked (spec: cookies and sessions, session cache cookie).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeGuard, cast
from uuid import uuid4

import msgspec

from watchword.discreet import Discreet
from watchword.http.json import decode, encode, parse_date

from .jwt import TokenInvalid, sign_jwt, verify_jwt
from .signing import base64url, base64url_decode, mac

_TEXTS = {"session": ("id", "token", "userId"), "user": ("id", "email", "name")}
_DATES = {
    "session": ("expiresAt", "createdAt", "updatedAt"),
    "user": ("createdAt", "updatedAt"),
}
_SPELLING = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True)
class SessionData:
    """What a genuine cookie holds. Times are in Unix milliseconds, dates in records are text."""

    session: Mapping[str, object]
    user: Mapping[str, object]
    updated_at: float
    version: str
    expires_at: float
    outdated: bool = False
    """Whether it was made under an older secret, and is to be written anew."""


class SessionDataCodec(Protocol):
    """One form of the cookie."""

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        """The cookie's value. The payload has `session`, `user`, `updatedAt`, `version`, in order.

        `now` is in Unix seconds, `lifetime` in seconds.
        """
        ...

    def decode(self, value: str, *, now: float) -> SessionData | None:
        """What a value holds, if it is genuine and has not ended; `now` is in Unix seconds."""
        ...


class _Envelope(Discreet, msgspec.Struct):
    session: msgspec.Raw
    expires_at: msgspec.Raw = msgspec.field(name="expiresAt")
    signature: str


_envelopes = msgspec.json.Decoder(_Envelope)


class CompactSessionData:
    """JSON with a signature beside it, all of it in base64url."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        text = encode(payload)
        end = b"%d" % (int(now * 1000) + lifetime * 1000)
        signature = mac(_signed_text(text, end), self._secret).encode()
        return base64url(b'{"session":%b,"expiresAt":%b,"signature":"%b"}' % (text, end, signature))

    def decode(self, value: str, *, now: float) -> SessionData | None:
        try:
            envelope = _envelopes.decode(base64url_decode(value))
            text, end = bytes(envelope.session), bytes(envelope.expires_at)
            # The text as received is what was signed: nothing is parsed before that is certain.
            expected = mac(_signed_text(text, end), self._secret)
            given = envelope.signature.rstrip("=").translate(_SPELLING).encode()
            if not hmac.compare_digest(expected.encode(), given):
                return None
            payload, expires_at = decode(text), decode(end)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return _checked(payload, expires_at, now)


class JwtSessionData:
    """A token signed with the secret (HS256)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        return sign_jwt(_with_times(payload, now, lifetime), self._secret)

    def decode(self, value: str, *, now: float) -> SessionData | None:
        try:
            claims = verify_jwt(value, self._secret, now=now)
        except TokenInvalid:
            return None
        return _checked(claims, _milliseconds(claims), now)


class TokenCipher(Protocol):
    """What encrypts and decrypts claims: `watchword.crypto.jwe.TokenKeys`."""

    def encrypt(self, claims: Mapping[str, object]) -> str: ...

    def decrypt(self, token: str, *, now: float) -> dict[str, object]: ...


class JweSessionData:
    """A token encrypted with a key made from the secret."""

    def __init__(
        self, cipher: TokenCipher, token_id: Callable[[], str] = lambda: str(uuid4())
    ) -> None:
        self._cipher = cipher
        self._token_id = token_id

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        claims = _with_times(payload, now, lifetime)
        return self._cipher.encrypt({**claims, "jti": self._token_id()})

    def decode(self, value: str, *, now: float) -> SessionData | None:
        try:
            claims = self._cipher.decrypt(value, now=now)
        except TokenInvalid:
            return None
        return _checked(claims, _milliseconds(claims), now)


class RotatedSessionData:
    """A form under the current secret, and under each older one for as long as that vouches."""

    def __init__(
        self, current: SessionDataCodec, older: Sequence[tuple[SessionDataCodec, float]]
    ) -> None:
        """The older ones with their ends, in Unix seconds."""
        self._current = current
        self._older = older

    def encode(self, payload: Mapping[str, object], *, now: float, lifetime: int) -> str:
        return self._current.encode(payload, now=now, lifetime=lifetime)

    def decode(self, value: str, *, now: float) -> SessionData | None:
        data = self._current.decode(value, now=now)
        for codec, end in self._older if data is None else ():
            data = codec.decode(value, now=now) if now < end else None
            if data is not None:
                return replace(data, outdated=True)
        return data


def _signed_text(payload: bytes, end: bytes) -> str:
    if payload[:1] != b"{" or payload[-1:] != b"}" or len(payload) == 2:
        raise ValueError("the payload is not an object with content")
    return (payload[:-1] + b',"expiresAt":' + end + b"}").decode("utf-8")


def _with_times(payload: Mapping[str, object], now: float, lifetime: int) -> dict[str, object]:
    issued = int(now)
    return {**payload, "iat": issued, "exp": issued + lifetime}


def _milliseconds(claims: Mapping[str, object]) -> object:
    end = claims.get("exp")
    return end * 1000 if _is_number(end) else None


def _checked(payload: object, expires_at: object, now: float) -> SessionData | None:
    if not isinstance(payload, dict):
        return None
    content = cast("dict[str, object]", payload)
    session, user = _record(content, "session"), _record(content, "user")
    written, version = content.get("updatedAt"), content.get("version", "1")
    if session is None or user is None or not isinstance(user.get("emailVerified"), bool):
        return None
    if not _is_number(written) or not _is_number(expires_at) or not isinstance(version, str):
        return None
    if expires_at < now * 1000:
        return None
    return SessionData(session, user, written, version, expires_at)


def _record(payload: Mapping[str, object], name: str) -> dict[str, object] | None:
    value = payload.get(name)
    if not isinstance(value, dict):
        return None
    record = cast("dict[str, object]", value)
    texts_are_there = all(isinstance(record.get(key), str) for key in _TEXTS[name])
    dates_are_there = all(_is_date(record.get(key)) for key in _DATES[name])
    return record if texts_are_there and dates_are_there else None


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_date(value)
    except ValueError:
        return False
    return True


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
