"""Second factors that the reference set up are asked for here, and the other way round."""

from __future__ import annotations

import os
import subprocess
import time
from base64 import b32decode
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dropin.visitor import PASSWORD, Pair, Visitor
from tests.support.browser import ORIGIN, SECRET
from tests.support.databases import mysql_database, postgres_database
from tests.support.services import ROOT, free_port, require_node, wait_for
from watchword import Auth, EmailAndPassword
from watchword.features.sessions import HowLately
from watchword.plugins import TwoFactor
from watchword.plugins.two_factor import OTPOptions, SecondFactorCode
from watchword.plugins.two_factor.totp import totp_code, totp_step

DATABASES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": lambda folder: nullcontext(str(folder / "shared.db")),
    "postgresql": lambda folder: postgres_database(),
    "mariadb": lambda folder: mysql_database(),
}
both_ways = pytest.mark.parametrize(
    ("here", "there"), [("ours", "reference"), ("reference", "ours")]
)
TOTP, PAPER = "/two-factor/verify-totp", "/two-factor/verify-backup-code"
SEND, OTP = "/two-factor/send-otp", "/two-factor/verify-otp"


@dataclass
class Servers:
    """Both, and the file that both put sent codes into."""

    pair: Pair
    outbox: Path

    def sent(self, email: str) -> str:
        """The newest code to an address."""
        self.pair.auth.blocking.runtime.drain()
        for _ in range(100):
            found = [line.split()[1] for line in self._lines() if line.startswith(f"{email} ")]
            if found:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError("no code came")

    def _lines(self) -> list[str]:
        return self.outbox.read_text().splitlines() if self.outbox.exists() else []


