"""W9: mail servers that hang stall nothing else, and no mail that was promised is lost."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.services import ROOT
from watchword import (
    Advanced,
    Auth,
    Call,
    ChangeEmail,
    DeleteUser,
    EmailAndPassword,
    EmailVerification,
    Hooks,
    PasswordReset,
    WorkLimits,
)
from watchword.plugins import ActionToken, EmailOTP, MagicLink
from watchword.runtime.blocking import finish

Scenario = Callable[["World"], Coroutine[Any, Any, None]]
RESET = ("/request-password-reset", {"email": "ada@example.com"})
SIGN_UP = {"name": "Ada", "email": "ada@example.com", "password": "password1234"}
SIGN_IN = {"email": "ada@example.com", "password": "password1234"}
UNAVAILABLE = (503, "SERVICE_UNAVAILABLE")


class PostOffice:
    """A mail server that hangs until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.sent: list[object] = []
        self.threads: set[str] = set()

    def send(self, mail: object, request: object) -> None:
        self.threads.add(threading.current_thread().name)
        assert self.release.wait(60)
        self.sent.append(mail)


class World:
    """One server in one of the two worlds, spoken to from within it."""

    def __init__(self, auth: Auth[Any], kind: str) -> None:
        self.auth = auth
        self.kind = kind
        self.browser = Browser(auth)

    async def post(self, path: str, body: Any) -> Answer:
        return await self._send("POST", path, body)

    async def get(self, path: str) -> Answer:
        return await self._send("GET", path)

    async def drain(self, within: float | None = None) -> None:
        if self.kind == "async":
            await self.auth._async_runtime().drain(within)
        else:
            self.auth.blocking.runtime.drain(within)

    async def _send(self, method: str, path: str, body: Any = None) -> Answer:
        request = self.browser.request(method, path, body)
        if self.kind == "async":
            answer = Answer(await self.auth.handle(request))
        else:
            answer = Answer(self.auth.blocking.handle(request))
        self.browser.keep(answer.cookies)
        return answer


@pytest.fixture
def office() -> Iterator[PostOffice]:
    made = PostOffice()
    yield made
    made.release.set()


@pytest.fixture
def play(make_auth: MakeAuth, kind: str) -> Callable[..., None]:
    """Plays a scenario in a world that is made with the options given."""

    def run(scenario: Scenario, **options: Any) -> None:
        auth = make_auth(**options)
        world = World(auth, kind)

        async def whole() -> None:
            try:
                await scenario(world)
            finally:
                await auth.close()

        if kind == "async":
            asyncio.run(whole())
        else:
            finish(scenario(world))

    return run


def mailing(office: PostOffice, **limits: Any) -> dict[str, Any]:
    return {
        "password_reset": PasswordReset(send_reset_password=office.send),
        "advanced": Advanced(work=WorkLimits(**limits)),
    }


def test_fifty_hanging_mails_stall_no_hook_no_sign_in_and_no_session(
    play: Callable[..., None], office: PostOffice
) -> None:
    hooks = Hooks(before=lambda call: None, after=lambda call: None)

    async def scenario(world: World) -> None:
        await world.post("/sign-up/email", SIGN_UP)
        for _ in range(50):
            assert (await world.post(*RESET)).status == 200
        assert (await world.post("/sign-in/email", SIGN_IN)).status == 200
        assert (await world.get("/get-session")).json["user"]["email"] == "ada@example.com"
        assert office.sent == []
        office.release.set()
        await world.drain()
        assert len(office.sent) == 50

    play(scenario, hooks=hooks, **mailing(office))
    assert len(office.threads) == 16
    assert all(name.startswith("watchword-background") for name in office.threads)


