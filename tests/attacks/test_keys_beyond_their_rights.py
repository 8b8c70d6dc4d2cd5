"""API keys that are to do more than keys may: by other credentials, other kinds, other features."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.key_server import KeyServer
from watchword import Advanced, APIError, Auth, Session, SessionOptions
from watchword.plugin import Call, Plugin, Success, post
from watchword.plugins import JWT, ActionToken, Anonymous, ApiKey, Organization
from watchword.plugins.action_token import ActionTokenMail, consume_action_token
from watchword.plugins.api_key import ApiKeyConfig, KeyExpiration, RequireApiKey

STANDS = ApiKeyConfig(enable_session_for_api_keys=True)
JOBS = ApiKeyConfig(config_id="jobs", api_key_headers="x-jobs-key")
ALIKE = ApiKeyConfig(config_id="alike")


def server_of(
    make_auth: MakeAuth, kind: str, *plugins: Any, config: Sequence[ApiKeyConfig] = (STANDS,)
) -> KeyServer:
    return KeyServer(make_auth(plugins=[ApiKey(config=config), *plugins]), kind)


def required(auth: Auth[Any], headers: dict[str, str], **asked: Any) -> Any:
    """What a demand of the server's own code says: the key, or the code of the refusal."""
    try:
        return auth.blocking.api.require_api_key(RequireApiKey(**asked), headers=headers)
    except APIError as refusal:
        return refusal.code


def test_a_demand_for_a_key_that_stands_for_its_user_is_one_use(
    make_auth: MakeAuth, kind: str
) -> None:
    server = server_of(make_auth, kind)
    made = server.create(remaining=2, rate_limit_max=2)
    found = [required(server.auth, {"x-api-key": made.key}) for _ in range(3)]
    assert [one.key.remaining for one in found[:2]] == [1, 0]
    assert found[2] == "USAGE_EXCEEDED"


def test_a_key_of_another_kind_is_no_session_that_a_demand_takes(
    make_auth: MakeAuth, kind: str
) -> None:
    """A key without permissions must not pass for its user where permissions are asked of keys."""
    server = server_of(make_auth, kind, config=(STANDS, JOBS, ALIKE))
    weak = {"x-api-key": server.create().key}
    asked = {"or_session": True, "permissions": {"files": ["write"]}}
    for config_id in ("jobs", "alike"):
        told = required(server.auth, weak, config_id=config_id, **asked)
        assert told == "INVALID_API_KEY"
    good = server.create(config_id="jobs", permissions={"files": ["write"]})
    both = {**weak, "x-jobs-key": good.key}
    assert required(server.auth, both, config_id="jobs", **asked).key.id == good.id
    # The key of somebody else does not act for the one who is asking.
    _, eve = server.person("eve")
    foreign = server.create(config_id="jobs", user_id=eve, permissions={"files": ["write"]})
    both["x-jobs-key"] = foreign.key
    assert required(server.auth, both, config_id="jobs", **asked) == "UNAUTHORIZED"


def test_a_key_gets_no_token_for_other_services(make_auth: MakeAuth, kind: str) -> None:
    server = server_of(make_auth, kind, JWT())
    made = server.create()
    assert server.ada.get("/get-session").header("set-auth-jwt")
    answer = server.with_key(made.key)
    assert (answer.json["user"]["id"], answer.header("set-auth-jwt")) == (server.ada_id, None)
    assert server.with_key(made.key, "/token").code == "UNAUTHORIZED"
    # Nor does it beside the cookie of the same user: the key is who is asking.
    assert server.ada.get("/get-session", x_api_key=made.key).header("set-auth-jwt") is None


def test_a_guests_key_does_not_end_the_guest(make_auth: MakeAuth, kind: str) -> None:
    taken: list[object] = []

    def take(guest: object, call: object) -> None:
        taken.append(guest)

    server = server_of(make_auth, kind, Anonymous(on_link_account=take))
    guest = server.browser()
    guest_id = guest.post("/sign-in/anonymous").json["user"]["id"]
    key = server.create(user_id=guest_id).key
    thief = server.browser()
    given = {"email": "ada@example.com", "password": "password1234"}
    assert thief.post("/sign-in/email", given, x_api_key=key).status == 200
    body = {"email": "eve@example.com", "password": "password1234", "name": "Eve"}
    assert server.browser().post("/sign-up/email", body, x_api_key=key).status == 200
    assert guest.get("/get-session").json["user"]["id"] == guest_id
    assert taken == []


