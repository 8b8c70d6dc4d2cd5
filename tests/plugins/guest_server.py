"""A server with guests, who write notes; whoever a guest turns out to be gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec

from tests.support.browser import Answer, Browser
from watchword import Auth, User
from watchword.database.records import Column, Record
from watchword.plugin import Call, Discreet, Plugin, Success, get, post
from watchword.plugins import Anonymous
from watchword.plugins.anonymous import LinkedGuest

GUEST, DELETE = "/sign-in/anonymous", "/delete-anonymous-user"
SESSION = "better-auth.session_token"
CARRIED = "better-auth.anonymous"


class Note(Record, kw_only=True):
    """Something that a user wrote."""

    __model__: ClassVar[str] = "note"
    user_id: Annotated[str, Column(references="user.id", index=True)]
    text: str


class Written(Discreet, msgspec.Struct, frozen=True):
    """What to write."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Notes(Plugin):
    """Notes of whoever is signed in, guests included."""

    id: ClassVar[str] = "notes"
    records: ClassVar[tuple[type[Record], ...]] = (Note,)

    @post("/notes", requires="session")
    async def write_note(self, call: Call, body: Written) -> Success:
        await call.db.create(Note, user_id=call.session.user.id, text=body.text)
        return Success()

    @get("/notes", requires="session")
    async def read_notes(self, call: Call) -> list[str]:
        found = await call.db.find_many(Note, user_id=call.session.user.id)
        return sorted(note.text for note in found)


class Broken(Exception):
    """What a callback fails with."""


@dataclass
class Moving:
    """The application's callback: moves notes, and can be told to fail."""

    linked: list[LinkedGuest] = field(default_factory=list[LinkedGuest])
    fails: Exception | None = None

    async def __call__(self, linked: LinkedGuest, call: Call) -> None:
        self.linked.append(linked)
        old, new = linked.anonymous_user.user.id, linked.new_user.user.id
        for note in await call.db.find_many(Note, user_id=old):
            await call.db.update(Note, {"user_id": new}, id=note.id)
        if self.fails is not None:
            raise self.fails

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Addresses of the users that guests were linked with, and the texts that tell them."""
        return [(one.anonymous_user.user.id, one.new_user.user.email) for one in self.linked]


@dataclass
class GuestServer:
    """A server, and what its callback was told."""

    auth: Auth[Any]
    moving: Moving
    kind: str = "blocking"

    def browser(self) -> Browser:
        return Browser(self.auth, self.kind)

    def member(self, email: str = "ada@example.com") -> Browser:
        """Somebody who has an account, in a browser of their own."""
        browser = self.browser()
        assert browser.sign_up(email).status == 200
        return browser

    def guest(self, *notes: str) -> Guest:
        """A guest, with notes."""
        browser = self.browser()
        answer = browser.post(GUEST)
        assert answer.status == 200, answer.json
        for text in notes:
            assert browser.post("/notes", {"text": text}).status == 200
        return Guest(browser, answer)

    def users(self) -> dict[str, Any]:
        """All users by their ids."""
        return {user.id: user for user in self.auth.blocking.api.call(Looking.users)()}


@dataclass
class Guest:
    """A guest before a browser."""

    browser: Browser
    answer: Answer

    @property
    def id(self) -> str:
        return self.answer.json["user"]["id"]

    @property
    def email(self) -> str:
        return self.answer.json["user"]["email"]


@dataclass(frozen=True, kw_only=True)
class Looking(Plugin):
    """Looks into the database, whichever it is."""

    id: ClassVar[str] = "looking"

    @get("/users", server_only=True)
    async def users(self, call: Call) -> list[User]:
        return await call.db.find_many(User)


def guest_server(
    make_auth: Callable[..., Auth[Any]],
    kind: str = "blocking",
    *,
    plugins: Any = (),
    auth: Mapping[str, Any] | None = None,
    **options: Any,
) -> GuestServer:
    """A server; options of the plugin are keywords, those of `Auth` stand in `auth`."""
    moving = Moving()
    options.setdefault("on_link_account", moving)
    made = make_auth(plugins=[Anonymous(**options), Notes(), Looking(), *plugins], **(auth or {}))
    return GuestServer(made, moving, kind)


def who(browser: Browser) -> str | None:
    """The address of who is signed in."""
    session = browser.session()
    return None if session is None else session["user"]["email"]
