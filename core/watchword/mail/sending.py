"""One attempt to send a mail: into words, into a form, to the transport; and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from watchword.call import Call
from watchword.observability.logs import place

from .drafts import Content, Draft, draft
from .layout import laid_out
from .message import message_of
from .parcels import Parcel
from .refusals import MailDeferred, MailRefused
from .transports import Transport, TwoWayTransport
from .words import Dictionary

if TYPE_CHECKING:
    from .jinja_templates import Templates

_LONGEST_REASON = 200

Writer: TypeAlias = "Callable[[Draft], Content | Awaitable[Content | None] | None]"
"""Makes a mail of a draft in an application's own way, `def` or `async def`; None: as usual."""


def afresh(call: Call) -> Call:
    """A call of its own for work behind an answer: with a moment of its own, and outside of any
    transaction."""
    return Call(call.config, call.runtime, call.site)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a mail was not sent. The reason holds neither address nor content."""

    reason: str
    final: bool = False
    """Whether trying again would not help."""
    unreachable: bool = False
    """Whether no mail would have been taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where mails get their words and their form, and are given away."""

    transport: Transport
    sender: Address
    reply_to: Address | None
    site_name: str | None
    """None: the application's name."""
    dictionary: Dictionary
    templates: Templates | None
    writers: Mapping[str, Writer] = field(repr=False)

    async def attempt(self, call: Call, content: Parcel) -> Failure | None:
        """Send a mail; None if it was taken. Raises nothing."""
        try:
            await self._carry(call, await self.message(call, content))
        except MailRefused as error:
            return Failure(_told(error.reason), final=True)
        except MailDeferred as error:
            return Failure(_told(error.reason), unreachable=error.unreachable)
        except TimeoutError:
            return Failure("timeout", unreachable=True)
        except Exception as error:
            # Of a transport or a template of the application's. Its text may quote the mail.
            return Failure(f"{type(error).__name__} at {place(error)}")
        return None

    async def message(self, call: Call, content: Parcel) -> EmailMessage:
        """The mail as it is sent. Raises `MailRefused`, and what templates and functions raise."""
        words = self.dictionary.of(content.language)
        site = self.site_name or call.config.options.app_name
        made = draft(content.letter, content.language, words, site, call.now)
        return message_of(
            await self._written(call, made),
            sender=self.sender,
            reply_to=self.reply_to,
            to=content.letter.to,
            message_id=content.message_id,
            language=content.language,
            now=call.now,
        )

    async def _written(self, call: Call, made: Draft) -> Content:
        writer = self.writers.get(made.letter.kind)
        own = None if writer is None else await call.run(writer, made)
        if isinstance(own, Content):
            return own
        usual = laid_out(made)
        return usual if self.templates is None else self.templates.rendered(made, usual)

    async def _carry(self, call: Call, message: EmailMessage) -> None:
        transport = self.transport
        if isinstance(transport, TwoWayTransport):
            blocking = partial(transport.send, message)
            asynchronous = partial(transport.send_async, message)
            await call.runtime.either(blocking, asynchronous, transport.patience)
        else:
            await call.run(transport.send, message)


def _told(reason: str) -> str:
    """A reason as it may stand in a log: one line, and no long one."""
    return " ".join(reason[:_LONGEST_REASON].split())
