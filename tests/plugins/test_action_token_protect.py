"""Endpoints that ask for a grant, and what burns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import DELETE, MakeActionServer, action_server, cookies
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    ChangeEmail,
    ConfigurationError,
    DeleteUser,
    DeleteUserNow,
)
from watchword.plugins import ActionToken, Bearer

CONFIRM = "ACTION_CONFIRMATION_REQUIRED"
ENABLED: dict[str, Any] = {
    "delete_user": DeleteUser(enabled=True),
    "change_email": ChangeEmail(enabled=True, update_email_without_verification=True),
}
PROTECT = {"/delete-user": DELETE, "/change-*": "profile"}


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeActionServer:
    return action_server(make_auth, tmp_path, kind)


def test_a_protected_endpoint_wants_a_grant_of_its_type(make_server: MakeActionServer) -> None:
    server = make_server(protect=PROTECT, auth=ENABLED)
    ada = server.signed_up()
    refused = ada.post("/delete-user", {"password": "password1234"})
    assert (refused.status, refused.code) == (403, CONFIRM)
    server.confirmed(ada, "profile")
    assert ada.post("/delete-user", {}).code == CONFIRM
    assert ada.post("/change-email", {"newEmail": "new@example.com"}).status == 200
    assert ada.post("/change-email", {"newEmail": "third@example.com"}).code == CONFIRM
    server.confirmed(ada)
    assert ada.post("/delete-user", {}).status == 200
    assert server.sql("select * from user") == []


def test_others_are_not_asked(make_server: MakeActionServer) -> None:
    server = make_server(protect=PROTECT, auth=ENABLED)
    assert server.signed_up().post("/update-user", {"name": "A"}).status == 200


def test_of_several_patterns_the_first_one_counts(make_server: MakeActionServer) -> None:
    protect = {"/delete-user": DELETE, "/delete*": "other"}
    server = make_server(protect=protect, auth=ENABLED)
    ada = server.signed_up()
    server.confirmed(ada)
    assert ada.post("/delete-user", {}).status == 200


def test_what_may_not_run_anyway_burns_no_grant(
    make_server: MakeActionServer, clock: Clock
) -> None:
    server = make_server(protect=PROTECT, auth=ENABLED)
    ada = server.signed_up()
    server.confirmed(ada, "profile")
    assert ada.post("/change-email", {"newEmail": "no address"}).code == "VALIDATION_ERROR"
    assert ada.post("/change-email", {}).code == "VALIDATION_ERROR"
    foreign = ada.post("/change-email", {"newEmail": "b@example.com"}, origin="https://evil.test")
    assert foreign.code == "INVALID_ORIGIN"
    assert ada.send("POST", "/change-email", data=b"{", headers=JSON).status == 400
    assert Browser(server.auth).post("/change-email", {"newEmail": "b@example.com"}).status == 401
    assert ada.post("/change-email", {"newEmail": "b@example.com"}).status == 200


JSON = {"content-type": "application/json"}


def test_what_the_endpoint_itself_refuses_has_burned_the_grant(
    make_server: MakeActionServer,
) -> None:
    server = make_server(protect=PROTECT, auth=ENABLED)
    ada = server.signed_up()
    server.confirmed(ada)
    assert ada.post("/delete-user", {"password": "wrong horse"}).code == "INVALID_PASSWORD"
    assert ada.post("/delete-user", {"password": "password1234"}).code == CONFIRM


def test_calls_of_the_server_are_asked_too(make_server: MakeActionServer) -> None:
    server = make_server(protect=PROTECT, auth=ENABLED)
    ada = server.signed_up()
    api, headers = server.auth.blocking.api, cookies(ada)
    with pytest.raises(APIError, match=CONFIRM):
        api.delete_user(DeleteUserNow(), headers=headers)
    server.confirmed(ada)
    assert api.delete_user(DeleteUserNow(), headers=headers).success


@pytest.mark.parametrize("first", [True, False])
def test_bearer_tokens_do_in_any_order_of_plugins(
    make_auth: MakeAuth, first: bool, kind: str
) -> None:
    codes: list[str] = []
    own = ActionToken(
        send_token=lambda mail, request: codes.append(mail.token),
        require_verified_email=False,
        protect=PROTECT,
    )
    plugins = [own, Bearer()] if first else [Bearer(), own]
    auth = make_auth(plugins=plugins, **ENABLED)
    token = Browser(auth, kind).sign_up().header("set-auth-token")
    bearer = {"authorization": f"Bearer {token}"}
    phone = Browser(auth, kind)
    assert phone.post("/delete-user", {}, **bearer).code == CONFIRM
    phone.post("/one-time-token/send-token", {"type": DELETE}, **bearer)
    auth.blocking.runtime.drain()
    body = {"token": codes[0], "type": DELETE}
    assert phone.post("/one-time-token/verify-token", body, **bearer).status == 200
    assert phone.post("/delete-user", {}, **bearer).status == 200


def test_a_pattern_without_an_endpoint_is_refused(make_auth: MakeAuth) -> None:
    plugin = ActionToken(send_token=print, protect={"/delete-users": DELETE})
    with pytest.raises(ConfigurationError, match=r"'/delete-users': there is no such endpoint"):
        make_auth(plugins=[plugin])
