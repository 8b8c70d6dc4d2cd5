"""Cookies of one call. Names, prefixes and attributes are decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from watchword.configuration.options import Advanced, CookieOptions
from watchword.crypto.signing import sign_cookie_value, verify_cookie_value
from watchword.http.cookies import (
    CookieAttributes,
    parse_cookie_chunks,
    parse_cookies,
    serialize_cookie,
    values_of_cookie,
)
from watchword.http.headers import Headers

from .discreet import Discreet

SESSION_TOKEN = "session_token"
SESSION_DATA = "session_data"
DONT_REMEMBER = "dont_remember"
ACCOUNT_DATA = "account_data"
OAUTH_STATE = "oauth_state"
TWO_FACTOR = "two_factor"

_UNSET = CookieOptions()


class CookieSpec(Discreet, msgspec.Struct, frozen=True):
    """One kind of cookie: its full name and attributes."""

    name: str
    attributes: CookieAttributes


class CookieNames:
    """Full names and attributes of all cookies of one configuration.

    `secure` puts `__Secure-` in front and sets the flag; `domain` is that of cross-subdomain
    cookies, if any (spec: cookies and sessions, names and attributes).
    """

    def __init__(self, advanced: Advanced, *, secure: bool, domain: str | None = None) -> None:
        self._advanced = advanced
        self._prefix = "__Secure-" if secure else ""
        self._base = CookieAttributes(
            secure=secure or None, same_site="lax", path="/", http_only=True, domain=domain
        ).merged(advanced.default_cookie_attributes)
        self._specs: dict[tuple[str, int | None], CookieSpec] = {}
        self.session_token = self.spec(SESSION_TOKEN).name
        """The full name of the session's cookie."""
        self.session_data = self.spec(SESSION_DATA).name
        """That of the session cache."""

    def spec(self, base_name: str, *, max_age: int | None = None) -> CookieSpec:
        """The cookie with this base name; configured attributes win over `max_age`."""
        known = self._specs.get((base_name, max_age))
        if known is None:
            option = self._advanced.cookies.get(base_name, _UNSET)
            name = option.name or f"{self._advanced.cookie_prefix}.{base_name}"
            attributes = self._base.merged(CookieAttributes(max_age=max_age))
            known = CookieSpec(self._prefix + name, attributes.merged(option.attributes))
            self._specs[base_name, max_age] = known
        return known


class CookieJar:
    """The cookies of a request, and those that its response will set, in order."""

    __slots__ = ("_header", "_incoming", "_older", "_outgoing", "_secret", "outdated")

    def __init__(self, headers: Headers, secret: str, older: Sequence[str] = ()) -> None:
        """`secret` signs; cookies under one of the `older` secrets are taken as well."""
        self._header = headers.get("cookie")
        self._incoming: Mapping[str, str] | None = None
        self._outgoing: list[tuple[str, str, str]] = []  # name, value, Set-Cookie line
        self._secret = secret
        self._older = older
        self.outdated = False
        """Whether a cookie was taken under an older secret, and is to be signed anew."""

    def reading(self, headers: Headers) -> CookieJar:
        """A jar for other request headers that will set what this one was going to set."""
        jar = CookieJar(headers, self._secret, self._older)
        jar._outgoing = self._outgoing
        return jar

    @property
    def header(self) -> str | None:
        """The raw Cookie header; an empty one is not None."""
        return self._header

    @property
    def incoming(self) -> Mapping[str, str]:
        """Name to decoded value; the first of one name wins."""
        if self._incoming is None:
            self._incoming = parse_cookies(self._header) if self._header else {}
        return self._incoming

    def chunks(self, name: str) -> Mapping[str, str]:
        """A cookie and its pieces, by their names, in the stricter reading: the last one wins."""
        return parse_cookie_chunks(self._header, name) if self._header else {}

    def get_signed(self, name: str) -> str | None:
        """The value of a signed cookie; None if absent, malformed or forged.

        Of several with the name it is the first that is genuine.
        """
        for raw in values_of_cookie(self._header, name) if self._header else ():
            value = self.verify(raw)
            if value is not None:
                return value
        return None

    def is_repeated(self, name: str) -> bool:
        """Whether the browser may have several cookies with a name."""
        header = self._header
        if header is None or header.count(f"{name}=") < 2:
            return False
        return len(values_of_cookie(header, name)) > 1

    def all_signed(self, name: str) -> list[str]:
        """The values of the genuine ones among the signed cookies with a name, each once."""
        raws = values_of_cookie(self._header or "", name)
        found = [value for raw in raws if (value := self.verify(raw)) is not None]
        return list(dict.fromkeys(found))

    def verify(self, raw: str) -> str | None:
        """The value of a raw signed cookie; None if it is malformed or forged."""
        value = verify_cookie_value(raw, self._secret)
        if value is not None:
            return value
        for secret in self._older:
            value = verify_cookie_value(raw, secret)
            if value is not None:
                self.outdated = True
                break
        return value

    def set(self, name: str, value: str, attributes: CookieAttributes) -> None:
        """Set a cookie; it follows earlier ones of the same name, so it wins."""
        self._outgoing.append((name, value, serialize_cookie(name, value, attributes)))

    def set_signed(self, name: str, value: str, attributes: CookieAttributes) -> None:
        """Set a cookie with the value's signature behind it."""
        self.set(name, sign_cookie_value(value, self._secret), attributes)

    def relay(self, lines: Iterable[str]) -> None:
        """Set what another response of this server set."""
        for line in lines:
            name, _, value = line.partition(";")[0].partition("=")
            self._outgoing.append((name, value, line))

    def expire(self, name: str, attributes: CookieAttributes) -> None:
        """Delete a cookie in the browser; what this response set under the name is dropped.

        Where cookies are those of a domain, one of the host alone goes as well: browsers have both
        when the option was set later, and would send the older one first.
        """
        self.drop(name)
        gone = attributes.merged(CookieAttributes(max_age=0))
        if gone.domain and not name.lower().startswith("__host-"):
            self.set(name, "", replace(gone, domain=None))
        self.set(name, "", gone)

    def drop(self, name: str, *, pieces: bool = False) -> None:
        """Forget what this response was going to set under a name; with `pieces` also those that a
        long value comes in."""
        kept = [entry for entry in self._outgoing if entry[0] != name]
        if pieces:
            kept = [entry for entry in kept if not entry[0].startswith(f"{name}.")]
        self._outgoing = kept

    def keep_from_browser(self) -> list[str]:
        """The lines, for somebody else to keep: the browser only gets those that delete."""
        lines = list(self.lines())
        self.keep_deletions()
        return lines

    def keep_deletions(self) -> None:
        """Forget what this response was going to set; what it deletes stays deleted."""
        self._outgoing = [entry for entry in self._outgoing if not entry[1]]

    @property
    def outgoing(self) -> Mapping[str, str]:
        """Name to value of what this response sets; empty values delete. The last one wins."""
        return {name: value for name, value, _ in self._outgoing}

    def set_so_far(self, name: str) -> str | None:
        """The value that this response sets under a name (empty: deletes it), or None."""
        return self.outgoing.get(name)

    def lines(self) -> Iterator[str]:
        """The Set-Cookie values, in order."""
        return (line for _, _, line in self._outgoing)

    def __bool__(self) -> bool:
        return bool(self._outgoing)
