"""Copies of users in sessions of a secondary storage, where something fails behind a change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import Call, ModelHooks, Plugin, User
from watchword.endpoint import post
from watchword.storage.memory import MemoryStorage


@dataclass(frozen=True)
class Renaming(Plugin):
    """Gives whoever asks another name."""

    id: ClassVar[str] = "renaming"
    done: list[str] = field(default_factory=list[str])

    @post("/rename", requires="session")
    async def rename(self, call: Call) -> None:
        """By a single statement."""
        await call.db.update(User, {"name": "Countess"}, id=call.session.user.id)

    @post("/rename-together", requires="session")
    async def rename_together(self, call: Call) -> None:
        """In a transaction, with more to be done behind it."""

        async def more() -> None:
            self.done.append("more")

        async with call.db.transaction():
            await call.db.update(User, {"name": "Countess"}, id=call.session.user.id)
            await call.db.after_commit(more)


@pytest.mark.parametrize(("path", "done"), [("/rename", []), ("/rename-together", ["more"])])
def test_a_hook_that_fails_keeps_no_user_as_he_was(
    make_auth: MakeAuth, clock: Clock, kind: str, path: str, done: list[str]
) -> None:
    def fail(user: object, call: object) -> None:
        raise RuntimeError("a hook of the application")

    renaming = Renaming()
    auth = make_auth(
        secondary_storage=MemoryStorage(clock),
        database_hooks={"user": ModelHooks(update_after=fail)},
        plugins=[renaming],
    )
    browser = Browser(auth, kind)
    browser.sign_up()
    assert browser.post(path, {}).status == 500
    assert browser.session()["user"]["name"] == "Countess"
    assert renaming.done == done
