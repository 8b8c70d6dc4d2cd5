# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""A user's program that only type checkers read: what `auth.api` and `Auth[Member]` infer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, assert_type

from watchword import (
    Auth,
    Column,
    EmailAndPassword,
    GetSession,
    Request,
    Response,
    Session,
    SessionAndUser,
    SessionOptions,
    SignInEmail,
    SignUpEmail,
    Submitted,
    User,
    VerifyPassword,
    WithHeaders,
)
from watchword.client import AsyncClient, Client
from watchword.features.email_password_wire import SignedIn, SignedUp
from watchword.features.sessions import SignedOut
from watchword.plugins import MagicLink, OneTimeToken
from watchword.plugins.magic_link import SignedInByLink, VerifyMagicLink
from watchword.plugins.one_time_token import GeneratedToken, VerifyOneTimeToken
from watchword.results import Status
from watchword.users import SignInLink, UserPage


class Member(User):
    lang: str = "en"
    tier: Annotated[str, Column(input=False)] = "free"


plain = Auth(database="sqlite://")
assert_type(plain, Auth[User])
auth = Auth(
    database="sqlite://",
    user_type=Member,
    email_and_password=EmailAndPassword(enabled=True),
    plugins=[OneTimeToken()],
)
assert_type(auth, Auth[Member])
assert_type(auth.config.options.session, SessionOptions)


async def asynchronous() -> None:
    found = await auth.api.get_session(headers={"cookie": "..."})
    assert_type(found, SessionAndUser[Member] | None)
    if found is not None:
        assert_type(found.user.lang, str)
        assert_type(found.session, Session)
    await auth.api.get_session(GetSession(disable_refresh="1"), headers=[("cookie", "x")])
    signed_in = await auth.api.sign_in_email(
        SignInEmail(email="a@b.co", password="x"), return_headers=True
    )
    assert_type(signed_in, WithHeaders[SignedIn[Member]])
    assert_type(signed_in.cookies, tuple[str, ...])
    assert_type(await auth.api.list_sessions(headers={}), list[Session])
    assert_type(await auth.api.sign_out(as_response=True), Response)
    token = await auth.api.call(OneTimeToken.generate_one_time_token)(headers={})
    assert_type(token, GeneratedToken)
    checked = await auth.check({})
    assert_type(checked.session, SessionAndUser[Member] | None)
    assert_type(checked.headers, tuple[tuple[str, str], ...])
    assert_type(await auth.api.list_sessions(checked=checked), list[Session])
    request = Request(method="POST", path="/login")
    person = SignInEmail(email="a@b.co", password="x")
    done = await auth.api.sign_in_email(person, request=request, return_headers=True)
    assert_type(done, WithHeaders[SignedIn[Member]])
    submitted = await auth.api.sign_in_email.submit(request, {"email": "a@b.co", "password": "x"})
    assert_type(submitted, Submitted[SignedIn[Member]])
    assert_type(submitted.value, SignedIn[Member] | None)
    assert_type(submitted.errors, Mapping[str, str])
    assert_type(await auth.api.sign_out.submit(request), Submitted[SignedOut])


def blocking() -> None:
    api = auth.blocking.api
    assert_type(api.get_session(headers={"cookie": "..."}), SessionAndUser[Member] | None)
    made = api.sign_up_email(SignUpEmail(name="A", email="a@b.co", password="x"))
    assert_type(made, SignedUp[Member])
    assert_type(api.generate_one_time_token(headers={}), GeneratedToken)
    person = SignInEmail(email="a@b.co", password="x")
    request = Request(method="POST", path="/login")
    assert_type(api.sign_in_email(person, request=request), SignedIn[Member])
    assert_type(api.sign_in_email.submit(request, person), Submitted[SignedIn[Member]])
    redeemed = api.verify_one_time_token(VerifyOneTimeToken(token="x"))
    assert_type(redeemed, SessionAndUser[Member])
    opened = api.magic_link_verify(VerifyMagicLink(token="x"), as_response=True)
    assert_type(opened, Response)
    assert_type(api.magic_link_verify(VerifyMagicLink(token="x")), SignedInByLink[Member])
    proven = api.call(MagicLink.magic_link_verify)(VerifyMagicLink(token="x"))
    assert_type(proven, SignedInByLink[User])


