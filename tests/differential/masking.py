"""Exchanges as they are compared: what is random or of the moment is replaced by its form.

Left out: the texts of messages (ours are our own), the order of headers, and headers that are not
in `HEADERS`. Ids, tokens and dates keep their form, so that a token of another length or a date
written otherwise is a difference. Signed tokens of mails are compared by the claims that they make.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from tests.differential.recording import Exchange

HEADERS = (
    "content-type",
    "location",
    "x-retry-after",
    "set-ott",
    "set-auth-token",
    "set-auth-jwt",
    "access-control-expose-headers",
)
"""Headers of answers that are compared, beside the cookies."""

_RANDOM = frozenset(
    (
        *("id", "token", "userId", "accountId", "state", "code_challenge", "nonce"),
        *("challenge", "credentialID", "publicKey", "impersonatedBy", "kid", "x"),
        *("anonymousUserId", "newUserId", "organizationId", "teamId", "inviterId"),
        *("activeOrganizationId", "activeTeamId", "membershipKey"),
        *("device_code", "access_token"),
        *("referenceId", "key", "start"),
    )
)
_MOMENTS = frozenset(("exp", "iat", "tryAgainIn"))
_ID_LENGTH = 32
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_USER_CODE = re.compile(r"\b[A-HJ-NP-Z2-9]{4}-?[A-HJ-NP-Z2-9]{4}\b", re.IGNORECASE)
_CLAIMS = re.compile(r"[A-Za-z0-9_-]+\.(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_OUR_CLAIMS = frozenset(("gen", "sid"))
"""What only our tokens say: the generation of the credentials, and the session that asked."""
_TOKEN = re.compile(r"\b(token|state|nonce|code_challenge|id_token_hint)=([A-Za-z0-9_.-]+)")
_OF_PROVIDER = re.compile(r"\b(at|rt|code)-[0-9a-f]{20,24}(-zz)?\b")
"""Tokens and codes of the fake provider."""
_GUEST = re.compile(r"\btemp-[a-z0-9]{32}@")
_DEVICE = re.compile(r"(_multi-)[a-z0-9]{32}\Z")
_ENCRYPTED = re.compile(r"([0-9a-f]{2}){40,}")
_DOTS = "dots in the cache"
_CACHED = re.compile(r"\A[^=]*session_data=([^;]+)")
_ADMINISTRATOR = re.compile(r"(\w+):(true|)\.[\w+/]{43}=")
"""The token of a session, and whether its browser forgets it."""
_SIGNED = re.compile(r"([A-Za-z0-9_!-]+)\.[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True)
class Absent:
    """What the reference's profile has and ours has not, because plugins are not served."""

    fields: frozenset[str] = frozenset()
    cookies: tuple[str, ...] = ()
    """Beginnings of names."""
    both: tuple[str, ...] = ()
    """Beginnings of names of cookies that are compared elsewhere."""
    unset: frozenset[str] = frozenset()
    """Fields that it leaves out, and we do not, while they are null."""
    exposed: frozenset[str] = frozenset()
    """Names in `access-control-expose-headers`."""


NOTHING = Absent()
ABSENT = "<absent>"
"""In place of a member that an object does not have, which is not the same as `null`."""


def differences(
    ours: Exchange, our_origin: str, theirs: Exchange, their_origin: str, absent: Absent = NOTHING
) -> dict[str, tuple[Any, Any]]:
    """Every aspect in which two answers differ, as (ours, theirs); of objects, every member.

    Where one succeeds and the other fails, status and code say it all.
    """
    left = _aspects(ours, our_origin, Absent(unset=absent.unset, cookies=absent.both))
    right = _aspects(theirs, their_origin, replace(absent, cookies=absent.cookies + absent.both))
    names: list[str] = list(left)
    if (ours.status < 400) != (theirs.status < 400):
        names = ["status", "code"]
    elif None in (left[_DOTS], right[_DOTS]):
        names.remove(_DOTS)  # a cookie that one of them does not set shows in the cookies
    return {
        part: pair for name in names for part, pair in _parts(name, left[name], right[name]).items()
    }


