"""One mail to a server, on an event loop. Whoever awaits it bounds the time of all of it."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any, cast

from watchword.runtime.connecting_on_loops import connected

from .envelope import Envelope
from .refusals import MailRefused
from .smtp import SMTP
from .smtp_answers import NO_UTF8, Stage, refusal, unreachable
from .smtp_tls import context_for

try:
    import aiosmtplib
except ModuleNotFoundError as error:
    raise ImportError('watchword.mail needs aiosmtplib: pip install "watchword[mail]"') from error


async def send(options: SMTP, envelope: Envelope) -> None:
    """Send a mail. Raises `MailRefused`, `MailDeferred`."""
    talk = _Conversation(options)
    try:
        await talk.converse(envelope)
    except aiosmtplib.SMTPHeloError as error:
        failure = refusal("greeting", error.code, error.message)
    except aiosmtplib.SMTPResponseException as error:
        failure = refusal(talk.stage, error.code, error.message)
    except aiosmtplib.SMTPNotSupported:
        failure = MailRefused(NO_UTF8)
    except ssl.SSLCertVerificationError:
        failure = unreachable(_UNTRUSTED)
    except (aiosmtplib.SMTPException, OSError) as error:
        failure = unreachable(_reason(error, talk.stage))
    else:
        return
    finally:
        talk.leave()
    raise failure


_UNTRUSTED = "the server's certificate is not trusted"


class _Conversation:
    """With one server."""

    def __init__(self, options: SMTP) -> None:
        self.stage: Stage = "greeting"
        self._options = options
        self._client = aiosmtplib.SMTP(
            hostname=options.host,
            use_tls=options.encrypted,
            start_tls=False,
            tls_context=context_for(options) if options.encrypted or options.upgrades else None,
            local_hostname=options.own_name,
            timeout=options.patience,
        )

    async def converse(self, envelope: Envelope) -> None:
        """All of it. What it raises belongs to `stage`."""
        options, client = self._options, self._client
        # aiosmtplib would give all of the time to the first address.
        socket = await connected(options.host, options.port, options.patience)
        await client.connect(sock=socket)
        if options.upgrades:
            self.stage = "STARTTLS"
            await client.starttls()
        if options.username:
            self.stage = "AUTH"
            await client.login(options.username, options.password)
        self.stage = "MAIL"
        encoding = "utf-8" if envelope.utf8 else "ascii"
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if envelope.utf8 and not client.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported(NO_UTF8)
        await client.mail(envelope.sender, options=envelope.options, encoding=encoding)
        self.stage = "RCPT"
        await client.rcpt(envelope.recipient, encoding=encoding)
        self.stage = "DATA"
        await client.data(envelope.data)

    def leave(self) -> None:
        """Say good-bye, without waiting for an answer: the mail is the server's, or it is not."""
        transport = cast("Any", self._client.transport)
        with suppress(Exception):
            transport.write(b"QUIT\r\n")
            # Closing would wait for the other side to agree.
            transport.abort()
        self._client.close()


def _reason(error: Exception, stage: Stage) -> str:
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return _UNTRUSTED
    if isinstance(error, TimeoutError):
        return "timeout"
    asked = stage in ("STARTTLS", "AUTH") and type(error) is aiosmtplib.SMTPException
    return f"the server offers no {stage}" if asked else type(error).__name__
