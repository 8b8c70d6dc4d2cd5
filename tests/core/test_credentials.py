"""Credentials that plugins know: their order, what they vouch for, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import APIError, Call, Change, Hooks, Plugin, Session, SessionAndUser, User
from watchword.credential import Answer, Credential, SessionToken
from watchword.plugin import before
from watchword.plugins import Bearer


@dataclass(frozen=True, kw_only=True)
class Keys(Plugin):
    """API keys in short: `x-api-key: <address>` is that user, without a session in the store."""

    id: ClassVar[str] = "keys"
    reads: list[str] = field(default_factory=list[str])

    def credentials(self) -> Sequence[Credential]:
        return (Credential(header="x-api-key", read=self._read),)

    async def _read(self, call: Call, value: str) -> Answer:
        self.reads.append(value)
        if value == "expired":
            raise APIError(401, "KEY_EXPIRED", "The key has expired")
        user = await call.db.find_one(User, email=value)
        if user is None:
            return None
        session = Session(
            id="key-1",
            token="plain-key",
            user_id=user.id,
            expires_at=call.now + timedelta(days=1),
            created_at=call.now,
            updated_at=call.now,
        )
        return SessionAndUser(session=session, user=user)


@dataclass(frozen=True, kw_only=True)
class Switch(Plugin):
    """Tries to make somebody else of who is asking, by a header that it sets."""

    id: ClassVar[str] = "switch"
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @before()
    async def switch(self, call: Call) -> Change:
        return Change(headers=self.headers)


def people(make_auth: MakeAuth, kind: str, *plugins: Plugin) -> tuple[Browser, Browser]:
    """Ada and Eve before one server."""
    auth = make_auth(plugins=plugins)
    ada, eve = Browser(auth, kind), Browser(auth, kind)
    ada.sign_up()
    eve.sign_up("eve@example.com")
    return ada, eve


def test_a_vouched_session_is_who_is_asking_and_no_cookie_is(
    make_auth: MakeAuth, kind: str
) -> None:
    ada, eve = people(make_auth, kind, Keys())
    eve.jar.clear()
    assert eve.get("/get-session", x_api_key="eve@example.com").json["session"]["id"] == "key-1"
    for browser in (ada, eve):
        changed = browser.post("/update-user", {"name": "Eve!"}, x_api_key="eve@example.com")
        assert (changed.status, changed.cookies) == (200, ())
        assert browser.post("/sign-out", {}, x_api_key="eve@example.com").cookies == ()
    assert ada.session()["user"]["name"] == "Ada"


def test_a_vouched_session_never_becomes_a_bearer_token(make_auth: MakeAuth, kind: str) -> None:
    _, eve = people(make_auth, kind, Bearer(), Keys())
    answer = eve.post("/update-user", {"name": "Eve!"}, x_api_key="eve@example.com")
    assert (answer.status, answer.header("set-auth-token")) == (200, None)


def test_a_refused_credential_refuses_whatever_cookie_came_along(
    make_auth: MakeAuth, kind: str
) -> None:
    ada, _ = people(make_auth, kind, Keys())
    assert ada.get("/list-sessions", x_api_key="expired").code == "KEY_EXPIRED"
    assert ada.get("/get-session", x_api_key="expired").code == "KEY_EXPIRED"
    assert ada.get("/ok", x_api_key="expired").status == 200
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    headers = {"cookie": cookie, "x-api-key": "expired"}
    assert ada.auth.blocking.check(headers).session is None
    assert ada.auth.blocking.check({"cookie": cookie}).session is not None


def test_who_is_not_known_to_one_credential_is_left_to_the_next(
    make_auth: MakeAuth, kind: str
) -> None:
    ada, _ = people(make_auth, kind, Keys())
    assert ada.get("/get-session", x_api_key="nobody@example.com").json == ada.session()


@pytest.mark.parametrize("keys_first", [True, False])
def test_of_several_credentials_the_plugin_that_was_installed_first_decides(
    make_auth: MakeAuth, kind: str, keys_first: bool
) -> None:
    plugins = (Keys(), Bearer()) if keys_first else (Bearer(), Keys())
    ada, eve = people(make_auth, kind, *plugins)
    token = eve.get("/get-session").json["session"]["token"]
    eve.jar.clear()
    bearer = f"Bearer {token}"
    answer = eve.get("/get-session", x_api_key="ada@example.com", authorization=bearer)
    found = answer.json["user"]["email"]
    assert found == ("ada@example.com" if keys_first else "eve@example.com")
    assert ada.session() is not None


def test_a_credential_is_read_once_a_call_and_only_where_its_header_is(
    make_auth: MakeAuth, kind: str
) -> None:
    keys = Keys()
    ada, _ = people(make_auth, kind, keys)
    ada.session()
    ada.get("/list-sessions")
    assert keys.reads == []
    # Twice a session is asked for: as it is, and by the store's word.
    ada.post("/change-email", {"newEmail": "a@example.com"}, x_api_key="eve@example.com")
    assert keys.reads == ["eve@example.com"]


def test_hooks_do_not_change_who_is_asking(make_auth: MakeAuth, kind: str) -> None:
    headers: dict[str, str] = {}
    ada, eve = people(make_auth, kind, Bearer(), Switch(headers=headers))
    token = eve.session()["session"]["token"]
    eves = "; ".join(f"{name}={value}" for name, value in eve.jar.items())
    for name, value in (("cookie", eves), ("authorization", f"Bearer {token}")):
        headers.clear()
        headers[name] = value
        assert ada.session()["user"]["email"] == "ada@example.com"
        assert ada.get("/list-sessions").json[0]["userId"] == ada.session()["user"]["id"]
        assert ada.auth.blocking.check({"cookie": eves}).session is not None
        nobody = Browser(ada.auth, kind)
        assert nobody.session() is None


def test_hooks_around_endpoints_do_not_run_for_own_routes(make_auth: MakeAuth) -> None:
    seen: list[str] = []

    def note(call: Call) -> None:
        seen.append(call.path)

    ada = Browser(make_auth(hooks=Hooks(before=note, after=note)))
    ada.sign_up()
    seen.clear()
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    assert ada.auth.blocking.check({"cookie": cookie}).session is not None
    assert seen == []


def test_a_server_side_call_acts_for_whom_a_check_found(make_auth: MakeAuth, clock: Clock) -> None:
    keys = Keys()
    ada, eve = people(make_auth, "blocking", keys)
    cookie = "; ".join(f"{name}={value}" for name, value in ada.jar.items())
    checked = ada.auth.blocking.check({"cookie": cookie, "x-api-key": "eve@example.com"})
    assert checked.session is not None
    api: Any = ada.auth.blocking.api
    found = api.list_user_accounts(checked=checked)
    assert found[0].user_id == checked.session.user.id == eve.session()["user"]["id"]
    assert keys.reads == ["eve@example.com"], "the credential was not asked again"


def test_a_session_token_keeps_out_of_the_repr() -> None:
    assert "abc" not in repr(SessionToken("abc"))
