"""Usernames and phone numbers that the reference stored sign in here, and the other way round."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dropin.visitor import PASSWORD, Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import fresh_name, mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword
from watchword.plugins import PhoneNumber, TwoFactor, Username
from watchword.plugins.phone_number import PhoneCode, SignUpOnVerification

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)
SEND, VERIFY, BY_PHONE = "/phone-number/send-otp", "/phone-number/verify", "/sign-in/phone-number"
FORGOT, RESET = "/phone-number/request-password-reset", "/phone-number/reset-password"
BY_NAME = "/sign-in/username"


@dataclass
class Servers:
    """Both, and the file that both put sent codes into."""

    pair: Pair
    outbox: Path

    def sent(self, number: str, count: int = 1) -> str:
        """The newest of so many codes to a number."""
        self.pair.auth.blocking.runtime.drain()
        for _ in range(100):
            lines = self.outbox.read_text().splitlines() if self.outbox.exists() else []
            found = [line.split()[1] for line in lines if line.startswith(f"{number} ")]
            if len(found) >= count:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError("no code came")


@contextmanager
def serving(database: str, outbox: Path) -> Generator[Servers, None, None]:
    node = require_node(ROOT / "tests" / "reference")
    command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs")]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    command += ["--database", database, "--outbox", str(outbox)]
    process = subprocess.Popen(command, env={**os.environ, "TZ": "UTC"})

    def send(code: PhoneCode, request: object) -> None:
        with outbox.open("a") as file:
            file.write(f"{code.phone_number} {code.code}\n")

    made = SignUpOnVerification(get_temp_email=lambda number: f"{number[1:]}@phone.example.com")
    phones = PhoneNumber(
        send_otp=send,
        send_password_reset_otp=send,
        require_verification=True,
        sign_up_on_verification=made,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth = Auth(
            database=database if "://" in database else f"sqlite:///{database}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
            plugins=[TwoFactor(), Username(), phones],
            environ={},
        )
        yield Servers(Pair(auth, f"http://127.0.0.1:{port}"), outbox)
        auth.blocking.close()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module", params=list(DATABASES))
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("shared")
    with DATABASES[request.param](folder) as address, serving(address, folder / "out") as both:
        yield both


def named(servers: Servers, server: str, name: str) -> tuple[int, Any]:
    email = f"{fresh_name()}@example.com"
    body = {"name": "Ada", "email": email, "password": PASSWORD, "username": name}
    return Visitor(servers.pair).ask(server, "POST", "/sign-up/email", body)


def new_name() -> str:
    return f"Ada_{secrets.token_hex(6)}"


def new_number() -> str:
    return f"+1555{secrets.randbelow(10**10):010}"


def test_what_the_reference_made_needs_no_migration(servers: Servers) -> None:
    steps = servers.pair.auth.blocking.migrate()
    assert [step for step in steps if "user" in step.lower()] == []


@both_ways
def test_a_name_of_one_signs_in_at_the_other(servers: Servers, here: str, there: str) -> None:
    name = new_name()
    status, made = named(servers, here, name)
    assert status == 200, made
    visitor = Visitor(servers.pair)
    body = {"username": name.upper(), "password": PASSWORD}
    status, entered = visitor.ask(there, "POST", BY_NAME, body)
    assert status == 200, entered
    for server in (here, there):
        user = visitor.session(server)["user"]
        assert (user["username"], user["displayUsername"]) == (name.lower(), name)
    status, answer = named(servers, there, name.upper())
    assert (status, answer["code"]) == (400, "USERNAME_IS_ALREADY_TAKEN")
    free = visitor.ask(there, "POST", "/is-username-available", {"username": name})
    assert free == (200, {"available": False})


@both_ways
def test_a_code_of_one_is_good_at_the_other(servers: Servers, here: str, there: str) -> None:
    number, visitor = new_number(), Visitor(servers.pair)
    assert visitor.ask(here, "POST", SEND, {"phoneNumber": number})[0] == 200
    code = servers.sent(number)
    wrong = {"phoneNumber": number, "code": "000000" if code != "000000" else "111111"}
    for server in (here, there):
        status, answer = visitor.ask(server, "POST", VERIFY, wrong)
        assert (status, answer["code"]) == (400, "INVALID_OTP")
    status, made = visitor.ask(there, "POST", VERIFY, {**wrong, "code": code})
    assert status == 200, made
    assert visitor.session(here)["user"]["phoneNumberVerified"] is True
    assert visitor.ask(here, "POST", FORGOT, {"phoneNumber": number})[0] == 200
    body = {"phoneNumber": number, "otp": servers.sent(number, 2), "newPassword": PASSWORD}
    status, answer = visitor.ask(there, "POST", RESET, body)
    assert (status, answer) == (200, {"status": True})
    entered = {"phoneNumber": number, "password": PASSWORD}
    for server in (here, there):
        assert Visitor(servers.pair).ask(server, "POST", BY_PHONE, entered)[0] == 200


@both_ways
def test_the_bounds_of_both_are_one(servers: Servers, here: str, there: str) -> None:
    number, visitor = new_number(), Visitor(servers.pair)
    assert visitor.ask(here, "POST", SEND, {"phoneNumber": number})[0] == 200
    code = servers.sent(number)
    wrong = {"phoneNumber": number, "code": "000000" if code != "000000" else "111111"}
    for turn in range(3):
        assert visitor.ask((here, there)[turn % 2], "POST", VERIFY, wrong)[0] == 400
    status, answer = visitor.ask(there, "POST", VERIFY, {**wrong, "code": code})
    assert (status, answer["code"]) == (403, "TOO_MANY_ATTEMPTS")


@both_ways
def test_a_number_of_one_is_taken_at_the_other(servers: Servers, here: str, there: str) -> None:
    number = new_number()
    for server, expected in ((here, 200), (there, 400)):
        visitor = Visitor(servers.pair)
        visitor.sign_up(server)
        assert visitor.ask(server, "POST", SEND, {"phoneNumber": number})[0] == 200
        code = servers.sent(number, 1 if server == here else 2)
        body = {"phoneNumber": number, "code": code, "updatePhoneNumber": True}
        status, answer = visitor.ask(server, "POST", VERIFY, body)
        assert (status, answer.get("code")) == (
            expected,
            None if expected == 200 else "PHONE_NUMBER_EXIST",
        )


def test_of_fifty_who_take_a_name_on_a_database_of_the_reference_one_has_it(
    servers: Servers,
) -> None:
    name = new_name()
    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(lambda _: named(servers, "ours", name)[0], range(50)))
    # scrypt is dear: who has to wait for too long is told so, and nothing is done.
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 422, 503}
