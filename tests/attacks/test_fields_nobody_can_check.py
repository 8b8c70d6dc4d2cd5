"""W11: a field whose type no value can be held against is refused before the first request."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from watchword import Account, AccountOptions, ConfigurationError, Session, SessionOptions, User
from watchword.call import Call
from watchword.endpoint import post
from watchword.plugin import Plugin

SLUG = msgspec.Meta(pattern="^[a-z]+$")


class Member(User, kw_only=True):
    slug: Annotated[str | None, SLUG] = None


class Visit(Session, kw_only=True):
    slug: Annotated[str | None, SLUG] = None


class Membership(Account, kw_only=True):
    seats: Annotated[int, msgspec.Meta(max_length=3)] = 1


class Either(User, kw_only=True):
    tags: list[int] | list[str] | None = None


class Right(User, kw_only=True):
    slug: Annotated[str, SLUG] | None = None


@pytest.mark.parametrize(
    ("named", "options"),
    [
        ("Member.slug", {"user_type": Member}),
        ("Visit.slug", {"session": SessionOptions(model=Visit)}),
        ("Membership.seats", {"account": AccountOptions(model=Membership)}),
        ("Either.tags", {"user_type": Either}),
    ],
)
def test_of_an_application(make_auth: MakeAuth, named: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{named}: .*Annotated\[str, Meta"):
        make_auth(**options)


def test_what_is_constrained_inside_is_right(make_auth: MakeAuth) -> None:
    make_auth(user_type=Right)


class Input(msgspec.Struct):
    slug: Annotated[str | None, SLUG] = None


def test_of_an_endpoint() -> None:
    with pytest.raises(TypeError, match="pattern"):

        class Wrong(Plugin):  # pyright: ignore[reportUnusedClass]
            @post("/slug")
            async def slug(self, call: Call, body: Input) -> None: ...
