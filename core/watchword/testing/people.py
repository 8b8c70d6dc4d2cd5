"""Users, and test clients that are signed in: without a form, a hash or a request."""

from __future__ import annotations

from secrets import token_hex
from typing import Any, TypeVar

from watchword.auth import Auth
from watchword.records import User
from watchword.results import SessionAndUser

from .clients import taker_of

U = TypeVar("U", bound=User)


def make_user(auth: Auth[U], **fields: Any) -> U:
    """A user, with an address that nobody else has and that counts as proven, unless told else.

    `fields` are those of `auth.users.create`: `email`, `name`, `password`, `role`, your own. Raises
    `APIError`, which names the field.
    """
    return auth.blocking.users.create(**_whole(fields))


async def async_make_user(auth: Auth[U], **fields: Any) -> U:
    """`make_user` for a server that is only asynchronous."""
    return await auth.users.create(**_whole(fields))


def sign_in(
    auth: Auth[U],
    client: object,
    user: User | str,
    *,
    remember: bool = True,
    host: str | None = None,
) -> SessionAndUser[U]:
    """Give a test client the cookies of a new session of a user, or of a user's id.

    `client` is one of Flask, Quart, Werkzeug, Django, Starlette, FastAPI or Litestar, or of httpx
    or httpx2; `host` is whom it asks, where that is not the client's own address (of Flask, Quart
    and Werkzeug: SERVER_NAME, or localhost; Django's asks no host). It was no sign-in: no second
    factor was asked for, and no hooks around endpoints have run. Bans hold. Raises `APIError` as
    `auth.users.create_session` does, `TypeError` for other clients.
    """
    take = taker_of(client, host)
    done = auth.blocking.users.create_session(_id_of(user), remember=remember)
    take(done.cookies)
    return done.value


async def async_sign_in(
    auth: Auth[U],
    client: object,
    user: User | str,
    *,
    remember: bool = True,
    host: str | None = None,
) -> SessionAndUser[U]:
    """`sign_in` for a server that is only asynchronous."""
    take = taker_of(client, host)
    done = await auth.users.create_session(_id_of(user), remember=remember)
    take(done.cookies)
    return done.value


def session_cookies(auth: Auth[Any], user: User | str, *, remember: bool = True) -> dict[str, str]:
    """The cookies of a new session, for clients that `sign_in` does not know: names and values."""
    done = auth.blocking.users.create_session(_id_of(user), remember=remember)
    pairs = (line.partition(";")[0].partition("=") for line in done.cookies)
    return {name: value for name, _, value in pairs}


def _id_of(user: User | str) -> str:
    return user if isinstance(user, str) else user.id


def _whole(fields: dict[str, Any]) -> dict[str, Any]:
    email = f"user-{token_hex(5)}@example.com"
    return {"email": email, "name": "Test User", "email_verified": True, **fields}
