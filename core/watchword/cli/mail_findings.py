"""Checks of the server's own mailer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from watchword.auth import Auth
from watchword.configuration.configuration import Configuration
from watchword.database.contract import Condition, StorageError
from watchword.http.origins import is_loopback_host
from watchword.mail.mailer import Mailer
from watchword.mail.outbox import QueuedMail
from watchword.mail.smtp import SMTP
from watchword.runtime.blocking import finish

from .finding import Finding

AnyAuth: TypeAlias = "Auth[Any]"

_TRANSPORT = "mail.transport"


def check_mailer(auth: AnyAuth) -> Iterator[Finding]:
    """Findings about `Auth(mail=...)`, if there is one, and about its outbox in the database."""
    yield from check_transport(auth.config)
    for plugin in auth.config.plugins.values():
        if isinstance(plugin, Mailer):
            yield from _outbox(auth, plugin)


def check_transport(config: Configuration) -> Iterator[Finding]:
    """Findings about how it mails, which need no database."""
    for plugin in config.plugins.values():
        if isinstance(plugin, Mailer):
            yield from _transport(plugin)


def _transport(mailer: Mailer) -> Iterator[Finding]:
    transport = mailer.transport
    if mailer.for_development:
        what = f"{type(transport).__name__} is for development: nobody gets a mail"
        yield Finding("error", _TRANSPORT, what, "Give SMTP(...)")
    if not isinstance(transport, SMTP) or transport.encrypted or transport.upgrades:
        return
    if transport.username:
        what = "the password of the mail server, and all links and codes, are sent without TLS"
        yield Finding("error", _TRANSPORT, what, "Give smtps://, or leave starttls alone")
    elif not is_loopback_host(transport.host):
        what = "links and codes are sent to the mail server without TLS"
        yield Finding("warning", _TRANSPORT, what, "Give smtps://, or leave starttls alone")


def _outbox(auth: AnyAuth, mailer: Mailer) -> Iterator[Finding]:
    if not mailer.outbox:
        if auth.config.has_database:
            what = "a mail that is not taken within seconds is lost, and so is one at a restart"
            yield Finding("info", "mail.outbox", what, "Give Mailer(..., outbox=True)")
        return
    failed = [Condition("state", "failed")]
    try:
        count = finish(auth.blocking.runtime.engine.count(QueuedMail.__model__, failed))
    except StorageError:
        # Told with the databases.
        return
    if count:
        what = f"{count} mails could not be sent" if count > 1 else "a mail could not be sent"
        yield Finding("warning", "mail.outbox", what, "See `watchword mails --state failed`")
