"""Mails and messages as tests read them: to whom, with which links and codes."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from email.message import EmailMessage
from typing import Any, cast

from watchword.auth import Auth
from watchword.features.letters import Letter, Mailing, Post
from watchword.runtime.backlog import unfinished_after
from watchword.runtime.loops import beside_the_loop, is_on_loop

from .rehearsing import another, require_tests

PATIENCE = 10.0
"""Seconds that background work has."""

_LINK = re.compile(r"https?://[^\s<>\"')\]]*[^\s<>\"')\].,;:!?]")
_SENDS = re.compile(r"send(_|\Z)")
_CODE = re.compile(r"(?<![\w./=&?%-])\d{4,10}(?![\w/=&%-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One mail or message that would have gone out. What is secret about it is not printed."""

    to: str
    """The address, or the number of a phone."""
    data: Any = field(repr=False)
    """What the callback got (`Mail`, `CodeMail`, ...), or the text that the application sent."""
    links: tuple[str, ...] = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)

    @property
    def link(self) -> str:
        """The first link. Raises `LookupError`."""
        return _first(self.links, f"{self} has no link")

    @property
    def code(self) -> str:
        """The first code. Raises `LookupError`."""
        return _first(self.codes, f"{self} has no code")


class Outbox:
    """Keeps what would have gone out. `outbox.send` is a callback for every option that sends.

    Mails are sent in the background, after the answer: whatever is read here waits for that first.
    In an `async def` it is waited for by `await outbox.settled()`.
    """

    def __init__(self) -> None:
        self._messages: list[Message] = []

    def send(self, data: Any, request: object = None) -> None:
        """Keep what a callback got: usable as every `send...` option of `Auth` and plugins, and as
        the transport of a `Mailer`."""
        if isinstance(data, EmailMessage):
            return self.send_message(cast("EmailMessage", data))
        url = getattr(data, "url", None)
        codes = [getattr(data, name, None) for name in ("otp", "code", "token")]
        self._keep(
            to=_recipient(data),
            data=data,
            links=() if url is None else (url,),
            # The token of a link is in the link.
            codes=tuple(one for one in codes if one is not None and url is None),
        )

    async def post(self, call: object, letter: Letter | None, reader: object) -> None:
        """Keep a letter, as the server's own mailer gets it."""
        if letter is not None:
            links, codes = ((one,) if one else () for one in (letter.url, letter.code))
            self._keep(to=letter.to, data=letter, links=links, codes=codes)

    def send_text(self, to: str, text: str) -> None:
        """Keep a text that the application wrote; links and codes are found in it."""
        codes = tuple(_CODE.findall(_LINK.sub("", text)))
        self._keep(to=to, data=text, links=tuple(_LINK.findall(text)), codes=codes)

    def send_message(self, message: EmailMessage) -> None:
        """Keep a mail, as `smtplib.SMTP.send_message` would send it."""
        body = message.get_body(("plain", "html"))
        text = "" if body is None else str(body.get_content())
        self.send_text(str(message["To"]), f"{message['Subject'] or ''}\n{text}")

    @property
    def messages(self) -> list[Message]:
        """All of them, oldest first. Raises as `wait` does."""
        self.wait()
        return list(self._messages)

    @property
    def links(self) -> list[str]:
        """All links, oldest first."""
        return [link for message in self.messages for link in message.links]

    @property
    def codes(self) -> list[str]:
        """All codes, oldest first."""
        return [code for message in self.messages for code in message.codes]

    def to(self, recipient: str) -> list[Message]:
        """Those to one address or number, oldest first."""
        wanted = recipient.lower()
        return [message for message in self.messages if message.to.lower() == wanted]

    def last(self, to: str | None = None) -> Message:
        """The newest one, of all or of those to one address or number. Raises `LookupError`."""
        found = self.messages if to is None else self.to(to)
        reached = ", ".join(sorted({message.to for message in self._messages})) or "nobody"
        whom = "" if to is None else f" to {to}"
        return _first(found[::-1], f"nothing was sent{whom}; messages went to {reached}")

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.wait()
        self._messages.clear()

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def wait(self, seconds: float = PATIENCE) -> None:
        """Wait for the background work of all servers in this process.

        Raises `TimeoutError` if it is not done in time, `RuntimeError` where that would hold up the
        event loop that has to do it.
        """
        waits = 0 if is_on_loop() else seconds
        if left := unfinished_after(waits):
            if is_on_loop():
                raise RuntimeError("mails are still being sent: `await outbox.settled()` first")
            raise _too_late(left, seconds)

    async def settled(self, seconds: float = PATIENCE) -> Outbox:
        """Wait for the background work, and go on with this outbox. Raises `TimeoutError`."""
        if left := await beside_the_loop(unfinished_after, seconds):
            raise _too_late(left, seconds)
        return self

    def _keep(self, **message: Any) -> None:
        self._messages.append(Message(**message))


@contextmanager
def captured(*auths: Auth[Any]) -> Generator[Outbox, None, None]:
    """Let everything that built servers send go to an outbox, until the end of the block.

    What they do not send, because there is no callback for it, they go on not sending. Raises
    `ConfigurationError` outside of tests.
    """
    require_tests("testing.captured")
    outbox = Outbox()
    with ExitStack() as changed:
        for auth in auths:
            for plugin in auth.config.plugins.values():
                if isinstance(plugin, Mailing):
                    changed.enter_context(another(plugin, {"post": outbox.post}))
                for options, name in _senders(plugin):
                    changed.enter_context(another(options, {name: outbox.send}))
        # Work that is begun here and ends later has the outbox for its callback already.
        yield outbox


def _senders(options: Any) -> Iterator[tuple[object, str]]:
    """Options that are callbacks and send: of a plugin, or of what it is configured with."""
    for one in fields(options):
        value = getattr(options, one.name, None)
        if is_dataclass(value) and not isinstance(value, type):
            yield from _senders(value)
        elif callable(value) and _SENDS.match(one.name) and not isinstance(value, Post):
            yield options, one.name


def _recipient(data: Any) -> str:
    for name in ("email", "phone_number"):
        if (found := getattr(data, name, None)) is not None:
            return str(found)
    return str(data.user.email)


def _first(found: Any, otherwise: str) -> Any:
    if not found:
        raise LookupError(otherwise)
    return found[0]


def _too_late(left: int, seconds: float) -> TimeoutError:
    return TimeoutError(
        f"{left} pieces of background work are not done after {seconds} s; if they are on an event "
        "loop that stands still, `await outbox.settled()` on it"
    )