def _parts(name: str, ours: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return {} if ours == theirs else {name: (ours, theirs)}
    return {
        part: pair
        for key in sorted({*ours, *theirs})
        for part, pair in _parts(
            f"{name}.{key}", ours.get(key, ABSENT), theirs.get(key, ABSENT)
        ).items()
    }


def _aspects(exchange: Exchange, origin: str, absent: Absent) -> dict[str, Any]:
    body = _body(_nameless(exchange.text, origin), absent)
    code = body.pop("code", None) if isinstance(body, dict) else None
    aspects: dict[str, Any] = {"status": exchange.status, "code": code, "body": body}
    for name in HEADERS:
        value = exchange.header(name)
        if value is not None:
            value = _nameless(value, origin).replace("; ", ";")
            if signed := _CLAIMS.fullmatch(value):
                value = f"<signed: {', '.join(sorted(_claims(signed[1])))}>"
            value = _SIGNED.sub(lambda found: f"<{len(found[1])}, signed>", value)
            value = _plain(value)
        aspects[name] = value
    exposed = (aspects[HEADERS[-1]] or "").split(", ")
    aspects[HEADERS[-1]] = [name for name in exposed if name and name not in absent.exposed]
    lines = [line for line in exchange.cookies if not line.startswith(absent.cookies or "\0")]
    # The reference sends some lines twice, which is the same to a browser.
    aspects["cookies"] = [_cookie(line) for line in dict.fromkeys(lines)]
    aspects[_DOTS] = next(
        (found[1].count(".") for line in lines if (found := _CACHED.search(line))), None
    )
    return aspects


def _nameless(text: str, origin: str) -> str:
    return text.replace(origin, "{origin}").replace(quote(origin, safe=""), "{origin}")


def _body(text: str, absent: Absent) -> Any:
    try:
        return _masked(json.loads(text), absent)
    except ValueError:
        return text


def _masked(value: Any, absent: Absent, name: str = "") -> Any:
    if isinstance(value, dict):
        kept = sorted(
            key
            for key in value
            if key not in absent.fields and (value[key] is not None or key not in absent.unset)
        )
        return {key: _masked(value[key], absent, key) for key in kept}
    if isinstance(value, list):
        return [_masked(item, absent, name) for item in value]
    if name in _MOMENTS:
        return "<moment>"
    if name == "expires_in" and isinstance(value, int):
        return round(value, -1)  # A second may pass before it is counted.
    if not isinstance(value, str):
        return value
    if name in ("message", "error_description"):
        return "<message>" if value else ""
    if signed := _CLAIMS.fullmatch(value):
        return f"<signed: {', '.join(sorted(_claims(signed[1]) - _OUR_CLAIMS))}>"
    if name == "backupCodes":
        return f"<code of {len(value)}>"
    if name in ("user_code", "verification_uri_complete"):
        return _USER_CODE.sub("<user code>", value)
    if name == "totpURI":
        return re.sub("secret=[A-Z2-7]+", "secret=<base32>", value)
    if name in _RANDOM or (name == "sub" and len(value) == _ID_LENGTH):
        return f"<random text of {len(value)}>"
    return _DATE.sub("<date>", _plain(value))


def _plain(text: str) -> str:
    """A text without what is random in it."""
    text = _TOKEN.sub(lambda found: f"{found[1]}=<{len(found[2])}>", text)
    text = _OF_PROVIDER.sub(lambda found: f"<{found[1]}>", text)
    text = _GUEST.sub("temp-<random>@", text)
    return _ENCRYPTED.sub("<encrypted>", text)


def _claims(payload: str) -> set[str]:
    return set(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def _cookie(line: str) -> tuple[str, str, list[str]]:
    """Name, form of the value, attributes."""
    pair, *attributes = line.split("; ")
    name, _, value = pair.partition("=")
    if value and "session_data" in name:
        value = "<cached session>"
    if value and name.endswith("oauth_state"):
        value = "<encrypted state>"
    if own := _ADMINISTRATOR.fullmatch(unquote(value)):
        value = f"<random text of {len(own[1])}, remembered: {not own[2]}, signed>"
    if signed := _SIGNED.fullmatch(unquote(value)):
        text = signed[1] if signed[1] == "true" else f"random text of {len(signed[1])}"
        value = f"<{text}, signed>"
    return _DEVICE.sub(r"\1<token>", name), value, sorted(attributes)
