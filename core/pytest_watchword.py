"""The fixtures of `watchword.testing`, for pytest, which finds them by itself.

Beside the package and not in it: pytest loads its plugins in every project, and this one loads
nothing of watchword before a test asks for a fixture of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from watchword import Auth, SessionAndUser, User
    from watchword.testing import Clock, Outbox


def _kit() -> Any:
    return import_module("watchword.testing")


@pytest.fixture
def auth() -> Auth[Any]:
    """The server that the other fixtures are about: yours."""
    pytest.fail(
        "define a fixture `auth` that gives the Auth of your application, or "
        "watchword.testing.auth(...); see docs/testing.md of watchword",
        pytrace=False,
    )


@pytest.fixture
def auth_clock(auth: Auth[Any]) -> Iterator[Clock]:
    """The time of `auth`, which stands still until it is moved."""
    with _kit().frozen(auth) as clock:
        yield clock


@pytest.fixture
def outbox(auth: Auth[Any]) -> Iterator[Outbox]:
    """What `auth` would have mailed in this test."""
    with _kit().captured(auth) as outbox:
        yield outbox


@pytest.fixture
def cheap_passwords(auth: Auth[Any]) -> Iterator[None]:
    """Password hashes of `auth` take no time in this test."""
    with _kit().cheap_passwords(auth):
        yield


@pytest.fixture
def make_user(auth: Auth[Any]) -> Callable[..., User]:
    """`make_user(**fields)`: a new user of `auth`."""
    return partial(_kit().make_user, auth)


@pytest.fixture
def async_make_user(auth: Auth[Any]) -> Callable[..., Awaitable[User]]:
    """`await async_make_user(**fields)`, where the database is only asynchronous."""
    return partial(_kit().async_make_user, auth)


@pytest.fixture
def sign_in(auth: Auth[Any]) -> Callable[..., SessionAndUser[User]]:
    """`sign_in(client, user)`: gives a test client the cookies of a new session."""
    return partial(_kit().sign_in, auth)


@pytest.fixture
def async_sign_in(auth: Auth[Any]) -> Callable[..., Awaitable[SessionAndUser[User]]]:
    """`await async_sign_in(client, user)`, where the database is only asynchronous."""
    return partial(_kit().async_sign_in, auth)
