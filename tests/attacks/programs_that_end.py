"""Programs that are asked for a mail and end, without having closed the server: one for each way.

`python -m tests.attacks.programs_that_end WAY def|async`; it says "sent" for the mail.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvloop
from starlette.testclient import TestClient

from tests.core.conftest import FAST
from tests.support.browser import ORIGIN, SECRET, Browser
from watchword import Advanced, Auth, EmailAndPassword, PasswordReset, Request, WorkLimits
from watchword.adapters.asgi import ASGIApp

SIGN_IN = ("/sign-in/email", {"email": "ada@example.com", "password": "password1234"})
RESET = ("/request-password-reset", {"email": "ada@example.com"})


def send(mail: object, request: object) -> None:
    """Takes as long as it takes to have the program ended."""
    threading.Event().wait(0.1)
    say("sent")


async def send_async(mail: object, request: object) -> None:
    """As mail libraries do it: with tasks of their own, and a look-up in a thread."""
    await asyncio.wait_for(asyncio.create_task(asyncio.sleep(0.1)), 10)
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.05))
        group.create_task(asyncio.get_running_loop().getaddrinfo("localhost", 25))
    say("sent")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def made(callback: Callable[..., object], **advanced: Any) -> Auth[Any]:
    """A server with a user, that mails with a callback."""
    auth = Auth(
        database="sqlite://",
        secret=SECRET,
        base_url=ORIGIN,
        environ={},
        email_and_password=EmailAndPassword(enabled=True, argon2_cost=FAST),
        password_reset=PasswordReset(send_reset_password=callback, reset_page="/reset"),
        advanced=Advanced(**advanced),
    )
    auth.blocking.migrate()
    assert Browser(auth).sign_up().status == 200
    return auth


def asked(auth: Auth[Any]) -> Request:
    return Browser(auth).request("POST", *RESET)


async def answered(auth: Auth[Any]) -> None:
    assert (await auth.handle(asked(auth))).status == 200
    say("answered")


def asyncio_run(auth: Auth[Any]) -> None:
    """The loop ends with its main coroutine, and cancels what is left."""
    asyncio.run(answered(auth))
    say("loop closed")


def uvloop_run(auth: Auth[Any]) -> None:
    """The same on the other loop."""
    uvloop.run(answered(auth))
    say("loop closed")


def test_client(auth: Auth[Any]) -> None:
    """Without `with` there is no lifespan, and a loop for each request."""
    client = TestClient(ASGIApp(auth), base_url=ORIGIN)
    answer = client.post(f"/api/auth{RESET[0]}", json=RESET[1], headers={"origin": ORIGIN})
    assert answer.status_code == 200
    say("answered")


def run_per_event(auth: Auth[Any]) -> None:
    """As Mangum does: one loop, which runs for an event and stands still between them."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(answered(auth))
    kept.append(loop)


def loop_in_a_thread(auth: Auth[Any]) -> None:
    """A loop that the end of the program will not stop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(answered(auth), loop).result(60)
    kept.append(loop)


def blocking(auth: Auth[Any]) -> None:
    """A script."""
    assert auth.blocking.handle(asked(auth)).status == 200
    say("answered")


kept: list[object] = []
"""Loops that nobody closes, and that do not complain of it before the end."""
WAYS: dict[str, Callable[[Auth[Any]], None]] = {
    way.__name__: way
    for way in (asyncio_run, uvloop_run, test_client, run_per_event, loop_in_a_thread, blocking)
}

if __name__ == "__main__":
    way, kind = sys.argv[1:]
    WAYS[way](made(send if kind == "def" else send_async, work=WorkLimits(drain=30)))
