"""What the pages of who is signed in have in common: a menu, and a way to sign in again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from watchword.features.credentials import credential_of
from watchword.http.response import Response
from watchword.records import User
from watchword.results import SessionAndUser
from watchword.submitted import NO_DATA, Submitted

from .page import Page
from .visit import Visit

T = TypeVar("T")

MENU = (
    ("account", "profile"),
    ("account/password", "password"),
    ("account/two-factor", "two_factor"),
    ("account/passkeys", "passkeys"),
    ("account/linked", "linked"),
    ("account/sessions", "sessions"),
    ("account/api-keys", "api_keys"),
    ("organizations", "organizations"),
    ("account/delete", "delete"),
)
"""Paths in the order of the menu, and the ends of the keys of their texts."""

_SIGN_IN_AGAIN = {
    "UNAUTHORIZED": "sign_in_first",
    "UNAUTHORIZED_SESSION": "sign_in_first",
    "SESSION_NOT_FRESH": "sign_in_again",
    "SESSION_EXPIRED": "sign_in_again",
}
"""What an endpoint says to who has to sign in, and what to tell them."""


class Elsewhere(Exception):
    """There is nothing to show here: another answer is due."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class AccountPage(Page):
    """Base of them. Subclasses say what there is to see (`values`), and do what is asked (`act`);
    both may raise `Elsewhere`."""

    requires = "session"
    has_menu: ClassVar[bool] = True

    async def values(self, visit: Visit) -> dict[str, object]:
        """What the template shows."""
        return {}

    async def act(self, visit: Visit) -> Response:
        """Answer a form."""
        return await self.show(visit)

    async def show(self, visit: Visit) -> Response:
        error = visit.query("error")
        errors = {"": visit.words.of_code(error)} if error else {}
        try:
            return await visit.show(await self.shown(visit), errors=errors)
        except Elsewhere as away:
            return away.response

    async def submit(self, visit: Visit) -> Response:
        try:
            return await self.act(visit)
        except Elsewhere as away:
            return away.response

    async def shown(self, visit: Visit, **more: object) -> dict[str, object]:
        """All values of the template."""
        menu = [(path, key) for path, key in MENU if visit.offers(path)] if self.has_menu else []
        return {"menu": menu, "here_path": self.path, **await self.values(visit), **more}

    async def refused(
        self,
        visit: Visit,
        done: Submitted[Any],
        renamed: Mapping[str, str] | None = None,
        **more: object,
    ) -> Response:
        """The page again, with what is wrong; or the way to sign in. `renamed` has the form's
        names of fields by those of the endpoint."""
        self.leave_if_asked(visit, done)
        shown = await self.shown(visit, **more)
        given = {(renamed or {}).get(name, name): text for name, text in done.given.items()}
        return await visit.refuse(done, shown, given=given, renamed=renamed)

    async def found(self, visit: Visit, endpoint: str, data: Mapping[str, object] = NO_DATA) -> Any:
        """What an endpoint gives; a page that says why it does not."""
        done = await visit.submit(endpoint, data)
        if done.ok:
            return done.value
        self.leave_if_asked(visit, done)
        raise Elsewhere(await visit.refuse(done, template="account-refused.html"))

    async def signed_in(self, visit: Visit) -> SessionAndUser[User]:
        """Who is signed in, here in any case."""
        found = await visit.session()
        if found is None:
            raise Elsewhere(self.sign_in(visit, "sign_in_first"))
        return found

    async def has_password(self, visit: Visit) -> bool:
        """Whether who is signed in has one. No endpoint is asked: one that refuses to answer would
        have said no."""
        user = (await self.signed_in(visit)).user
        account = await credential_of(visit.call, user.id)
        return account is not None and account.password is not None

    def sign_in(self, visit: Visit, notice: str) -> Response:
        """To the page to sign in with, and back here."""
        visit.next = visit.back(self.keeps)
        return visit.go("sign-in", notice=notice)

    def leave_if_asked(self, visit: Visit, done: Submitted[Any]) -> None:
        """Raise `Elsewhere` where an endpoint wants another proof of who is asking."""
        if (notice := _SIGN_IN_AGAIN.get(done.code)) is not None:
            raise Elsewhere(self.sign_in(visit, notice))
        if done.code == "SECOND_FACTOR_REQUIRED" and visit.offers("second-factor"):
            visit.next = visit.back(self.keeps)
            raise Elsewhere(visit.go("second-factor"))