def test_a_key_reads_of_organizations_and_changes_nothing(make_auth: MakeAuth, kind: str) -> None:
    server = server_of(make_auth, kind, Organization())
    place = server.ada.post("/organization/create", {"name": "O", "slug": "o"}).json["id"]
    eve, eve_id = server.person("eve")
    invited = {"email": "eve@example.com", "role": "owner", "organizationId": place}
    mail = server.ada.post("/organization/invite-member", invited).json["id"]
    key, eves = server.create().key, server.create(user_id=eve_id).key
    named = {"organizationId": place}
    before = server.ada.get("/organization/list-members", named).json
    assert before["total"] == 1
    for with_key, path, body in (
        (eves, "/organization/accept-invitation", {"invitationId": mail}),
        (eves, "/organization/reject-invitation", {"invitationId": mail}),
        (key, "/organization/cancel-invitation", {"invitationId": mail}),
        (key, "/organization/create", {"name": "P", "slug": "p"}),
        (key, "/organization/delete", named),
        (key, "/organization/invite-member", {**invited, "email": "x@example.com"}),
        (key, "/organization/leave", named),
        (key, "/organization/remove-member", {"memberIdOrEmail": "ada@example.com", **named}),
        (key, "/organization/set-active", named),
        (key, "/organization/update", {"data": {"name": "Q"}, **named}),
    ):
        answer = server.with_key(with_key, path, body)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED"), path
    after = server.browser().get("/organization/list-members", named, x_api_key=key)
    assert after.json == before
    assert server.ada.get("/organization/list").json[0]["name"] == "O"
    asked = {"permissions": {"member": ["create"]}, **named}
    assert server.with_key(key, "/organization/has-permission", asked).json["success"] is True
    accepted = eve.post("/organization/accept-invitation", {"invitationId": mail})
    assert accepted.status in (200, 403)


def test_where_keys_have_an_end_none_loses_it(make_auth: MakeAuth, kind: str) -> None:
    expiration = KeyExpiration(default_expires_in=3 * 86_400, max_expires_in=7 * 86_400)
    server = server_of(make_auth, kind, config=(ApiKeyConfig(key_expiration=expiration),))
    made = server.ada.post("/api-key/create", {}).json
    answer = server.ada.post("/api-key/update", {"keyId": made["id"], "expiresIn": None})
    assert answer.code == "EXPIRES_IN_IS_TOO_LARGE"
    assert server.ada.get("/api-key/list").json["apiKeys"][0]["expiresAt"] == made["expiresAt"]


def test_an_own_check_sees_no_text_that_is_no_key(make_auth: MakeAuth, kind: str) -> None:
    seen: list[str] = []
    config = ApiKeyConfig(custom_api_key_validator=lambda _, key: bool(seen.append(key)) or True)
    server = server_of(make_auth, kind, config=(config,))
    assert server.code("x" * 1_000_000, config_id="default") == "KEY_NOT_FOUND"
    assert server.code("x" * 70 + "\n", config_id="default") == "KEY_NOT_FOUND"
    assert seen == []
    assert server.code(server.create().key, config_id="default") == "ok"


def test_what_says_nothing_of_a_key_is_no_verdict(make_auth: MakeAuth, kind: str) -> None:
    raised = [
        APIError(503, "DOWN", "Later"),
        APIError(403, "NO", "No", extra={"why": "x", "details": {"tryAgainIn": 5}}),
    ]

    def check(call: object, key: str) -> bool:
        raise raised.pop(0)

    server = server_of(make_auth, kind, config=(ApiKeyConfig(custom_api_key_validator=check),))
    key = server.create().key
    with pytest.raises(APIError, match="Later"):
        server.verify(key)
    refusal = server.verify(key).error
    assert refusal is not None
    assert (refusal.code, refusal.details) == ("NO", {"tryAgainIn": 5})


class Themed(Session, kw_only=True):
    """A session with something that its user sets."""

    theme: str | None = None


@dataclass(frozen=True, kw_only=True)
class Wiping(Plugin):
    """Something that wants to be confirmed."""

    id: ClassVar[str] = "wiping"

    @post("/wipe", requires="session")
    async def wipe(self, call: Call) -> Success:
        await consume_action_token(call, "wipe")
        return Success()


def test_where_ids_are_numbers_a_key_is_not_the_session_of_its_number(
    make_auth: MakeAuth, kind: str, tmp_path: Path
) -> None:
    """It would change the session of a stranger, be answered with its token, and burn its grant."""
    codes: list[str] = []

    def send(mail: ActionTokenMail, request: object) -> None:
        codes.append(mail.token)

    confirming = ActionToken(send_token=send, require_verified_email=False)
    auth = make_auth(
        plugins=[ApiKey(config=STANDS), confirming, Wiping()],
        session=SessionOptions(model=Themed),
        advanced=Advanced(generate_id="serial"),
    )
    server = KeyServer(auth, kind)
    _, eve = server.person("eve")
    session = server.ada.get("/get-session").json["session"]
    assert server.ada.post("/update-session", {"theme": "dark"}).status == 200
    assert server.ada.post("/one-time-token/send-token", {"type": "wipe"}).status == 200
    auth.blocking.runtime.drain()
    confirmed = {"type": "wipe", "token": codes[0]}
    assert server.ada.post("/one-time-token/verify-token", confirmed).status == 200
    key = server.create(user_id=eve).key
    with sqlite3.connect(tmp_path / "test.db") as database:
        database.execute("update apikey set id = ?", (session["id"],))
    answer = server.with_key(key, "/update-session", {"theme": "stolen"})
    assert (answer.status, answer.code) == (401, "FAILED_TO_GET_SESSION")
    assert server.ada.get("/get-session").json["session"]["theme"] == "dark"
    refused = server.with_key(key, "/wipe", {})
    assert (refused.status, refused.code) == (403, "ACTION_CONFIRMATION_REQUIRED")
    assert server.ada.post("/wipe", {}).status == 200
