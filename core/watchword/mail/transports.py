"""What carries mails away: the protocol, and two for development."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from watchword.configuration.option_checks import check_type
from watchword.errors import ConfigurationError


class Transport(Protocol):
    """Carries mails. `send` is `def` or `async def`; one that blocks is called in a thread where an
    event loop runs."""

    def send(self, message: EmailMessage, /) -> object:
        """Send a mail with one addressee. Raises `MailRefused` where trying again would not help;
        after anything else that it raises, it is tried again."""
        ...


@runtime_checkable
class TwoWayTransport(Protocol):
    """A transport with a way of its own for each world."""

    patience: float
    """Seconds that a mail may take."""

    def send(self, message: EmailMessage, /) -> None:
        """Send a mail; blocks."""
        ...

    async def send_async(self, message: EmailMessage, /) -> None:
        """Send a mail on an event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Console:
    """Prints mails, and sends none: for development. What is printed lets people in."""

    for_development: ClassVar[bool] = True

    def send(self, message: EmailMessage, /) -> None:
        """Print the text of a mail on standard error."""
        body = message.get_body(("plain",))
        text = "" if body is None else body.get_content()
        lines = [f"To: {message['To']}", f"Subject: {message['Subject']}", "", text.rstrip()]
        rule = "-" * 72
        print(f"{rule}\n" + "\n".join(lines) + f"\n{rule}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Files:
    """Writes each mail to a file, and sends none: for development. Mail programs open `.eml`."""

    for_development: ClassVar[bool] = True

    directory: str | Path
    """Where to; made if it is not there, readable by you alone."""

    def __post_init__(self) -> None:
        if not self.directory:
            raise ConfigurationError("Files.directory", "it is empty", "Name a folder: 'mails'")
        if not isinstance(self.directory, str):
            check_type("Files.directory", self.directory, Path)

    def send(self, message: EmailMessage, /) -> None:
        """Write a mail. Raises `OSError`."""
        folder = Path(self.directory)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        moment = message["Date"].datetime
        file = folder / f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}.eml"
        # Never through a link that somebody else put there.
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as out:
            out.write(message.as_bytes())