def test_a_full_queue_refuses_before_anything_is_promised_and_loses_nothing(
    play: Callable[..., None], office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(world: World) -> None:
        await world.post("/sign-up/email", SIGN_UP)
        for _ in range(3):
            assert (await world.post(*RESET)).status == 200
        rows = await promised(world)
        for email in ("ada", "nobody", "ada"):
            answer = await world.post(RESET[0], {"email": f"{email}@example.com"})
            assert (answer.status, answer.code) == UNAVAILABLE
            assert answer.header("retry-after") == answer.header("x-retry-after") == "30"
        assert await promised(world) == rows == 6  # each has a note of what it is bound to
        assert (await world.post("/sign-in/email", SIGN_IN)).status == 200
        office.release.set()
        await world.drain()
        assert len(office.sent) == 3
        assert (await world.post(*RESET)).status == 200
        await world.drain()
        assert len(office.sent) == 4

    play(scenario, **mailing(office, background=1, background_queue=2))
    told = [record for record in caplog.records if record.name == "watchword.background"]
    assert [record.levelno for record in told] == [logging.ERROR, logging.WARNING]


MAILING = {
    "sign_up_email": ("/sign-up/email", {**SIGN_UP, "email": "b@example.com"}),
    "request_password_reset": RESET,
    "send_verification_email": ("/send-verification-email", {"email": "ada@example.com"}),
    "change_email": ("/change-email", {"newEmail": "new@example.com"}),
    "delete_user": ("/delete-user", {}),
    "sign_in_magic_link": ("/sign-in/magic-link", {"email": "ada@example.com"}),
    "send_verification_otp": (
        "/email-otp/send-verification-otp",
        {"email": "ada@example.com", "type": "sign-in"},
    ),
    "request_password_reset_email_otp": (
        "/email-otp/request-password-reset",
        {"email": "ada@example.com"},
    ),
    "forget_password_email_otp": ("/forget-password/email-otp", {"email": "ada@example.com"}),
    "request_email_change_email_otp": (
        "/email-otp/request-email-change",
        {"newEmail": "new@example.com"},
    ),
    "send_action_token": ("/one-time-token/send-token", {"type": "delete"}),
}
"""Every endpoint that mails: its path and an input that would make it do so."""


async def promised(world: World) -> int:
    """Rows of users and promised tokens beside the first user."""
    engine = world.auth.blocking.runtime.engine
    return finish(engine.count("user", [])) + finish(engine.count("verification", [])) - 1


def with_all_that_mails(office: PostOffice, **limits: Any) -> dict[str, Any]:
    return {
        **mailing(office, **limits),
        "email_verification": EmailVerification(send_verification_email=office.send),
        "change_email": ChangeEmail(enabled=True),
        "delete_user": DeleteUser(enabled=True, send_delete_account_verification=office.send),
        "plugins": [
            MagicLink(send_magic_link=office.send),
            EmailOTP(send_verification_otp=office.send, change_email=True),
            ActionToken(send_token=office.send),
        ],
    }


def test_no_endpoint_promises_a_mail_while_the_queue_is_full(
    play: Callable[..., None], office: PostOffice
) -> None:
    async def scenario(world: World) -> None:
        await world.post("/sign-up/email", SIGN_UP)
        assert (await world.post(*RESET)).status == 200
        rows = await promised(world)
        answers = {name: await world.post(*given) for name, given in MAILING.items()}
        refused = {name for name, one in answers.items() if (one.status, one.code) == UNAVAILABLE}
        assert refused == set(MAILING)
        assert await promised(world) == rows
        office.release.set()
        await world.drain()
        assert len(office.sent) == 1

    play(scenario, **with_all_that_mails(office, background=1, background_queue=0))


def test_every_endpoint_that_is_declared_to_mail_is_in_the_table(
    make_auth: MakeAuth, office: PostOffice
) -> None:
    auth = make_auth(**with_all_that_mails(office))
    declared = {name for name, one in auth.endpoints.items() if one.traits.promises_mail}
    assert declared == set(MAILING) - {"delete_user"}


def test_signing_in_unverified_makes_no_promise_while_the_queue_is_full(
    play: Callable[..., None], office: PostOffice
) -> None:
    async def scenario(world: World) -> None:
        assert (await world.post("/sign-up/email", SIGN_UP)).status == 200
        answer = await world.post("/sign-in/email", SIGN_IN)
        assert (answer.status, answer.code) == UNAVAILABLE
        office.release.set()
        await world.drain()
        assert (await world.post("/sign-in/email", SIGN_IN)).code == "EMAIL_NOT_VERIFIED"
        await world.drain()
        assert len(office.sent) == 2

    play(
        scenario,
        email_and_password=EmailAndPassword(
            enabled=True, argon2_cost=FAST, require_email_verification=True
        ),
        email_verification=EmailVerification(
            send_verification_email=office.send, send_on_sign_up=True, send_on_sign_in=True
        ),
        advanced=Advanced(work=WorkLimits(background=1, background_queue=0)),
    )


def test_work_of_the_application_s_own_is_refused_aloud(
    play: Callable[..., None], office: PostOffice
) -> None:
    began: list[str] = []

    async def own() -> None:
        began.append("own")

    async def scenario(world: World) -> None:
        await world.post("/sign-up/email", SIGN_UP)
        assert (await world.post(*RESET)).status == 200
        answer = await world.get("/ok")
        assert (answer.status, answer.code) == UNAVAILABLE
        office.release.set()
        await world.drain()
        assert began == []

    def start(call: Call) -> None:
        if call.path == "/ok":
            call.background(own())

    async def start_on_the_loop(call: Call) -> None:
        start(call)

    hooks = Hooks(after=start_on_the_loop)
    play(scenario, hooks=hooks, **mailing(office, background=1, background_queue=0))


def test_closing_waits_for_a_while_and_tells_what_is_left(
    play: Callable[..., None], office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(world: World) -> None:
        await world.post("/sign-up/email", SIGN_UP)
        for _ in range(2):
            await world.post(*RESET)
        await world.drain(0.01)
        assert "2 pieces of background work were not finished within 0.01 s" in caplog.text
        office.release.set()
        await world.drain()
        assert len(office.sent) == 2

    play(scenario, **mailing(office))


async def test_hooks_that_hang_have_a_bounded_queue(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()

    def hang(call: Call) -> None:
        assert release.wait(60)

    limits = WorkLimits(callback_threads=1, callback_queue=2)
    auth = make_auth(hooks=Hooks(before=hang), advanced=Advanced(work=limits))

    request = Browser(auth).request("GET", "/ok")
    tasks = [asyncio.create_task(auth.handle(request)) for _ in range(10)]
    early = [await one for one in itertools.islice(asyncio.as_completed(tasks), 7)]
    assert {answer.status for answer in early} == {503}
    assert {answer.header("retry-after") for answer in early} == {"1"}
    release.set()
    assert sorted(one.status for one in await asyncio.gather(*tasks))[:3] == [200] * 3
    assert (await auth.handle(request)).status == 200
    await auth.close()
    told = [one for one in caplog.records if "watchword-callback" in one.message]
    assert [one.levelno for one in told] == [logging.ERROR, logging.WARNING]


def test_a_loop_that_ends_before_the_mail_is_told(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    async def never(mail: object, request: object) -> None:
        await asyncio.Event().wait()

    auth = make_auth(
        password_reset=PasswordReset(send_reset_password=never),
        advanced=Advanced(work=WorkLimits(drain=0.01)),
    )
    browser = Browser(auth)
    browser.sign_up()

    async def unclosed() -> None:
        assert (await auth.handle(browser.request("POST", *RESET))).status == 200

    asyncio.run(unclosed())
    assert "1 pieces of background work were not finished within 0.01 s" in caplog.text


SCRIPT = """
import sys, threading
from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from watchword import Advanced, Auth, EmailAndPassword, PasswordReset, WorkLimits

gate = threading.Event()

def send(mail, request):
    if gate.wait(None if sys.argv[1] == "hangs" else 0.05) or sys.argv[1] == "sends":
        print("sent", flush=True)

auth = Auth(
    database="sqlite://", secret=SECRET, base_url=ORIGIN, environ={},
    email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
    password_reset=PasswordReset(send_reset_password=send),
    advanced=Advanced(work=WorkLimits(drain=0.2 if sys.argv[1] == "hangs" else 30)),
)
auth.blocking.migrate()
browser = Browser(auth)
browser.sign_up()
browser.post("/request-password-reset", {"email": "ada@example.com"})
"""


@pytest.mark.parametrize(
    ("server", "told"),
    [("sends", "sent"), ("hangs", "1 pieces of background work were not finished within 0.2 s")],
)
def test_a_program_that_ends_sends_its_mails_but_waits_for_no_dead_server(
    server: str, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, server],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'core'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told in done.stdout + done.stderr
