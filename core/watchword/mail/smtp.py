"""SMTP: the server that takes our mails, as a URL.

    SMTP("smtps://user:password@smtp.example.com")        TLS from the first byte (port 465)
    SMTP("smtp://user:password@smtp.example.com")         STARTTLS, which is insisted on (587)
    SMTP("smtp://localhost:1025")                         a server on this machine, without TLS

User and password are percent-encoded, and shown nowhere. Certificates are verified.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from email.message import EmailMessage
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from watchword.configuration.durations import Duration, in_seconds, seconds
from watchword.errors import ConfigurationError
from watchword.http.origins import is_loopback_host

from .envelope import envelope_of
from .message import ascii_domain
from .refusals import MailRefused

if TYPE_CHECKING:
    import ssl

_URL = "SMTP.url"
_FORM = "Give smtp://user:password@host:587, percent-encoded: '@' in a password is %40"
_LONGEST = 2048
_PORTS = {"smtp": 587, "smtps": 465}
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}", re.ASCII)
_SWITCHES = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class SMTP:
    """A server that takes mails (RFC 5321, RFC 6409)."""

    url: str = field(repr=False)
    """`smtp://` or `smtps://`, with user and password if the server wants them, and the port if it
    is not 587 or 465. `?starttls=false` is as the option."""
    timeout: Duration = 30
    """For all of one mail: connecting, signing in, sending (1 to 120 seconds)."""
    starttls: bool | None = None
    """Whether a connection that begins without TLS goes on with it, or not at all. None: yes, but
    for a server on this machine that wants no password."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """How TLS is spoken. None: with the system's certificates, which are verified."""
    local_hostname: str | None = None
    """What this machine is called. None: its own name, if that has a domain."""
    host: str = field(init=False)
    port: int = field(init=False)
    encrypted: bool = field(init=False)
    """TLS from the first byte."""
    upgrades: bool = field(init=False)
    """STARTTLS."""
    username: str = field(init=False, repr=False)
    password: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        seconds("SMTP.timeout", self.timeout, least=1, most=120)
        if find_spec("aiosmtplib") is None:
            remedy = "pip install 'watchword[mail]'"
            raise ConfigurationError("SMTP", "aiosmtplib is not installed", remedy)
        for name, value in _parsed(self.url, self.starttls).items():
            object.__setattr__(self, name, value)
        named = self.local_hostname
        if named is not None and _HOST.fullmatch(named) is None:
            raise ConfigurationError("SMTP.local_hostname", f"{named!r} is no name", "Give one")

    @property
    def patience(self) -> float:
        """Seconds that a mail may take."""
        return in_seconds(self.timeout)

    @property
    def own_name(self) -> str:
        """What this machine calls itself. Nobody is asked: that might take for ever."""
        if self.local_hostname is not None:
            return self.local_hostname
        name = socket.gethostname()
        return name if "." in name and _HOST.fullmatch(name) else "[127.0.0.1]"

    def send(self, message: EmailMessage, /) -> None:
        """Send a mail with one addressee; blocks. Raises `MailRefused`, `MailDeferred`."""
        # A program of one world does not load the other's.
        import_module("..smtp_blocking", __name__).send(self, envelope_of(message))

    async def send_async(self, message: EmailMessage, /) -> None:
        """Send a mail with one addressee on an event loop. Raises as `send` does."""
        await import_module("..smtp_async", __name__).send(self, envelope_of(message))


def _parsed(url: str, starttls: bool | None) -> dict[str, object]:
    # Nothing of the URL is shown: it may hold the password in any place.
    if not isinstance(url, str) or not 0 < len(url) <= _LONGEST:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _wrong("it is no URL")
    if not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise _wrong("it holds a character that has to be percent-encoded")
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise _wrong("host or port cannot be read") from None
    if found.scheme not in _PORTS:
        raise _wrong("it does not begin with smtp:// or smtps://")
    host = _host(found.hostname or "")
    if found.path not in ("", "/") or found.fragment:
        raise _wrong("there is something behind the host, or '/' and '#' are not percent-encoded")
    username, password = unquote(found.username or ""), unquote(found.password or "")
    for text in (username, password):
        if not text.isascii() or not text.isprintable():
            raise _wrong("user and password of SMTP are printable ASCII")
    if bool(username) != bool(password):
        raise _wrong("user and password go together")
    encrypted = found.scheme == "smtps"
    wanted = _starttls(found.query, starttls)
    if encrypted and wanted:
        raise ConfigurationError("SMTP.starttls", "smtps:// begins with TLS", "Leave it out")
    if wanted is None:
        wanted = bool(username) or not is_loopback_host(host)
    return {
        "host": host,
        "port": _PORTS[found.scheme] if port is None else port,
        "encrypted": encrypted,
        "upgrades": wanted and not encrypted,
        "username": username,
        "password": password,
    }


def _host(given: str) -> str:
    try:
        host = ascii_domain(unquote(given))
    except MailRefused:
        host = ""
    if _HOST.fullmatch(host) is None:
        raise _wrong("it names no host")
    return host


def _starttls(query: str, given: bool | None) -> bool | None:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs:
        return given
    if len(pairs) > 1 or pairs[0][0] != "starttls" or pairs[0][1] not in _SWITCHES:
        raise _wrong("its query is not starttls=true or starttls=false")
    return _SWITCHES[pairs[0][1]] if given is None else given


def _wrong(problem: str) -> ConfigurationError:
    return ConfigurationError(_URL, problem, _FORM)
