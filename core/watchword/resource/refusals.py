"""What a service answers where a token is missing or not good (RFC 6750, 2.1 and 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchword.crypto.jwt import TokenExpired, TokenInvalid, TokenNotYetValid
from watchword.crypto.signed_tokens import WrongAudience, WrongIssuer

from .followed_keys import KeysUnavailable

_CHALLENGE = 'Bearer realm="token"'
_SCHEME = "bearer"


class TokenMissing(Exception):
    """Nobody says who is asking: the request carries no token, or several."""

    def __init__(self, *, several: bool = False) -> None:
        super().__init__("several tokens" if several else "no token")
        self.several = several


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of the route's."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> dict[str, str]:
        """For JSON."""
        return {"code": self.code, "message": self.message}


def bearer_token(values: Sequence[str]) -> str:
    """The token in the `Authorization` headers of a request. Raises `TokenMissing`."""
    if len(values) > 1:
        raise TokenMissing(several=True)
    scheme, _, token = values[0].strip().partition(" ") if values else ("", "", "")
    if scheme.lower() != _SCHEME or not token.strip():
        raise TokenMissing
    return token.strip()


def refusal_of(error: TokenMissing | TokenInvalid | KeysUnavailable) -> Refusal:
    """What to answer. Says which check failed, and nothing of the token."""
    if isinstance(error, KeysUnavailable):
        return Refusal(
            503,
            "KEYS_UNAVAILABLE",
            "Tokens cannot be checked now. Try again",
            (("Retry-After", "5"),),
        )
    if isinstance(error, TokenMissing):
        if error.several:
            return _challenged(400, "INVALID_REQUEST", "Send one token", "invalid_request")
        return _challenged(401, "UNAUTHORIZED", "A token is needed", None)
    for kind, code, message in _WRONG:
        if isinstance(error, kind):
            return _challenged(401, code, message, "invalid_token")
    return _challenged(401, "INVALID_TOKEN", "This token is not good here", "invalid_token")


_WRONG = (
    (TokenExpired, "TOKEN_EXPIRED", "The token has expired"),
    (TokenNotYetValid, "TOKEN_NOT_YET_VALID", "The token is not valid yet"),
    (WrongIssuer, "WRONG_ISSUER", "The token has another issuer"),
    (WrongAudience, "WRONG_AUDIENCE", "The token is for another audience"),
)


def _challenged(status: int, code: str, message: str, error: str | None) -> Refusal:
    told = _CHALLENGE
    if error is not None:
        told += f', error="{error}", error_description="{message}"'
    return Refusal(status, code, message, (("WWW-Authenticate", told),))
