"""The application's word on users before they exist."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import FAST, MakeAuth
from tests.support.browser import Browser
from watchword import APIError, Call, EmailAndPassword, UserSource
from watchword.configuration.options import UserRefusal


def only_example(values: dict[str, object], source: UserSource, call: Call) -> UserRefusal:
    if str(values["email"]).endswith("@example.com"):
        return None
    return "domain_not_allowed", "Only example.com may register"


def test_a_refused_user_is_told_the_code_and_never_exists(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(validate_user_info=only_example), kind)
    answer = browser.sign_up("eve@evil.example")
    assert answer.status == 403
    assert answer.json == {"code": "domain_not_allowed", "message": "Only example.com may register"}
    assert browser.sign_in("eve@evil.example").status == 401
    assert browser.sign_up("ada@example.com").status == 200


def test_it_hears_what_is_known_and_how_the_user_came(make_auth: MakeAuth, kind: str) -> None:
    heard: list[Any] = []

    async def note(values: dict[str, object], source: UserSource, call: Call) -> None:
        heard.append((values["email"], values["name"], source))

    Browser(make_auth(validate_user_info=note), kind).sign_up()
    source = UserSource(action="create-user", method="email-password")
    assert heard == [("ada@example.com", "Ada", source)]


def test_it_may_raise_an_error_of_its_own(make_auth: MakeAuth) -> None:
    def raising(values: dict[str, object], source: UserSource, call: Call) -> None:
        raise APIError(422, "NO_ADAS")

    answer = Browser(make_auth(validate_user_info=raising)).sign_up()
    assert (answer.status, answer.code) == (422, "NO_ADAS")


def test_who_cannot_be_checked_does_not_get_in(
    make_auth: MakeAuth, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(values: dict[str, object], source: UserSource, call: Call) -> None:
        raise ValueError(f"cannot look up {values['email']}")

    browser = Browser(make_auth(validate_user_info=broken))
    answer = browser.sign_up()
    assert (answer.status, answer.code) == (403, "validation_failed")
    assert "validate_user_info failed with ValueError" in caplog.text
    assert "ada@example.com" not in caplog.text
    assert browser.sign_in().status == 401


def test_e2_where_sign_up_hides_who_exists_a_refusal_looks_like_a_success(
    make_auth: MakeAuth,
) -> None:
    options = EmailAndPassword(enabled=True, auto_sign_in=False, argon2_cost=FAST)
    auth = make_auth(validate_user_info=only_example, email_and_password=options)
    answer = Browser(auth).sign_up("eve@evil.example")
    assert (answer.status, answer.json["token"]) == (200, None)


def test_nobody_waits_for_it(make_auth: MakeAuth, rows: Any, kind: str) -> None:
    """It may ask other servers: no transaction is open meanwhile."""

    def slow(values: dict[str, object], source: UserSource, call: Call) -> None:
        rows("insert into verification values ('other', 'x', 'y', '2031', '2030', '2030')")

    assert Browser(make_auth(validate_user_info=slow), kind).sign_up().status == 200
