"""What ends in an error hands out no session, however far it got."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, Browser
from tests.support.social import World, begin, come_back, social_auth
from watchword import APIError, Auth, Call, Hooks, Plugin, Response, SignInEmail
from watchword.database.contract import StorageUnavailable
from watchword.plugin_base import after
from watchword.plugins import Bearer, LastLoginMethod, MultiSession

ADA = {"email": "ada@example.com", "password": "password1234"}


@dataclass(frozen=True, kw_only=True)
class Failing(Plugin):
    """Fails once somebody is signed in."""

    id: ClassVar[str] = "failing"
    failures: list[Exception]

    @after("/sign-in/*")
    async def fail(self, call: Call) -> None:
        if self.failures:
            raise self.failures[0]


@pytest.fixture(params=[403, 503, 500])
def failure(request: pytest.FixtureRequest) -> Exception:
    errors = {403: APIError(403, "NO"), 503: StorageUnavailable("down"), 500: RuntimeError("no")}
    return errors[request.param]


def status_of(failure: Exception) -> int:
    if isinstance(failure, APIError):
        return failure.status
    return 503 if isinstance(failure, StorageUnavailable) else 500


def sessions(folder: Path) -> int:
    with sqlite3.connect(folder / "test.db") as connection:
        return connection.execute("select count(*) from session").fetchone()[0]


def is_signed_in_by(answer: Answer) -> bool:
    """Whether anything in an answer stands for a session."""
    set_now = [line for line in answer.cookies if not line.partition(";")[0].endswith("=")]
    return bool(set_now) or answer.header("set-auth-token") is not None


@pytest.mark.parametrize("early", [True, False])
def test_a_hook_that_fails_keeps_the_session(
    make_auth: MakeAuth, tmp_path: Path, kind: str, failure: Exception, early: bool
) -> None:
    failures: list[Exception] = []
    others = [Bearer(), MultiSession(), LastLoginMethod()]
    failing = Failing(failures=failures)
    auth = make_auth(plugins=[failing, *others] if early else [*others, failing])
    Browser(auth, kind).sign_up()
    before, browser = sessions(tmp_path), Browser(auth, kind)
    assert is_signed_in_by(browser.post("/sign-in/email", ADA))
    failures.append(failure)
    browser = Browser(auth, kind)
    answer = browser.post("/sign-in/email", ADA)
    assert answer.status == status_of(failure)
    assert not is_signed_in_by(answer)
    assert browser.session() is None
    if isinstance(failure, APIError):
        assert sessions(tmp_path) == before + 1


@pytest.mark.parametrize("raises", [True, False])
def test_an_application_that_refuses_afterwards_is_heard(
    make_auth: MakeAuth, kind: str, raises: bool
) -> None:
    def refuse(call: Call) -> Response | None:
        if call.path != "/sign-in/email":
            return None
        if raises:
            raise APIError(403, "SUSPENDED")
        return Response(403, (), b'{"code": "SUSPENDED"}')

    browser = Browser(make_auth(hooks=Hooks(after=refuse), plugins=[Bearer()]), kind)
    browser.sign_up()
    browser.jar.clear()
    answer = browser.post("/sign-in/email", ADA)
    assert (answer.status, answer.code) == (403, "SUSPENDED")
    assert not is_signed_in_by(answer)


def test_a_refusal_leaves_the_browser_signed_in_as_it_was(make_auth: MakeAuth) -> None:
    failures: list[Exception] = []
    browser = Browser(make_auth(plugins=[Failing(failures=failures)]))
    browser.sign_up()
    failures.append(APIError(403, "NO"))
    assert browser.post("/sign-in/email", ADA).status == 403
    assert browser.session()["user"]["email"] == ADA["email"]


def test_a_response_for_the_servers_own_code_holds_none_either(
    make_auth: MakeAuth, failure: Exception
) -> None:
    auth: Auth[Any] = make_auth(plugins=[Bearer(), Failing(failures=[failure])])
    Browser(auth).sign_up()
    body = SignInEmail(email=ADA["email"], password=ADA["password"])
    if status_of(failure) == 500:
        with pytest.raises(RuntimeError):
            auth.blocking.api.sign_in_email(body, as_response=True)
        return
    answer = auth.blocking.api.sign_in_email(body, as_response=True)
    assert answer.status == status_of(failure)
    assert not {"set-cookie", "set-auth-token"} & {name for name, _ in answer.headers}


def test_a_page_to_go_on_to_that_is_not_trusted_any_more(make_auth: MakeAuth, kind: str) -> None:
    trusted = ["https://shop.example"]
    looks: list[int] = []

    def origins(request: object) -> list[str]:
        # The callback looks twice: when it begins, and before it sends the browser on.
        looks.append(1)
        return trusted if len(looks) < 3 else []

    browser = Browser(social_auth(make_auth, World(), trusted_origins=origins), kind)
    state = begin(browser, callbackURL="https://shop.example/home")["state"]
    answer = come_back(browser, state)
    assert (answer.status, answer.code) == (403, "INVALID_CALLBACK_URL")
    assert not is_signed_in_by(answer)


@pytest.mark.parametrize("failure", [APIError(403, "NO"), StorageUnavailable("down")])
def test_what_was_deleted_stays_deleted(make_auth: MakeAuth, failure: Exception) -> None:
    @dataclass(frozen=True, kw_only=True)
    class FailingLater(Plugin):
        id: ClassVar[str] = "failing-later"

        @after("/sign-out")
        async def fail(self, call: Call) -> None:
            raise failure

    browser = Browser(make_auth(plugins=[FailingLater()]))
    browser.sign_up()
    assert browser.post("/sign-out").status == status_of(failure)
    assert browser.jar == {}
