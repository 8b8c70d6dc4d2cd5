"""Grants of action tokens: who gets them, who burns them, and what lives beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.action_server import (
    DELETE,
    FREE,
    ActionServer,
    MakeActionServer,
    action_server,
    cookies,
    verify,
)
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    ConfigurationError,
)
from watchword.call import Call
from watchword.endpoint import post
from watchword.plugin import Plugin
from watchword.plugins import ActionToken, OneTimeToken, OneTimeTokenSession
from watchword.plugins.action_token import (
    ConsumeActionToken,
    SendActionToken,
    VerifyActionToken,
    consume_action_token,
    redeem_action_token,
)
from watchword.results import Status


@pytest.fixture
def make_server(make_auth: MakeAuth, tmp_path: Path, kind: str) -> MakeActionServer:
    return action_server(make_auth, tmp_path, kind)


@pytest.fixture
def server(make_server: MakeActionServer) -> ActionServer:
    return make_server(resend_after=0, rate_limit=FREE)


def test_m1_a_grant_is_good_once_in_one_session_for_one_type(
    server: ActionServer, clock: Clock
) -> None:
    api = server.auth.blocking.api
    ada, phone, eve = server.signed_up(), Browser(server.auth), server.signed_up("eve@example.com")
    phone.sign_in()

    def consume(browser: Browser, type: str = DELETE) -> str | None:
        try:
            api.consume_action_token(ConsumeActionToken(type=type), headers=cookies(browser))
        except APIError as error:
            return error.code
        return None

    missing = "ACTION_CONFIRMATION_REQUIRED"
    assert consume(ada) == missing
    server.confirmed(ada)
    assert [consume(phone), consume(eve), consume(ada, "other")] == [missing] * 3
    assert [consume(ada), consume(ada)] == [None, missing]
    server.confirmed(ada)
    server.confirmed(ada)
    assert [consume(ada), consume(ada)] == [None, missing], "two codes make one grant"
    server.confirmed(ada)
    clock.forward(300)
    assert consume(ada) == missing
    assert consume(Browser(server.auth)) == "UNAUTHORIZED"


def test_consuming_is_for_the_server_alone(server: ActionServer) -> None:
    ada = server.signed_up()
    assert ada.post("/one-time-token/consume-token", {"type": DELETE}).status == 404


def test_the_server_may_send_and_verify(server: ActionServer) -> None:
    ada = server.signed_up()
    api, headers = server.auth.blocking.api, cookies(ada)
    api.send_action_token(SendActionToken(type=DELETE), headers=headers)
    [mail] = server.mails()
    api.verify_action_token(VerifyActionToken(token=mail.token, type=DELETE), headers=headers)
    consumed = api.consume_action_token(ConsumeActionToken(type=DELETE), headers=headers)
    assert consumed == Status()
    with pytest.raises(APIError, match="INVALID_TOKEN"):
        api.verify_action_token(VerifyActionToken(token=mail.token, type=DELETE), headers=headers)


@dataclass(frozen=True, kw_only=True)
class Wipe(Plugin):
    """Actions of another plugin: with a grant, and with the code itself."""

    id: ClassVar[str] = "wipe"

    @post("/wipe")
    async def wipe(self, call: Call) -> Status:
        await consume_action_token(call, "wipe")
        return Status()

    @post("/wipe-now")
    async def wipe_now(self, call: Call, body: VerifyActionToken) -> Status:
        await redeem_action_token(call, body.token, "wipe")
        return Status()


def test_endpoints_of_other_plugins_burn_grants_or_codes(make_server: MakeActionServer) -> None:
    server = make_server(resend_after=0, auth={"plugins": [Wipe()]})
    ada = server.signed_up()
    assert Browser(server.auth, server.kind).post("/wipe").code == "UNAUTHORIZED"
    assert ada.post("/wipe").code == "ACTION_CONFIRMATION_REQUIRED"
    server.confirmed(ada, "wipe")
    assert [ada.post("/wipe").status for _ in range(2)] == [200, 403]
    body = {"token": server.code(ada, "wipe"), "type": "wipe"}
    assert [ada.post("/wipe-now", body).status for _ in range(2)] == [200, 400]
    assert ada.post("/wipe").status == 403, "the code itself makes no grant"


def test_all_three_designs_live_side_by_side(make_server: MakeActionServer) -> None:
    server = make_server(auth={"plugins": [OneTimeToken(), OneTimeTokenSession()]})
    ada = server.signed_up()
    code = server.code(ada)
    for path in ("/one-time-token/verify", "/one-time-token-session/verify"):
        answer = Browser(server.auth).post(path, {"token": code})
        assert (answer.status, answer.cookies) == (400, ()), "a code is no session"
    for path in ("/one-time-token", "/one-time-token-session"):
        token = ada.get(f"{path}/generate").json["token"]
        assert Browser(server.auth).post(f"{path}/verify", {"token": token}).status == 200
    assert verify(ada, code).status == 200


def test_two_plugins_cannot_claim_one_path(make_auth: MakeAuth) -> None:
    plugins = [ActionToken(send_token=print), ActionToken(send_token=print)]
    with pytest.raises(ConfigurationError, match="is claimed by action-token and by action-token"):
        make_auth(plugins=plugins)
