"""Token answers of providers: read within bounds, whatever they are (RFC 6749, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from watchword.crypto.signing import base64url_decode
from watchword.http.json import InvalidJSON, decode
from watchword.runtime.outgoing import OutgoingAnswer

from .failures import OAuthFailed, WithoutTokens
from .scopes import parse_scopes

LONGEST_TOKEN = 65_536
"""Characters of one token."""
_LONGEST_LIFE = 3_155_760_000  # seconds; a hundred years

Profile = Mapping[str, object]
"""What a provider says of a person: a JSON object as it came, or the claims of an ID token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a provider handed out."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    token_type: str | None = None
    access_token_expires_at: datetime | None = None
    refresh_token_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    raw: Profile = field(default_factory=dict[str, object], repr=False)
    """All of the answer, for what only one provider says."""
    posted_user: Profile = field(default_factory=dict[str, object], repr=False)
    """What the browser brought of its user beside the code: Apple tells the name so, and once.
    Nobody vouches for it."""


def json_object(
    answer: OutgoingAnswer, what: str, *, unusable: type[OAuthFailed] = OAuthFailed
) -> Profile:
    """The JSON object of a successful answer. Raises `OAuthFailed`; `unusable` where the answer is
    successful and something else."""
    if not 200 <= answer.status < 300:
        raise OAuthFailed(f"{what}: status {answer.status}")
    try:
        found = decode(answer.body)
    except InvalidJSON:
        raise unusable(f"{what}: the answer is not JSON") from None
    if not isinstance(found, dict):
        raise unusable(f"{what}: the answer is no object")
    return cast("Profile", found)


def read_tokens(found: Profile, now: datetime, *, refreshed: bool = False) -> Tokens:
    """The tokens of an answer. Raises `OAuthFailed` if there is none that could be used.

    When `refreshed`, that has to be an access token.
    """
    access, id_token = _token(found, "access_token"), _token(found, "id_token")
    if not access and (refreshed or not id_token):
        raise WithoutTokens("the token answer has no token")
    return Tokens(
        access_token=access,
        refresh_token=_token(found, "refresh_token"),
        id_token=id_token,
        token_type=_token(found, "token_type"),
        access_token_expires_at=_moment(found.get("expires_in"), now),
        refresh_token_expires_at=_moment(found.get("refresh_token_expires_in"), now),
        scopes=tuple(parse_scopes(found.get("scope"))),
        raw=found,
    )


def unverified_claims(token: str | None) -> Profile | None:
    """What an ID token says, whoever signed it; None if it is none.

    Only for tokens that the provider's own token endpoint gave over TLS (OpenID Connect Core,
    3.1.3.7).
    """
    parts = (token or "").split(".")
    if len(parts) != 3 or len(token or "") > LONGEST_TOKEN:
        return None
    try:
        found = decode(base64url_decode(parts[1]))
    except ValueError:
        return None
    return cast("Profile", found) if isinstance(found, dict) else None


def _token(found: Profile, name: str) -> str | None:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        return None
    if len(value) > LONGEST_TOKEN:
        raise OAuthFailed(f"the token answer's {name} is too long")
    if not (value.isascii() and value.isprintable()):
        # RFC 6749, appendix A. What is no token must not get into a header, nor into a row.
        raise OAuthFailed(f"the token answer's {name} is no token")
    return value


def _moment(life: object, now: datetime) -> datetime | None:
    if isinstance(life, str) and life.isascii() and life.isdigit() and len(life) < 12:
        life = int(life)
    if isinstance(life, bool) or not isinstance(life, int | float):
        return None
    return now + timedelta(seconds=life) if 0 < life <= _LONGEST_LIFE else None
