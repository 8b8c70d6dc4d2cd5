"""Cookie headers, read as browsers send them and written in the protocol's attribute order.

Spec: cookies and sessions, attributes and serialisation; RFC 6265bis.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from .bounds import MOST_NAMESAKES, MOST_PAIRS

LONGEST_AGE = 34_560_000
"""Seconds; browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5)."""

_SAFE = "!'()*~-_."
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHUNK_VALUE = re.compile(r"[ !#-:<-\[\]-~]*")
_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieAttributes:
    """Attributes of a Set-Cookie line; None leaves one out. `max_age` is in seconds."""

    max_age: float | None = None
    """Seconds that the cookie lives."""
    domain: str | None = None
    """The domain whose subdomains get it too."""
    path: str | None = None
    """The path below which it is sent."""
    expires: datetime | None = None
    """When it ends (aware); browsers prefer `max_age`."""
    http_only: bool | None = None
    """Keep it from scripts."""
    secure: bool | None = None
    """Send it over https alone."""
    same_site: Literal["lax", "strict", "none"] | None = None
    """Whether requests that other sites begin carry it."""
    partitioned: bool | None = None
    """Keep it apart for each site that embeds the page."""

    def merged(self, other: CookieAttributes) -> CookieAttributes:
        """These attributes with what `other` sets laid over them."""
        if other is _UNSET:
            return self
        values = {
            item.name: getattr(self, item.name)
            if getattr(other, item.name) is None
            else getattr(other, item.name)
            for item in fields(self)
        }
        return CookieAttributes(**values)


_UNSET = CookieAttributes()


def parse_cookies(header: str) -> dict[str, str]:
    """Name to value: first of one name wins, quotes dropped, percent-decoded where decodable.

    Of more than `MOST_PAIRS` the first ones are read.
    """
    found: dict[str, str] = {}
    for pair in header.split(";", MOST_PAIRS)[:MOST_PAIRS]:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if equals and name not in found:
            found[name] = _value(value)
    return found


def values_of_cookie(header: str, name: str) -> list[str]:
    """All values under one name, as `parse_cookies` reads each: browsers send several where cookies
    of different domains or paths share it. Of more than `MOST_NAMESAKES` the first ones are read.
    """
    found: list[str] = []
    for pair in header.split(";", MOST_PAIRS)[:MOST_PAIRS]:
        if name in pair:
            known, equals, value = pair.partition("=")
            if equals and known.strip() == name:
                found.append(_value(value))
    return found[:MOST_NAMESAKES]


def parse_cookie_chunks(header: str, start: str = "") -> dict[str, str]:
    """The stricter reading for cookies in pieces: last of one name wins, odd pairs are dropped.

    Only names with this `start` are read. Of more than `MOST_PAIRS` the first ones are.
    """
    found: dict[str, str] = {}
    for pair in header.split(";", MOST_PAIRS)[:MOST_PAIRS]:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if equals and name.startswith(start) and _TOKEN.fullmatch(name):
            value = _unquoted(value.strip())
            if _CHUNK_VALUE.fullmatch(value):
                found[name] = _decoded(value) if "%" in value else value
    return found


def cookies_after(header: str, lines: Iterable[str]) -> str:
    """The Cookie header of a browser that had this one, once it took these Set-Cookie lines.

    For lines of this host's own: neither domain nor path is looked at.
    """
    kept = [pair.strip() for pair in header.split(";") if pair.strip()]
    for line in lines:
        pair, *attributes = (part.strip() for part in line.split(";"))
        name = pair.partition("=")[0].strip()
        kept = [one for one in kept if one.partition("=")[0].strip() != name]
        ages = [one.partition("=")[2] for one in attributes if one.lower().startswith("max-age=")]
        if not any(age.startswith(("0", "-")) for age in ages):
            kept.append(pair)
    return "; ".join(kept)


def serialize_cookie(
    name: str, value: str, attributes: CookieAttributes, *, now: datetime | None = None
) -> str:
    """A Set-Cookie line. Raises `ValueError` for a life of more than 400 days.

    `expires` is held against `now`, if that is given.
    """
    line = [f"{name}={encode_value(value)}"]
    at = attributes
    secure, path, domain = at.secure, at.path, at.domain
    prefix = name[:9].lower()
    if prefix.startswith("__host-"):
        secure, path, domain = True, "/", None
    elif prefix == "__secure-" or at.same_site == "none" or at.partitioned:
        secure = True  # no browser keeps such a cookie without
    if at.max_age is not None:
        if not at.max_age <= LONGEST_AGE:
            raise ValueError(f"cookie {name}: Max-Age {at.max_age} exceeds {LONGEST_AGE} s")
        line.append(f"Max-Age={math.floor(at.max_age)}")
    if domain:
        line.append(f"Domain={domain}")
    if path:
        line.append(f"Path={path}")
    if at.expires is not None:
        if now is not None and (at.expires - now).total_seconds() > LONGEST_AGE:
            raise ValueError(f"cookie {name}: Expires is more than {LONGEST_AGE} s ahead")
        line.append(f"Expires={_http_date(at.expires)}")
    if at.http_only:
        line.append("HttpOnly")
    if secure:
        line.append("Secure")
    if at.same_site:
        line.append(f"SameSite={_SAME_SITE[at.same_site]}")
    if at.partitioned:
        line.append("Partitioned")
    return "; ".join(line)


def encode_value(value: str) -> str:
    """Percent-encode as the protocol does: all but letters, digits and `!'()*~-_.`."""
    return quote(value, safe=_SAFE, errors="replace")


def _value(text: str) -> str:
    text = text.strip()
    if text[:1] == '"':
        text = _unquoted(text)
    return _decoded(text) if "%" in text else text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _decoded(text: str) -> str:
    # Signed values hold these three and nothing else; the general way is ten times slower.
    quick = text.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/")
    if "%" not in quick:
        return quick
    # As decodeURIComponent does: a malformed sequence leaves the whole text as it is.
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text


def _http_date(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    return f"{day}, {utc.day:02} {month} {utc.year:04} {utc:%H:%M:%S} GMT"