@contextmanager
def serving(database: str, outbox: Path) -> Generator[Servers, None, None]:
    node = require_node(ROOT / "tests" / "reference")
    command = [node, str(ROOT / "tests" / "dropin" / "shared_database.mjs")]
    command += ["--port", str(port := free_port()), "--base-url", ORIGIN, "--secret", SECRET]
    command += ["--database", database, "--outbox", str(outbox)]
    process = subprocess.Popen(command, env={**os.environ, "TZ": "UTC"})

    def send(code: SecondFactorCode, request: object) -> None:
        with outbox.open("a") as file:
            file.write(f"{code.user.email} {code.otp}\n")

    try:
        wait_for(f"http://127.0.0.1:{port}/__health", process)
        auth = Auth(
            database=database if "://" in database else f"sqlite:///{database}",
            secret=SECRET,
            base_url=ORIGIN,
            email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
            plugins=[TwoFactor(otp=OTPOptions(send_otp=send))],
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


@dataclass
class Person:
    """Somebody with an app and backup codes, set up on one of the servers."""

    servers: Servers
    visitor: Visitor
    email: str
    key: bytes
    paper: list[str]

    def code(self, steps: int = 0) -> str:
        return totp_code(self.key, totp_step(datetime.now(UTC), 30) + steps, 6)

    def asked(self, server: str) -> Visitor:
        visitor = Visitor(self.servers.pair)
        body = {"email": self.email, "password": PASSWORD}
        status, answer = visitor.ask(server, "POST", "/sign-in/email", body)
        expected = {"twoFactorRedirect": True, "twoFactorMethods": ["totp", "otp"]}
        assert (status, answer) == (200, expected)
        assert visitor.session(server) is None
        return visitor


def set_up(servers: Servers, server: str) -> Person:
    """The code that ends the set-up is that of a step ago: the present one stays good."""
    visitor = Visitor(servers.pair)
    email = visitor.sign_up(server)
    body = {"password": PASSWORD}
    status, made = visitor.ask(server, "POST", "/two-factor/enable", body)
    assert status == 200, made
    [secret] = parse_qs(urlsplit(made["totpURI"]).query)["secret"]
    key = b32decode(secret + "=" * (-len(secret) % 8))
    person = Person(servers, visitor, email, key, made["backupCodes"])
    status, answer = visitor.ask(server, "POST", TOTP, {"code": person.code(-1)})
    assert status == 200, answer
    return person


def passes(visitor: Visitor, server: str, path: str, code: str, **extra: Any) -> None:
    status, answer = visitor.ask(server, "POST", path, {"code": code, **extra})
    assert status == 200, answer
    for either in ("ours", "reference"):
        assert visitor.session(either)["session"]["token"] == answer["token"]


def test_what_the_reference_made_needs_no_other_columns(servers: Servers) -> None:
    planned = servers.pair.auth.blocking.migrate()
    assert [statement for statement in planned if "CREATE INDEX" not in statement] == []


@both_ways
def test_the_app_of_one_opens_the_other(servers: Servers, here: str, there: str) -> None:
    person = set_up(servers, here)
    passes(person.asked(there), there, TOTP, person.code())


@both_ways
def test_a_set_up_that_one_began_is_ended_by_the_other(
    servers: Servers, here: str, there: str
) -> None:
    visitor = Visitor(servers.pair)
    visitor.sign_up(here)
    _, made = visitor.ask(here, "POST", "/two-factor/enable", {"password": PASSWORD})
    [secret] = parse_qs(urlsplit(made["totpURI"]).query)["secret"]
    key = b32decode(secret + "=" * (-len(secret) % 8))
    code = totp_code(key, totp_step(datetime.now(UTC), 30), 6)
    assert visitor.ask(there, "POST", TOTP, {"code": code})[0] == 200
    assert visitor.session(here)["user"]["twoFactorEnabled"] is True
    again = visitor.ask(here, "POST", "/two-factor/get-totp-uri", {"password": PASSWORD})[1]
    assert parse_qs(urlsplit(again["totpURI"]).query)["secret"] == [secret]


@both_ways
def test_backup_codes_of_one_work_at_the_other_once(
    servers: Servers, here: str, there: str
) -> None:
    person = set_up(servers, here)
    passes(person.asked(there), there, PAPER, person.paper[0])
    for server in (here, there):
        status, answer = person.asked(server).ask(server, "POST", PAPER, {"code": person.paper[0]})
        assert (status, answer["code"]) == (401, "INVALID_BACKUP_CODE")
    passes(person.asked(here), here, PAPER, person.paper[1])
    fresh = person.visitor.ask(
        there, "POST", "/two-factor/generate-backup-codes", {"password": PASSWORD}
    )[1]["backupCodes"]
    passes(person.asked(here), here, PAPER, fresh[9])


@both_ways
def test_a_challenge_of_one_is_answered_at_the_other(
    servers: Servers, here: str, there: str
) -> None:
    person = set_up(servers, here)
    waiting = person.asked(here)
    wrong = "000000" if person.code() != "000000" else "111111"
    for server in (here, there):
        status, answer = waiting.ask(server, "POST", TOTP, {"code": wrong})
        assert (status, answer["code"]) == (401, "INVALID_CODE")
    assert waiting.ask(here, "POST", SEND, {}) == (200, {"status": True})
    passes(waiting, there, OTP, servers.sent(person.email))


@both_ways
def test_the_bounds_of_both_are_one(servers: Servers, here: str, there: str) -> None:
    person = set_up(servers, here)
    for _ in range(2):
        waiting = person.asked(here)
        for turn in range(5):
            body = {"code": "wrong"}
            assert waiting.ask((here, there)[turn % 2], "POST", TOTP, body)[0] == 401
        status, answer = waiting.ask(there, "POST", TOTP, {"code": "wrong"})
        assert answer["code"] in (
            "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
            "ACCOUNT_TEMPORARILY_LOCKED",
        )
    for server in (here, there):
        status, answer = person.asked(server).ask(server, "POST", TOTP, {"code": person.code()})
        assert (status, answer["code"]) == (429, "ACCOUNT_TEMPORARILY_LOCKED")


@both_ways
def test_a_device_that_one_trusts_is_trusted_by_the_other(
    servers: Servers, here: str, there: str
) -> None:
    person = set_up(servers, here)
    browser = person.asked(here)
    passes(browser, here, TOTP, person.code(), trustDevice=True)
    for server in (there, here, there):
        assert browser.ask(server, "POST", "/sign-out", {})[0] == 200
        browser.sign_in(server, person.email)
    status, answer = browser.ask(there, "POST", "/two-factor/disable", {"password": PASSWORD})
    assert (status, answer) == (200, {"status": True})
    assert Visitor(servers.pair).sign_in(here, person.email)


@both_ways
def test_a_note_in_sessions_is_no_matter_to_the_reference(
    servers: Servers, here: str, there: str
) -> None:
    """The column is added to the table that both servers use, and the reference goes on."""
    plain = servers.pair.auth
    noting = Auth(
        database=plain.storage,
        secret=SECRET,
        base_url=ORIGIN,
        email_and_password=EmailAndPassword(enabled=True, password_hash="scrypt"),
        plugins=[TwoFactor(note_in_session=True, otp=OTPOptions(send_otp=lambda *_: None))],
        environ={},
    )
    noting.blocking.migrate()
    noted = Servers(Pair(noting, servers.pair.reference), servers.outbox)
    person = set_up(noted, here)
    signed_in = person.asked(here)
    assert signed_in.ask(here, "POST", PAPER, {"code": person.paper[0]})[0] == 200
    assert signed_in.session(there) is not None
    jar = signed_in.browser.jar
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    checked = noting.blocking.check(headers)
    assert checked.session is not None
    note = dict(checked.session.session)["secondFactorAt"]
    assert (note is None) is (here == "reference"), "the reference notes nothing"
    status, _ = signed_in.ask("ours", "POST", PAPER, {"code": person.paper[1]})
    assert status == 200
    noting.blocking.api.require_second_factor(HowLately(60), checked=checked)
    assert signed_in.session("reference") is not None
    noting.blocking.close()
