"""Proxies, as docs/deploying/proxies.md configures them: TLS ends there, and nobody tells the
application another address than that of the connection.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.certificates import made_certificate
from tests.deployment.conftest import settings
from tests.deployment.processes import python_program, running
from tests.deployment.proxies import PROXIES, Places
from tests.deployment.visitor import PASSWORD, Visitor
from tests.support.services import free_port

FORGED = "203.0.113.9"
SPELLINGS = (
    *(
        "X-Forwarded-For",
        "X_Forwarded_For",
        "X-Forwarded_For",
        "X_Forwarded-For",
        "x_forwarded_for",
    ),
    *("Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"),
)
SERVERS = {
    "uvicorn": ["uvicorn", "app:asgi", "--port"],
    "uwsgi": ["uwsgi", "--ini", "uwsgi.ini", "--http-socket"],
}
"""One of each kind. uWSGI takes what has underscores for what has hyphens."""


COUNTER = itertools.count()


@dataclass(frozen=True)
class Front:
    """A proxy before the application."""

    places: Places

    def visitor(self, source: str = "", **headers: str) -> Visitor:
        """Somebody; from an address that nobody else has, unless one is given."""
        number = next(COUNTER)
        return Visitor(
            f"https://127.0.0.1:{self.places.https}",
            trust=self.places.certificate.trust(),
            source=source or f"127.1.{number // 250}.{number % 250 + 1}",
            headers=headers,
        )


@pytest.fixture(scope="module", params=list(SERVERS))
def app(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Generator[int, None, None]:
    """The port of the application."""
    folder = tmp_path_factory.mktemp("app")
    shutil.copy(migrated, folder / "app.db")
    port = free_port()
    program, *arguments = SERVERS[request.param]
    address = str(port) if request.param == "uvicorn" else f"127.0.0.1:{port}"
    environ = settings(
        f"sqlite:///{folder}/app.db", TRUSTED_PROXIES="127.0.0.1", SESSION_CACHE="60"
    )
    command = [python_program(program), *arguments, address]
    with running(command, folder / "log", environ) as server:
        server.await_answer(port)
        yield port


@pytest.fixture(scope="module", params=list(PROXIES))
def front(
    request: pytest.FixtureRequest, app: int, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Front, None, None]:
    folder = tmp_path_factory.mktemp("front")
    places = Places(free_port(), free_port(), app, made_certificate(folder), folder)
    start: Any = PROXIES[request.param]
    with start(places) as proxy:
        made = Front(places)
        proxy.until(lambda: made.visitor().ask("GET", "/ready").status == 200, "nothing is ready")
        yield made


@pytest.fixture
def email() -> str:
    """The address of nobody yet."""
    return f"{secrets.token_hex(6)}@example.com"


def test_a_visitor_signs_in_over_tls(front: Front, email: str) -> None:
    visitor = front.visitor()
    assert visitor.sign_up(email).status == 200
    assert visitor.session()["user"]["email"] == email
    assert "__Secure-better-auth.session_token" in visitor.jar
    assert visitor.get("/ok").all("strict-transport-security") != []


def test_plain_http_is_sent_to_https(front: Front) -> None:
    answer = Visitor(f"http://127.0.0.1:{front.places.http}").get("/ok")
    assert answer.status in (301, 308)
    (there,) = answer.all("location")
    assert there.startswith("https://app.example.com")
    assert there.endswith("/api/auth/ok")


def test_the_address_is_that_of_the_connection_whatever_a_client_says(
    front: Front, email: str
) -> None:
    said = {name: f"for={FORGED}" if name == "Forwarded" else FORGED for name in SPELLINGS}
    visitor = front.visitor(**said)
    assert visitor.sign_up(email).status == 200
    assert visitor.session()["session"]["ipAddress"] == visitor.source


def test_limits_count_connections_and_no_forged_addresses(front: Front) -> None:
    source, statuses = front.visitor().source, list[int]()
    mail = {"email": "nobody@example.com"}
    for number in range(5):
        visitor = front.visitor(source, **{"X-Forwarded-For": f"203.0.113.{number}"})
        statuses.append(visitor.post("/request-password-reset", mail).status)
    assert statuses == [200, 200, 200, 429, 429]
    assert front.visitor().post("/request-password-reset", mail).status == 200


def test_cookies_with_a_long_session_come_through(front: Front, email: str) -> None:
    visitor = front.visitor()
    picture = "https://example.com/" + "x" * 6000
    person = {"email": email, "password": PASSWORD, "name": "n" * 1000, "image": picture}
    assert visitor.post("/sign-up/email", person).status == 200
    assert sum(map(len, visitor.jar.values())) > 8192
    assert visitor.session()["user"]["image"] == picture
