"""What the operator is told, under which logger, with which fields; and what never."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import APIError, Auth, Call, Plugin, RateLimit, SignInEmail
from watchword.database.contract import StorageUnavailable
from watchword.endpoint import post

SECRET_TEXT = "sk-1234567890"


class Nothing(msgspec.Struct):
    """No input."""


@dataclass(frozen=True, kw_only=True)
class Failing(Plugin):
    """Fails in the ways that a plugin can."""

    id: ClassVar[str] = "failing"

    @post("/failing/:token", name="fail")
    async def fail(self, call: Call) -> None:
        raise RuntimeError(f"cannot use {SECRET_TEXT}")

    @post("/failing-behind", name="fail_behind")
    async def fail_behind(self, call: Call) -> None:
        async def work() -> None:
            raise RuntimeError(f"cannot use {SECRET_TEXT}")

        call.background(work())

    @post("/without-database", name="without_database")
    async def without_database(self, call: Call) -> None:
        raise StorageUnavailable("down")


def records(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    """The fields of all records of a logger."""
    return [vars(record) for record in caplog.records if record.name == name]


def fields(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name.startswith("watchword_")}


@pytest.fixture
def failing(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(plugins=[Failing()]), kind)


def test_g3_an_unforeseen_exception_is_logged_without_its_text(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failing.sign_up()
    user_id = failing.session()["user"]["id"]
    caplog.clear()
    assert failing.post("/failing/tell-nobody", {}).status == 500
    (record,) = records(caplog, "watchword.requests")
    assert record["levelname"] == "ERROR"
    assert fields(record) == {
        "watchword_method": "POST",
        "watchword_path": "/failing/:token",
        "watchword_user_id": None,
        "watchword_client": "203.0.113.7",
        "watchword_status": 500,
        "watchword_error": "RuntimeError",
    }
    assert "RuntimeError at " in caplog.text
    assert "Failing.fail, line " in caplog.text
    for secret in (SECRET_TEXT, "tell-nobody", "Traceback", user_id):
        assert secret not in caplog.text


def test_the_text_and_the_stack_trace_are_for_debugging(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "watchword.requests")
    failing.post("/failing/x", {})
    assert "Traceback" in caplog.text
    assert SECRET_TEXT in caplog.text


def test_g3_failed_background_work_is_logged_without_its_text(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert failing.post("/failing-behind", {}).status == 200
    failing.auth.blocking.close()
    (record,) = records(caplog, "watchword.background")
    assert fields(record) == {"watchword_error": "RuntimeError"}
    assert SECRET_TEXT not in caplog.text


def test_a_database_that_is_down_is_an_error(
    failing: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert failing.post("/without-database", {}).status == 503
    (record,) = records(caplog, "watchword.database")
    assert (record["levelname"], record["watchword_status"]) == ("ERROR", 503)


def test_a_refused_sign_in_says_who_and_from_where_but_no_password(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(make_auth(), kind)
    user_id = browser.sign_up().json["user"]["id"]
    caplog.clear()
    caplog.set_level(logging.INFO)
    address = {"x_forwarded_for": "192.0.2.7"}
    body = {"email": "ada@example.com", "password": "wrong-horse"}
    browser.post("/sign-in/email", body, **address)
    browser.post("/sign-in/email", {**body, "email": "nobody@example.com"}, **address)
    found = records(caplog, "watchword.security")
    expected = {
        "watchword_event": "refused",
        "watchword_method": "POST",
        "watchword_path": "/sign-in/email",
        "watchword_client": "192.0.2.7",
        "watchword_status": 401,
        "watchword_code": "INVALID_EMAIL_OR_PASSWORD",
    }
    assert [record["levelname"] for record in found] == ["WARNING", "WARNING"]
    assert fields(found[0]) == {**expected, "watchword_user_id": user_id}
    assert fields(found[1]) == {**expected, "watchword_user_id": None}
    assert "wrong-horse" not in str([vars(record) for record in caplog.records])


def test_a_refused_sign_in_of_the_applications_own_is_logged_too(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    auth: Auth[Any] = make_auth()
    caplog.set_level(logging.INFO)
    with pytest.raises(APIError):
        auth.blocking.api.sign_in_email(SignInEmail(email="ada@example.com", password="wrong-one"))
    (record,) = records(caplog, "watchword.security")
    assert (record["watchword_method"], record["watchword_status"]) == (None, 401)


def test_a_hit_limit_names_the_declared_path(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    limit = RateLimit(enabled=True, max=1)
    browser = Browser(make_auth(rate_limit=limit, plugins=[Failing()]), kind)
    caplog.set_level(logging.INFO)
    for _ in range(2):
        browser.get("/reset-password/token-in-a-path", {"callbackURL": "/"})
        browser.get("/nothing/here")
    every = [fields(record) for record in records(caplog, "watchword.security")]
    found = [one for one in every if one["watchword_event"] == "rate_limited"]
    assert [record["watchword_path"] for record in found] == ["/reset-password/:token", None]
    assert {record["watchword_retry_after"] for record in found} == {10}
    assert "token-in-a-path" not in str([vars(record) for record in caplog.records])


def test_other_refusals_are_for_debugging(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "watchword")
    browser.get("/list-sessions")
    (record,) = records(caplog, "watchword.requests")
    assert (record["levelname"], record["watchword_path"]) == ("DEBUG", "/list-sessions")
    assert record["watchword_status"] == 401
