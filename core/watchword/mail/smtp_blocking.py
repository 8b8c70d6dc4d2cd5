"""One mail to a server, in the blocking world: all of it within a time."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress

from .envelope import Envelope
from .refusals import MailRefused
from .smtp import SMTP
from .smtp_answers import NO_UTF8, Stage, refusal, unreachable
from .smtp_tls import context_for

_MOST_BYTES = 1_048_576
"""Of all answers in one conversation."""


def send(options: SMTP, envelope: Envelope) -> None:
    """Send a mail. Raises `MailRefused`, `MailDeferred`."""
    client = _Client(options)
    try:
        client.converse(envelope)
    except smtplib.SMTPResponseException as error:
        failure = refusal(client.stage, error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError:
        asked = client.stage in ("STARTTLS", "AUTH")
        offers = f"the server offers no {client.stage}"
        failure = unreachable(offers) if asked else MailRefused(NO_UTF8)
    except ssl.SSLCertVerificationError:
        failure = unreachable("the server's certificate is not trusted")
    except (smtplib.SMTPException, OSError) as error:
        late = client.left() <= 0 or isinstance(error, TimeoutError)
        failure = unreachable("timeout" if late else type(error).__name__)
    else:
        return
    finally:
        client.leave()
    raise failure


class _Client(smtplib.SMTP):
    """A conversation that ends in time, however slowly the server speaks."""

    def __init__(self, options: SMTP) -> None:
        self._options = options
        self._end = time.monotonic() + options.patience
        self.stage: Stage = "greeting"
        super().__init__(local_hostname=options.own_name, timeout=options.patience)
        self._host = options.host

    def left(self) -> float:
        """Seconds that there are."""
        return self._end - time.monotonic()

    def converse(self, envelope: Envelope) -> None:
        """All of it. What it raises belongs to `stage`."""
        options = self._options
        _expect(self.connect(options.host, options.port), 220)
        self.ehlo_or_helo_if_needed()
        if options.upgrades:
            self.stage = "STARTTLS"
            self.starttls(context=context_for(options))
            self.ehlo_or_helo_if_needed()
        if options.username:
            self.stage = "AUTH"
            self.login(options.username, options.password)
        self.stage = "MAIL"
        _expect(self.mail(envelope.sender, envelope.options), 250)
        self.stage = "RCPT"
        _expect(self.rcpt(envelope.recipient), 250, 251)
        self.stage = "DATA"
        _expect(self.data(envelope.data), 250)

    def leave(self) -> None:
        """Say good-bye, without waiting for an answer: the mail is the server's, or it is not."""
        with suppress(Exception):
            self.putcmd("quit")
        self.close()

    def send(self, s: object) -> None:
        """See `smtplib`; within the time that is left."""
        if self.sock is not None:
            self.sock.settimeout(max(self.left(), 0.001))
        super().send(s)  # pyright: ignore[reportArgumentType]

    def getreply(self) -> tuple[int, bytes]:
        """See `smtplib`; within the time that is left."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self.file is None:
            self.file = _Lines(self.sock, self.left)
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = self._connected(host, port)
        if not self._options.encrypted:
            return made
        made.settimeout(max(self.left(), 0.001))
        return context_for(self._options).wrap_socket(made, server_hostname=host)

    def _connected(self, host: str, port: int) -> socket.socket:
        # `create_connection` would wait for each address as long as for one.
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failure: OSError | None = None
        for place, (*_, address) in enumerate(found):
            share = max(self.left() / (len(found) - place), 0.001)
            try:
                return socket.create_connection((str(address[0]), port), share)
            except OSError as error:
                failure = error
        raise failure or OSError("the host has no address")


def _expect(answer: tuple[int, bytes], *good: int) -> None:
    code, text = answer
    if code not in good:
        raise smtplib.SMTPResponseException(code, text)


class _Lines:
    """Reads lines from a socket, within a time over all of them."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock = sock
        self._left = left
        self._read = 0
        self._buffer = bytearray()

    def readline(self, most: int) -> bytes:
        """The next line, or its first `most` bytes. Raises `OSError`."""
        while (end := self._buffer.find(b"\n", 0, most)) < 0 and len(self._buffer) < most:
            if not (part := self._received()):
                break
            self._buffer += part
        count = end + 1 if end >= 0 else most
        line = bytes(self._buffer[:count])
        del self._buffer[:count]
        return line

    def close(self) -> None:
        """The socket is closed by whoever opened it."""

    def _received(self) -> bytes:
        rest = self._left()
        if rest <= 0:
            raise TimeoutError
        self._sock.settimeout(rest)
        part = self._sock.recv(4096)
        self._read += len(part)
        if self._read > _MOST_BYTES:
            raise OSError("the server does not stop talking")
        return part
