"""W8: what counts guesses is not undone with anybody's transaction.

An application that calls watchword inside a transaction of its own, and rolls that back when the
call fails, would undo the count with it: its callers could guess without end. Where the database
counts, such calls are refused before anything is compared; where memory counts, it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tests.core.conftest import FAST, MakeAuth
from tests.storage.conftest import (
    engines,
    mysql_url,
    postgres_schema,
    postgres_url,
    standing_mysql,
)
from tests.support.browser import ORIGIN, SECRET, Browser
from tests.support.sqlalchemy_engines import Engines
from watchword import (
    APIError,
    Auth,
    Call,
    EmailAndPassword,
    FailedSignIns,
    Headers,
    Plugin,
    RateLimit,
    SignInEmail,
    SignUpEmail,
    User,
)
from watchword.database.contract import WouldNotLast
from watchword.endpoint import post
from watchword.features.passwords import ChangePassword, VerifyPassword
from watchword.plugins import ActionToken, EmailOTP
from watchword.plugins.action_token import VerifyActionToken, redeem_action_token
from watchword.plugins.email_otp import CheckOTP, SignInByOTP
from watchword.storage.memory import MemoryStorage
from watchword.storage.sqlalchemy import SQLAlchemyStorage

__all__ = ["engines", "mysql_url", "postgres_schema", "postgres_url", "standing_mysql"]

ADA, PASSWORD, MOST = "ada@example.com", "password1234", 4
SIGN_IN = SignInEmail(email=ADA, password="wrong-horse")
CODES = ("sign_in_email_otp", "check_verification_otp", "verify_action_token")
GUESSES: dict[str, Any] = {
    "sign_in_email": SIGN_IN,
    "verify_password": VerifyPassword(password="wrong-horse"),
    "change_password": ChangePassword(new_password="another-horse", current_password="wrong-horse"),
    "sign_in_email_otp": SignInByOTP(email=ADA, otp="000000"),
    "check_verification_otp": CheckOTP(email=ADA, type="sign-in", otp="000000"),
    "verify_action_token": VerifyActionToken(token="000000", type="delete"),
}


@dataclass
class Server:
    """A server on engines of the application, and what was compared there."""

    auth: Auth[Any]
    storage: SQLAlchemyStorage
    engines: Engines
    compared: list[str]
    headers: Headers

    def guess(self, name: str, session: Session | None = None) -> Exception:
        """What comes of a wrong guess, made in the transaction of a session if there is one."""
        call = getattr(self.auth.blocking.api, name)
        if session is None:
            with pytest.raises((APIError, WouldNotLast)) as raised:
                call(GUESSES[name], headers=self.headers)
            return raised.value
        with self.storage.using(session):
            return self.guess(name)


Serve = Callable[..., Server]


@pytest.fixture
def serve(engines: Engines) -> Iterator[Serve]:
    """Builds servers whose guesses are counted in the database, or where options say."""
    made: list[Auth[Any]] = []

    def make(**options: Any) -> Server:
        compared: list[str] = []
        storage = SQLAlchemyStorage(*engines, dispose_on_close=True)
        auth = Auth(
            database=storage,
            secret=SECRET,
            base_url=ORIGIN,
            environ={},
            email_and_password=EmailAndPassword(
                enabled=True, argon2_cost=FAST, failed_sign_ins=FailedSignIns(most=MOST)
            ),
            plugins=[
                EmailOTP(send_verification_otp=lambda mail, request: None),
                ActionToken(
                    send_token=lambda mail, request: None,
                    require_verified_email=False,
                    log_in_development=False,
                ),
            ],
            **{"rate_limit": RateLimit(storage="database"), **options},
        )
        made.append(auth)
        auth.blocking.migrate()
        real = auth.config.passwords.verify

        def verify(stored: str, password: str) -> bool:
            compared.append(password)
            return real(stored, password)

        auth.config.passwords.verify = verify  # type: ignore[method-assign]
        browser = Browser(auth)
        browser.post("/sign-up/email", {"name": "Ada", "email": ADA, "password": PASSWORD})
        cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
        return Server(auth, storage, engines, compared, Headers.of({"cookie": cookie}))

    yield make
    for auth in made:
        auth.blocking.close()


@pytest.mark.parametrize("name", list(GUESSES))
def test_w8_a_guess_in_a_transaction_of_the_application_is_refused_and_nothing_compared(
    serve: Serve, name: str
) -> None:
    server = serve()
    with Session(server.engines[0]) as session:
        for _ in range(MOST + 2):
            assert isinstance(server.guess(name, session), WouldNotLast)
            session.rollback()
    assert server.compared == []


@pytest.mark.parametrize("name", ["sign_in_email", "sign_in_email_otp"])
async def test_w8_the_same_awaited(serve: Serve, name: str) -> None:
    server = serve()
    async with AsyncSession(server.engines[1]) as session:
        async with server.storage.using(session):
            with pytest.raises(WouldNotLast):
                await getattr(server.auth.api, name)(GUESSES[name])
        await session.rollback()
    with pytest.raises(APIError):
        await getattr(server.auth.api, name)(GUESSES[name])
    await server.auth.close()
    assert server.compared == ([] if name in CODES else ["wrong-horse"])


def test_w8_outside_exactly_the_allowed_number_is_compared(serve: Serve) -> None:
    server = serve()
    statuses: list[int] = []
    for _ in range(MOST + 2):
        with Session(server.engines[0]) as session:
            assert isinstance(server.guess("sign_in_email", session), WouldNotLast)
        refused = server.guess("sign_in_email")
        assert isinstance(refused, APIError)
        statuses.append(refused.status)
    assert statuses == [401] * MOST + [429] * 2
    assert len(server.compared) == MOST


def test_w8_the_transaction_of_the_application_stays_usable(serve: Serve) -> None:
    server = serve()
    bob = SignUpEmail(email="bob@example.com", password=PASSWORD, name="Bob")
    with Session(server.engines[0]) as session:
        with server.storage.using(session):
            server.auth.blocking.api.sign_up_email(bob)
        assert isinstance(server.guess("sign_in_email", session), WouldNotLast)
        session.commit()
    body = SignInEmail(email="bob@example.com", password=PASSWORD)
    assert server.auth.blocking.api.sign_in_email(body).user.name == "Bob"


@pytest.mark.parametrize("place", ["memory", "secondary-storage"])
def test_w8_what_is_counted_elsewhere_is_counted_in_transactions_too(
    serve: Serve, place: Any
) -> None:
    more = {"secondary_storage": MemoryStorage()} if place == "secondary-storage" else {}
    server = serve(rate_limit=RateLimit(storage=place), **more)
    statuses: list[int] = []
    for _ in range(MOST + 2):
        with Session(server.engines[0]) as session:
            refused = server.guess("sign_in_email", session)
            assert isinstance(refused, APIError)
            statuses.append(refused.status)
            session.rollback()
    assert statuses == [401] * MOST + [429] * 2
    assert len(server.compared) == MOST


def test_w8_requests_are_not_counted_in_a_transaction_that_may_be_undone(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(rate_limit=RateLimit(storage="database", enabled=True))
    with Session(server.engines[0]) as session, server.storage.using(session):
        answer = Browser(server.auth).sign_in(ADA, password="wrong-horse")
    assert (answer.status, server.compared) == (500, [])
    assert "call before it begins" in caplog.text, "the log says what to do"


@dataclass(frozen=True, kw_only=True)
class Orders(Plugin):
    """An application's endpoint that asks for a code in the middle of its transaction."""

    id: ClassVar[str] = "orders"

    @post("/order", name="order", requires="sensitive")
    async def order(self, call: Call) -> None:
        async with call.db.transaction():
            await call.db.update(User, {"name": "Ordered"}, id=call.session.user.id)
            await redeem_action_token(call, "000000", "order")


def test_w8_our_own_transactions_can_undo_a_count_no_more(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    codes = ActionToken(send_token=lambda mail, request: None, require_verified_email=False)
    browser = Browser(make_auth(plugins=[codes, Orders()]), kind)
    browser.sign_up()
    browser.post("/one-time-token/send-token", {"type": "order"})
    assert browser.post("/order", {}).status == 500
    assert "guesses at a code are counted in the database" in caplog.text
    assert browser.session()["user"]["name"] == "Ada", "nothing is half done"
