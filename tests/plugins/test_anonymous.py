"""Guests: signing in as one, and what becomes of it when they say who they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.guest_server import (
    DELETE,
    GUEST,
    SESSION,
    Broken,
    GuestServer,
    guest_server,
    who,
)
from tests.support.browser import Browser, Clock
from tests.support.vectors import vectors
from watchword import APIError, ConfigurationError, ModelHooks, SessionOptions
from watchword.configuration.options import CookieCache
from watchword.plugins import Anonymous, Bearer
from watchword.storage.memory import MemoryStorage

FLOW = vectors("flows", "vectors-plugins-1.json")["anonymous"]
PLACEHOLDER = vectors("placeholderEmail", "vectors-plugins-1.json")["cases"][0]


@pytest.fixture
def server(make_auth: MakeAuth, kind: str) -> GuestServer:
    return guest_server(make_auth, kind)


def test_a_guest_signs_in(server: GuestServer) -> None:
    guest = server.guest()
    body = guest.answer.json
    assert set(body) == {"token", "user"}
    assert set(body["user"]) == set(FLOW["body"]["user"])
    for name in ("name", "emailVerified", "image", "isAnonymous"):
        assert body["user"][name] == FLOW["body"]["user"][name]
    assert len(guest.email) == len(FLOW["body"]["user"]["email"])
    local, _, domain = guest.email.partition("@")
    assert (len(local), domain) == (32, PLACEHOLDER["generated"].partition("@")[2])
    assert guest.email == guest.email.lower()
    line = guest.answer.cookie(SESSION) or ""
    assert line.partition("; ")[2] == FLOW["setCookie"][0].partition("; ")[2]
    assert guest.browser.session()["user"]["isAnonymous"] is True


def test_a_guest_is_not_made_again(server: GuestServer) -> None:
    guest = server.guest()
    again = guest.browser.post(GUEST)
    assert (again.status, again.code) == (400, "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY")
    assert who(guest.browser) == guest.email
    assert len(server.users()) == 1


def test_a_member_becomes_a_guest_and_stays_signed_in_elsewhere(server: GuestServer) -> None:
    ada = server.member()
    before = dict(ada.jar)
    assert ada.post(GUEST).json["user"]["isAnonymous"] is True
    ada.jar = before
    assert who(ada) == "ada@example.com"
    assert server.moving.linked == []


@pytest.mark.parametrize("way", ["sign up", "sign in"])
def test_what_is_the_guests_goes_to_who_signs_in(server: GuestServer, way: str) -> None:
    if way == "sign in":
        server.member()
    guest = server.guest("milk", "bread")
    answer = guest.browser.sign_up() if way == "sign up" else guest.browser.sign_in()
    assert answer.status == 200
    assert server.moving.pairs == [(guest.id, "ada@example.com")]
    (linked,) = server.moving.linked
    assert linked.anonymous_user.session.token == guest.answer.json["token"]
    assert linked.new_user.session.token == answer.json["token"]
    assert who(guest.browser) == "ada@example.com"
    assert guest.browser.get("/notes").json == ["bread", "milk"]
    assert guest.id not in server.users()


def test_an_answer_tells_nothing_of_the_guest_but_the_new_session(server: GuestServer) -> None:
    guest = server.guest()
    answer = guest.browser.sign_up()
    assert [line.partition("=")[0] for line in answer.cookies] == [SESSION]


def test_a_guest_whose_session_is_over_is_left_alone(server: GuestServer, clock: Clock) -> None:
    server.member()
    guest = server.guest("milk")
    other = server.browser()
    other.jar = dict(guest.browser.jar)
    assert other.post("/sign-out", {}).status == 200
    # The cookie of what was revoked must not cost the browser the session that it gets now.
    assert guest.browser.sign_in().status == 200
    assert who(guest.browser) == "ada@example.com"
    assert server.moving.linked == []
    assert guest.id in server.users()


def test_a_guest_whose_session_has_expired_is_left_alone(server: GuestServer, clock: Clock) -> None:
    server.member()
    guest = server.guest("milk")
    clock.forward(7 * 86_400 + 1)
    assert guest.browser.sign_in().status == 200
    assert who(guest.browser) == "ada@example.com"
    assert server.moving.linked == []


def test_whoever_had_a_revoked_guest_may_be_a_guest_again(server: GuestServer) -> None:
    guest = server.guest()
    other = server.browser()
    other.jar = dict(guest.browser.jar)
    other.post("/sign-out", {})
    again = guest.browser.post(GUEST)
    assert again.status == 200
    assert who(guest.browser) == again.json["user"]["email"] != guest.email


@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_callback_that_fails_loses_nothing(
    make_auth: MakeAuth, kind: str, in_transaction: bool
) -> None:
    server = guest_server(make_auth, kind, link_in_transaction=in_transaction)
    server.member()
    guest = server.guest("milk")
    server.moving.fails = Broken()
    answer = guest.browser.sign_in()
    assert answer.status == 500
    assert answer.cookies == ()
    assert who(guest.browser) == guest.email
    # What it did through the call's database is undone where that is promised.
    assert guest.browser.get("/notes").json == (["milk"] if in_transaction else [])
    server.moving.fails = None
    assert guest.browser.sign_in().status == 200
    assert guest.browser.get("/notes").json == ["milk"]
    # That of the attempt that failed is gone, Ada's own first one is not.
    assert len(guest.browser.get("/list-sessions").json) == 2


def test_a_callback_that_refuses_says_why(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, plugins=[Bearer()])
    server.member()
    guest = server.guest("milk")
    server.moving.fails = APIError(409, "BASKET_IS_LOCKED", "Pay first")
    answer = guest.browser.sign_in()
    assert (answer.status, answer.code) == (409, "BASKET_IS_LOCKED")
    assert answer.cookies == ()
    assert answer.header("set-auth-token") is None
    assert who(guest.browser) == guest.email
    assert guest.browser.get("/notes").json == ["milk"]


def test_guests_are_kept_where_the_option_says_so(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, disable_delete_anonymous_user=True)
    guest = server.guest("milk")
    assert guest.browser.post(DELETE).code == "DELETE_ANONYMOUS_USER_DISABLED"
    guest.browser.sign_up()
    assert server.moving.pairs == [(guest.id, "ada@example.com")]
    assert guest.id in server.users()


def test_without_a_callback_guests_just_go(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, on_link_account=None)
    guest = server.guest()
    guest.browser.sign_up()
    assert [user.email for user in server.users().values()] == ["ada@example.com"]


def test_a_guest_who_cannot_be_deleted_does_not_keep_anybody_out(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(user: Any, call: Any) -> None:
        raise RuntimeError(f"the archive is closed to {user.email}")

    hooks = {"user": ModelHooks(delete_before=refuse)}
    server = guest_server(make_auth, kind, on_link_account=None, auth={"database_hooks": hooks})
    guest = server.guest()
    assert guest.browser.sign_up().status == 200
    assert who(guest.browser) == "ada@example.com"
    assert guest.id in server.users()
    assert f"the guest {guest.id} stays: RuntimeError at " in caplog.text
    assert "refuse, line " in caplog.text
    assert "Traceback" not in caplog.text
    assert guest.email not in caplog.text


def test_bearers_are_guests_as_well(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, plugins=[Bearer()])
    server.member()
    guest = server.guest("milk")
    phone = server.browser()
    bearer = {"authorization": f"Bearer {guest.answer.json['token']}"}
    assert phone.post(GUEST, **bearer).code == "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY"
    body = {"email": "ada@example.com", "password": "password1234"}
    answer = phone.post("/sign-in/email", body, **bearer)
    assert answer.status == 200
    assert server.moving.pairs == [(guest.id, "ada@example.com")]
    assert guest.id not in server.users()


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
def test_a_cached_session_of_a_guest(make_auth: MakeAuth, kind: str, strategy: Any) -> None:
    session = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    server = guest_server(make_auth, kind, auth={"session": session})
    guest = server.guest("milk")
    assert guest.browser.sign_up().status == 200
    assert who(guest.browser) == "ada@example.com"
    assert guest.browser.get("/notes").json == ["milk"]
    assert guest.id not in server.users()


def test_a_secondary_storage(make_auth: MakeAuth, kind: str, clock: Clock) -> None:
    server = guest_server(make_auth, kind, auth={"secondary_storage": MemoryStorage(clock)})
    guest = server.guest("milk")
    old = dict(guest.browser.jar)
    assert guest.browser.sign_up().status == 200
    assert server.moving.pairs == [(guest.id, "ada@example.com")]
    assert who(guest.browser) == "ada@example.com"
    guest.browser.jar = old
    assert guest.browser.session() is None


def test_without_any_store(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, auth={"database": None})
    guest = server.guest()
    assert guest.browser.post(GUEST).code == "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY"
    assert guest.browser.sign_up().status == 200
    assert who(guest.browser) == "ada@example.com"
    assert server.moving.pairs == [(guest.id, "ada@example.com")]


def test_names_and_addresses(make_auth: MakeAuth, kind: str) -> None:
    async def named(call: Any) -> str:
        return f"Guest from {call.request.client}" if call.request else ""

    server = guest_server(
        make_auth, kind, generate_name=named, email_domain_name="guests.example.com"
    )
    user = server.guest().answer.json["user"]
    assert user["name"] == "Guest from 203.0.113.7"
    local, _, domain = user["email"].partition("@")
    assert (local[:5], len(local), domain) == ("temp-", 37, "guests.example.com")


@pytest.mark.parametrize("made", ["nonsense", "a b@example.com", f"{'x' * 300}@example.com", 7])
def test_an_address_that_is_none(make_auth: MakeAuth, made: Any) -> None:
    server = guest_server(make_auth, generate_random_email=lambda: made)
    answer = server.browser().post(GUEST)
    assert (answer.status, answer.code) == (400, "INVALID_EMAIL_FORMAT")
    assert server.users() == {}


def test_an_address_that_somebody_has(make_auth: MakeAuth) -> None:
    server = guest_server(make_auth, generate_random_email=lambda: "Ada@Example.com")
    server.member()
    answer = server.browser().post(GUEST)
    assert (answer.status, answer.code) == (500, "FAILED_TO_CREATE_USER")


@pytest.mark.parametrize(
    ("model", "expected"),
    [("user", (500, "FAILED_TO_CREATE_USER")), ("session", (400, "COULD_NOT_CREATE_SESSION"))],
)
def test_a_hook_that_refuses_leaves_nothing(
    make_auth: MakeAuth, kind: str, model: str, expected: tuple[int, str]
) -> None:
    hooks = {model: ModelHooks(create_before=lambda values, call: False)}
    server = guest_server(make_auth, kind, auth={"database_hooks": hooks})
    answer = server.browser().post(GUEST)
    assert (answer.status, answer.code) == expected
    assert server.users() == {}


def test_a_guest_leaves(server: GuestServer) -> None:
    guest = server.guest("milk")
    copy = dict(guest.browser.jar)
    answer = guest.browser.post(DELETE)
    assert (answer.status, answer.json) == (200, {"success": True})
    assert guest.browser.jar == {}
    assert server.users() == {}
    guest.browser.jar = copy
    assert guest.browser.session() is None
    assert guest.browser.post(DELETE).status == 401


def test_members_are_not_deleted_as_guests(server: GuestServer) -> None:
    answer = server.member().post(DELETE)
    assert (answer.status, answer.code) == (403, "USER_IS_NOT_ANONYMOUS")
    assert server.browser().post(DELETE).status == 401


def test_a_guest_whom_a_hook_keeps(make_auth: MakeAuth, kind: str) -> None:
    hooks = {"user": ModelHooks(delete_before=lambda user, call: False)}
    server = guest_server(make_auth, kind, auth={"database_hooks": hooks})
    guest = server.guest()
    answer = guest.browser.post(DELETE)
    assert (answer.status, answer.code) == (500, "FAILED_TO_DELETE_ANONYMOUS_USER")
    assert who(guest.browser) == guest.email


def test_nobody_says_of_himself_that_he_is_a_guest(server: GuestServer) -> None:
    ada = server.browser()
    assert ada.sign_up(isAnonymous=True).json["user"]["isAnonymous"] is False
    answer = ada.post("/update-user", {"isAnonymous": True})
    assert (answer.status, answer.code) == (400, "FIELD_NOT_ALLOWED")


def test_other_sites_make_nobody_a_guest(server: GuestServer) -> None:
    ada = server.member()
    kept = dict(ada.jar)
    elsewhere = Browser(server.auth, server.kind, origin="https://evil.example")
    assert elsewhere.post(GUEST).status == 403
    elsewhere.jar = kept
    assert elsewhere.post(GUEST).status == 403
    assert elsewhere.post(DELETE).status == 403


@pytest.mark.parametrize(
    "options",
    [
        {"email_domain_name": "no domain"},
        {"email_domain_name": ""},
        {"on_link_account": "move"},
        {"generate_name": "Guest"},
        {"generate_random_email": "a@example.com"},
        {"disable_delete_anonymous_user": "no"},
        {"link_in_transaction": 1},
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Anonymous(**options)
    assert next(iter(options)) in str(caught.value)


def test_the_address_of_a_guest_may_be_forbidden(make_auth: MakeAuth) -> None:
    def refuse(values: Any, source: Any, call: Any) -> str | None:
        return "no_guests" if source.method == "anonymous" else None

    server = guest_server(make_auth, auth={"validate_user_info": refuse})
    answer = server.browser().post(GUEST)
    assert (answer.status, answer.code) == (403, "no_guests")
