"""Mails before they have words: what a feature says of each, and who gives it words and sends it.

A feature names the options by which it mails, each with a function that makes a `Letter` of what
the option's callback gets (`Plugin.letters`). Where the application gives no callback, a `Post`
stands there and hands the letter to the server's own mailer (`Auth(mail=...)`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

import msgspec

from watchword.call import Call
from watchword.discreet import Discreet
from watchword.errors import ConfigurationError
from watchword.plugin_base import Plugin
from watchword.records import User

MAILER = "mail"
"""What `Plugin.needs` says for an option without which nothing can be mailed."""


class Letter(Discreet, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be mailed. Whoever holds `url` or `code` may use it: never log them."""

    __secrets__: ClassVar[frozenset[str]] = frozenset(("to", "name", "url", "values"))

    kind: str
    """Which mail it is: `reset-password`, say."""
    to: str
    """The address."""
    name: str = ""
    """What the addressee is called, as he said it; empty where nobody has proven the address."""
    url: str = ""
    """The link that it is about."""
    code: str = ""
    """The code that it is about."""
    expires_at: datetime | None = None
    """Until when link or code are good."""
    values: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """What else it tells of; people may have chosen these texts."""
    user_id: str | None = None
    """Whom it is about, for the log."""


LetterOf: TypeAlias = Callable[[Any], Letter]
"""Makes a letter of what an option's callback gets."""


class Mailing(Plugin):
    """The server's own mailer, as features know it."""

    @property
    def for_development(self) -> bool:
        """Whether it shows mails and sends none."""
        return False

    async def post(self, call: Call, letter: Letter | None, reader: User | None) -> None:
        """Have a letter sent behind the answer, in the language of `reader`, if he is known.

        None: nobody is mailed, and the work that the answer waits for is the same.
        """
        raise NotImplementedError


def mailer_of(call: Call) -> Mailing:
    """The server's own mailer. Raises `ConfigurationError` without one."""
    for plugin in call.config.plugins.values():
        if isinstance(plugin, Mailing):
            return plugin
    raise ConfigurationError("mail", "there is no mailer", "Give Auth(mail=Mailer(...))")


def check_mailer(given: object, plugins: Sequence[Plugin]) -> None:
    """Raise `ConfigurationError` for what is no mailer, or one that stands among the plugins."""
    if any(isinstance(one, Mailing) for one in plugins):
        problem = "a mailer stands among the plugins, where it does nothing"
        raise ConfigurationError("plugins", problem, "Give it as Auth(mail=...)")
    if given is not None and not isinstance(given, Mailing):
        problem = f"an object of {type(given).__name__} is no Mailer"
        remedy = "Give Mailer(SMTP('smtp://...'), sender='App <no-reply@app.example>')"
        raise ConfigurationError("mail", problem, remedy)


@dataclass(frozen=True, slots=True, eq=False)
class Post:
    """The callback by which the server's own mailer stands in for one that was not given."""

    mailing: Mailing = field(repr=False)
    letter_of: LetterOf = field(repr=False)

    async def send(self, call: Call, data: object) -> None:
        """Hand over what the callback would have got; None: see `Mailing.post`."""
        letter = None if data is None else self.letter_of(data)
        reader = data if isinstance(data, User) else getattr(data, "user", None)
        await self.mailing.post(call, letter, reader if isinstance(reader, User) else None)

    def __call__(self, data: object, request: object) -> None:
        """As all mail callbacks are called, but for this one, which needs the call. Raises
        `TypeError`."""
        raise TypeError("the server's own mailer is no function: use watchword.plugin.send_mail")


def proven_name(user: User) -> str:
    """What to call somebody in a mail: nothing before the mailbox is known to be his. Whoever signs
    up with the address of somebody else would choose what is read there."""
    return user.name if user.email_verified else ""