async def by_the_servers_own_hand() -> None:
    users, own = auth.users, auth.blocking.users
    assert_type(await users.get("id"), Member | None)
    assert_type(own.get("id"), Member | None)
    assert_type(await users.create(email="ada@example.com", tier="pro"), Member)
    assert_type(own.update("id", name="Ada"), Member)
    assert_type(await users.list(sort_by="email"), UserPage[Member])
    assert_type(own.list().users, Sequence[Member])
    assert_type(await users.create_session("id"), WithHeaders[SessionAndUser[Member]])
    assert_type(own.sessions("id"), list[Session])
    assert_type(own.sign_in_link("id"), SignInLink)
    assert_type(await users.delete("id"), None)
    assert_type(plain.blocking.users.find("ada@example.com"), User | None)


def over_http() -> None:
    """The same functions in a client, with the same types."""
    with Client("https://example.com", user_type=Member, plugins=[OneTimeToken]) as client:
        assert_type(client, Client[Member])
        assert_type(client.api.get_session(), SessionAndUser[Member] | None)
        made = client.api.sign_up_email(SignUpEmail(name="A", email="a@b.co", password="x"))
        assert_type(made, SignedUp[Member])
        assert_type(client.api.sign_out(as_response=True), Response)
        proven = client.api.call(MagicLink.magic_link_verify)(VerifyMagicLink(token="x"))
        assert_type(proven, SignedInByLink[User])
        assert_type(client.token, str | None)
        client.api.sign_in_email()  # pyright: ignore[reportCallIssue]
        client.api.verify_password(SignInEmail(email="a@b.co", password="x"))  # pyright: ignore
        print(client.api.nothing_like_it)  # pyright: ignore
    assert_type(Client("https://example.com"), Client[User])
    Client("https://example.com", user_type=int)  # pyright: ignore[reportArgumentType]
    Client("https://example.com", plugins=[OneTimeToken()])  # pyright: ignore


async def over_http_on_a_loop() -> None:
    async with AsyncClient("https://example.com", user_type=Member) as client:
        assert_type(client, AsyncClient[Member])
        assert_type(await client.api.get_session(), SessionAndUser[Member] | None)
        token = await client.api.call(OneTimeToken.generate_one_time_token)()
        assert_type(token, GeneratedToken)


def without_input() -> None:
    """What is needed cannot be left out; what is optional, and what there is none of, can."""
    api = auth.blocking.api
    api.sign_in_email()  # pyright: ignore[reportCallIssue]
    api.sign_in_email(None)  # pyright: ignore
    api.sign_in_email(headers={}, as_response=True)  # pyright: ignore
    api.verify_one_time_token(return_headers=True)  # pyright: ignore
    api.call(OneTimeToken.verify_one_time_token)()  # pyright: ignore[reportCallIssue]
    api.verify_password(SignInEmail(email="a@b.co", password="x"))  # pyright: ignore
    api.sign_out(SignInEmail(email="a@b.co", password="x"))  # pyright: ignore
    assert_type(api.verify_password(VerifyPassword(password="x")), Status)
    assert_type(api.get_session(), SessionAndUser[Member] | None)
    assert_type(api.get_session(GetSession()), SessionAndUser[Member] | None)
    assert_type(api.update_user(headers={}), Status)
    assert_type(api.sign_out(return_headers=True).cookies, tuple[str, ...])


def mistakes() -> None:
    Auth(databse="sqlite://")  # pyright: ignore[reportCallIssue]
    Auth("sqlite://")  # pyright: ignore[reportCallIssue]
    Auth(user_type=int)  # pyright: ignore[reportArgumentType]
    Auth(session={"expires_in": 5})  # pyright: ignore[reportArgumentType]
    auth.blocking.api.get_session(header={})  # pyright: ignore[reportCallIssue]
    auth.blocking.api.sign_out(request={})  # pyright: ignore
    print(auth.blocking.api.nothing_like_it)  # pyright: ignore
    SignInEmail(email="a@b.co")  # pyright: ignore[reportCallIssue]
