"""The server's own mailer: what it is told, and what it does with a letter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from email.headerregistry import Address
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from watchword.call import Call
from watchword.configuration.durations import Duration, in_seconds, seconds
from watchword.configuration.option_checks import check_callback, check_texts
from watchword.database.records import Record
from watchword.errors import ConfigurationError
from watchword.features.letters import MAILER, Letter, Mailing
from watchword.plugin_base import Hook, Plugin, Stage, on_request
from watchword.plugins.i18n import I18n
from watchword.records import User

from .direct import Direct
from .message import address_of
from .outbox import Outbox, QueuedMail
from .parcels import parcel
from .post_office import PostOffice
from .refusals import MailRefused
from .sending import Desk, Writer
from .standing_in import standing_in
from .transports import Transport
from .words import ENGLISH, Dictionary, words_in

if TYPE_CHECKING:
    from .jinja_templates import Templates

_NAMED = re.compile(r"(?:\"(?P<quoted>[^\"]*)\"|(?P<name>[^<>\"]*?))\s*<(?P<address>[^<>]*)>")


@dataclass(frozen=True)
class Mailer(Mailing):
    """Mails what features have to mail, where the application gives no callback of its own."""

    id: ClassVar[str] = MAILER
    records: ClassVar[tuple[type[Record], ...]] = (QueuedMail,)

    transport: Transport = field(repr=False)
    """What carries mails: `SMTP(...)`, `Console()`, `Files(...)`, or an object with `send`."""
    _: KW_ONLY
    sender: str
    """From whom they are: `no-reply@app.example`, or `App <no-reply@app.example>`."""
    reply_to: str | None = None
    """Where answers go to, in the same form."""
    site_name: str | None = None
    """What the site is called in mails. None: `Auth(app_name=...)`."""
    language: str = ENGLISH
    """Of mails to people whose language plugin I18n does not know, or where it is not installed."""
    templates: str | Path | None = None
    """A folder with words (`de.json`) and Jinja templates (`reset-password.html`) of your own."""
    write: Mapping[str, Writer] = field(default_factory=dict[str, Writer], repr=False)
    """Functions that make mails of drafts, by kind."""
    without: Collection[str] = ()
    """Features that it does not mail for, by id: `delete-user`, `notices`."""
    outbox: bool | Outbox = False
    """Keep mails in a table until they are sent: `True`, or how. Without it they are tried a few
    times within seconds, and are lost with the process."""
    retry_after: Sequence[Duration] = (1, 5)
    """Without an outbox: seconds before the second and each further attempt."""
    _office: Direct | PostOffice = field(init=False, repr=False, compare=False)
    _desk: Desk = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not callable(getattr(self.transport, "send", None)):
            problem = f"an object of {type(self.transport).__name__} sends no mails"
            raise ConfigurationError("Mailer.transport", problem, "Give SMTP('smtp://...')")
        check_texts("Mailer.without", self.without)
        for kind, writer in self.write.items():
            check_callback(f"Mailer.write[{kind!r}]", writer)
        for wait in self.retry_after:
            seconds("Mailer.retry_after", wait, most=60)
        object.__setattr__(self, "_desk", self._made_desk())
        object.__setattr__(self, "_office", self._made_office())

    def stand_in(self, features: Sequence[Plugin]) -> tuple[Plugin, ...]:
        """The features of a server, mailing through a mailer like this that is theirs alone, and
        that mailer. Raises `ConfigurationError`."""
        own = replace(self)
        return (*standing_in(own, features, self.without), own)

    def tables(self) -> Sequence[type[Record]]:
        """That of the outbox, if there is one."""
        return self.records if self.outbox else ()

    def needs(self) -> Sequence[tuple[str, str]]:
        """A database for the outbox: memory does not survive a restart."""
        return [("Mailer.outbox", "database")] if self.outbox else ()

    def hooks(self, stage: Stage) -> Iterator[Hook]:
        """Looking after the outbox, if there is one."""
        return super().hooks(stage) if self.outbox else iter(())

    @property
    def for_development(self) -> bool:
        """Whether the transport shows mails and sends none."""
        return getattr(self.transport, "for_development", False)

    @property
    def desk(self) -> Desk:
        """Where mails are made and given away."""
        return self._desk

    @property
    def post_office(self) -> PostOffice:
        """The outbox. Raises `ConfigurationError` without one."""
        if isinstance(self._office, PostOffice):
            return self._office
        raise ConfigurationError("Mailer.outbox", "there is none", "Give Mailer(outbox=True)")

    async def post(self, call: Call, letter: Letter | None, reader: User | None) -> None:
        """Have a letter sent behind the answer, in the language of its reader.

        Addresses below `.invalid` are made up, for people of whom none is known (RFC 6761, 6.4).
        """
        language = await self._language(call, reader)
        if letter is not None and letter.to.lower().endswith(".invalid"):
            letter = None
        await self._office.put(call, letter and parcel(call, letter, language))

    @on_request()
    async def send_what_is_due(self, call: Call) -> None:
        """Once in a while, and with the first request of a process, send what waits."""
        await self.post_office.look(call)

    async def _language(self, call: Call, reader: User | None) -> str:
        known = self._desk.dictionary
        i18n = next((one for one in call.config.plugins.values() if isinstance(one, I18n)), None)
        if i18n is None:
            return self.language
        # Asked for in any case: whether somebody is known must not be told by the work.
        asking = await i18n.locale_of(call, known)
        own = getattr(reader, i18n.user_locale_field, None)
        if isinstance(own, str) and own in known:
            return own
        return asking if asking in known else self.language

    def _made_office(self) -> Direct | PostOffice:
        if self.outbox:
            options = self.outbox if isinstance(self.outbox, Outbox) else Outbox()
            if in_seconds(options.lease) <= getattr(self.transport, "patience", 0):
                problem = "the transport may take longer: a second attempt would begin meanwhile"
                raise ConfigurationError("Outbox.lease", problem, "Give more than SMTP.timeout")
            return PostOffice(self._desk, options)
        return Direct(self._desk, [in_seconds(wait) for wait in self.retry_after])

    def _made_desk(self) -> Desk:
        folder = None if self.templates is None else Path(self.templates)
        if folder is not None and not folder.is_dir():
            problem = f"{str(folder)!r} is no folder"
            raise ConfigurationError("Mailer.templates", problem, "Name one that is there")
        dictionary = Dictionary({} if folder is None else words_in(folder))
        if self.language not in dictionary:
            problem = f"there are no words in {self.language!r}"
            remedy = f"Give templates= with {self.language}.json, or another language"
            raise ConfigurationError("Mailer.language", problem, remedy)
        for kind in self.write:
            if kind not in dictionary.kinds:
                remedy = f"Give one of {', '.join(sorted(dictionary.kinds))}"
                raise ConfigurationError("Mailer.write", f"there is no mail {kind!r}", remedy)
        return Desk(
            transport=self.transport,
            sender=_mailbox("Mailer.sender", self.sender),
            reply_to=None if self.reply_to is None else _mailbox("Mailer.reply_to", self.reply_to),
            site_name=self.site_name,
            dictionary=dictionary,
            templates=None if folder is None else _templates(folder, dictionary.kinds),
            writers=self.write,
        )


def _templates(folder: Path, kinds: Collection[str]) -> Templates | None:
    if not any(file.suffix in (".html", ".txt") for file in folder.iterdir()):
        return None
    try:
        module = import_module("..jinja_templates", __name__)
    except ImportError as error:
        remedy = 'pip install "watchword[mail]"'
        raise ConfigurationError("Mailer.templates", str(error), remedy) from None
    made: Templates = module.Templates(folder, kinds)
    return made


def _mailbox(option: str, text: str) -> Address:
    found = _NAMED.fullmatch(text.strip())
    name = "" if found is None else (found["quoted"] or found["name"] or "").strip()
    try:
        if not name.isprintable():
            raise MailRefused("a control character")
        return address_of(text.strip() if found is None else found["address"].strip(), name)
    except MailRefused:
        remedy = "Give 'App <no-reply@app.example>'"
        raise ConfigurationError(option, f"{text!r} is no address", remedy) from None
