"""Notices: word to people that their address or password was changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.features.conftest import MakeServer, Server, follow
from watchword import ConfigurationError, Notice, Notices, Request, SetPassword

ADA, NEW = "ada@example.com", "ada@new.example"
PASSWORDS = {"currentPassword": "password1234", "newPassword": "another-1234"}


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
def server(make_server: MakeServer, notices: list[Notice]) -> Server:
    def send(notice: Notice, request: Request | None) -> None:
        notices.append(notice)

    return make_server(notices=Notices(send=send))


def told(server: Server, notices: list[Notice]) -> list[tuple[str, str, str]]:
    server.mails()
    return [(notice.changed, notice.email, notice.user.email) for notice in notices]


def test_the_old_address_hears_of_the_new_one(server: Server, notices: list[Notice]) -> None:
    browser = server.browser()
    browser.sign_up(ADA)
    browser.post("/change-email", {"newEmail": NEW})
    assert told(server, notices) == []
    follow(browser, server.mails().last.url)
    assert told(server, notices) == [("email", ADA, NEW)]


def test_a_change_at_once_is_told_as_well(make_server: MakeServer, notices: list[Notice]) -> None:
    server = make_server(
        change={"update_email_without_verification": True},
        notices=Notices(send=lambda notice, request: notices.append(notice)),
    )
    browser = server.browser()
    browser.sign_up(ADA)
    browser.post("/change-email", {"newEmail": NEW})
    assert told(server, notices) == [("email", ADA, NEW)]


def test_a_changed_password_is_told(server: Server, notices: list[Notice]) -> None:
    browser = server.browser()
    browser.sign_up(ADA)
    wrong = {**PASSWORDS, "currentPassword": "wrong-12345"}
    assert browser.post("/change-password", wrong).status == 400
    assert told(server, notices) == []
    assert browser.post("/change-password", PASSWORDS).status == 200
    assert told(server, notices) == [("password", ADA, ADA)]


def test_a_reset_password_is_told(server: Server, notices: list[Notice]) -> None:
    server.browser().sign_up(ADA)
    server.browser().post("/request-password-reset", {"email": ADA, "redirectTo": "/reset"})
    body = {"token": server.mails().last.token, "newPassword": "another-1234"}
    assert server.browser().post("/reset-password", body).status == 200
    assert server.browser().post("/reset-password", body).status == 400
    assert told(server, notices) == [("password", ADA, ADA)]


def test_a_first_password_is_told(server: Server, notices: list[Notice]) -> None:
    browser = server.browser()
    browser.sign_up(ADA)
    server.rows("delete from account")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    body = SetPassword(new_password="another-1234")
    server.auth.blocking.api.set_password(body, headers={"cookie": cookies})
    assert told(server, notices) == [("password", ADA, ADA)]


def test_a_notice_that_cannot_be_mailed_undoes_nothing(
    make_server: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(notice: Notice, request: Request | None) -> None:
        raise RuntimeError(f"no server for {notice.email}")

    server = make_server(notices=Notices(send=fail))
    browser = server.browser()
    browser.sign_up(ADA)
    assert browser.post("/change-password", PASSWORDS).status == 200
    server.mails()
    assert "RuntimeError" in caplog.text
    assert browser.sign_in(ADA, password="another-1234").status == 200


def test_notices_are_their_own_options(make_server: MakeServer) -> None:
    wrong: Any = {"send": print}
    with pytest.raises(ConfigurationError) as raised:
        make_server(notices=wrong)
    assert raised.value.option == "notices"
