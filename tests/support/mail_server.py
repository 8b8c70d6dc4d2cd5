"""A mail server on this machine, and one that only says what a test wants."""

from __future__ import annotations

import asyncio
import email
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.support.services import free_port


@dataclass
class Post:
    """What a mail server was given."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return body.get_content().replace("\r\n", "\n")

    @property
    def html(self) -> str:
        body = self.message.get_body(("html",))
        assert body is not None
        return body.get_content().replace("\r\n", "\n")


@dataclass
class MailServer:
    """Takes mails, unless it is told to answer otherwise."""

    port: int = field(default_factory=free_port)
    answers: dict[str, str | list[str]] = field(default_factory=dict[str, "str | list[str]"])
    """By command (MAIL, RCPT, DATA): what to say instead of yes; a list for one after another."""
    posts: list[Post] = field(default_factory=list[Post])
    users: dict[str, str] = field(default_factory=dict[str, str])
    arrived: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    _controller: Any = None
    _transports: list[Any] = field(default_factory=list[Any])
    _options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self, **options: Any) -> None:
        """Listen; options are aiosmtpd's."""
        self._options = options or self._options
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            enable_SMTPUTF8=True,
            server_hostname="mx.test",
            **self._options,
        )
        self._controller.start()

    def stop(self) -> None:
        """Be gone; `start` brings it back on the same port."""
        if self._controller is not None:
            quiet = asyncio.run_coroutine_threadsafe(self._quiet(), self._controller.loop)
            with suppress(TimeoutError):
                quiet.result(5)
            self._controller.stop()
            self._controller = None

    def to(self, address: str) -> list[Post]:
        """What came for an address."""
        return [post for post in self.posts if address in post.recipients]

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        self._transports.append(server.transport)
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self._said("MAIL")
        if said is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self._said("RCPT")
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        said = self._said("DATA")
        if said is not None:
            return said
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = email.message_from_bytes(raw, policy=policy.default)
        self.posts.append(Post(str(envelope.mail_from), envelope.rcpt_tos, message, raw))
        self.arrived.set()
        return "250 2.0.0 taken"

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any
    ) -> AuthResult:
        """For `authenticator=`."""
        assert isinstance(given, LoginPassword)
        right = self.users.get(given.login.decode()) == given.password.decode()
        return AuthResult(success=right, handled=right)

    async def _quiet(self) -> None:
        """Once those who went away are gone here, too; who hangs is put out."""
        server, loop = self._controller.server, asyncio.get_running_loop()
        for listener in server.sockets:
            loop.remove_reader(listener.fileno())
        # Whoever was let in a moment ago becomes a task, and that another one; a server that is
        # closed before would leave his connection to nobody.
        await asyncio.sleep(0)
        server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(0)
                while others := asyncio.all_tasks() - {asyncio.current_task()}:
                    await asyncio.wait(others)
                    await asyncio.sleep(0)
        for one in self._transports:
            one.abort()
        self._transports.clear()
        for _ in range(3):
            await asyncio.sleep(0)

    def _said(self, command: str) -> str | None:
        given = self.answers.get(command)
        if isinstance(given, list):
            return given.pop(0) if given else None
        return given


@contextmanager
def mail_server(**options: Any) -> Generator[MailServer, None, None]:
    """A started one; options are aiosmtpd's."""
    server = MailServer()
    server.start(**options)
    try:
        yield server
    finally:
        server.stop()


class Kept:
    """A transport that carries mails nowhere."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.arrived = threading.Event()

    def send(self, message: EmailMessage, /) -> None:
        self.sent.append(message)
        self.arrived.set()


Talk = Callable[[socket.socket], None]


@contextmanager
def talking(talk: Talk) -> Generator[int, None, None]:
    """The port of a server that does with each connection what a test says."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                opened.append(client)
                threading.Thread(target=_talk, args=(talk, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        for one in (listener, *opened):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _talk(talk: Talk, client: socket.socket) -> None:
    with suppress(OSError, ssl.SSLError, asyncio.CancelledError):
        talk(client)
