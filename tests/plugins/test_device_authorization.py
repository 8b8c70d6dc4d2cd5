"""Signing devices in: what a device shows, what its user does elsewhere, and who gets a session."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.device_server import (
    CLIENT,
    DeviceServer,
    MakeServer,
    approve,
    deny,
    device_server,
    let_in,
    look_up,
    post_form,
    told,
)
from tests.support.browser import ORIGIN, SECRET, Browser, Clock
from tests.support.vectors import vectors
from watchword import APIError, Auth, ConfigurationError, ModelHooks, RateLimit, SessionOptions
from watchword.configuration.options import CookieCache
from watchword.plugins import Admin, DeviceAuthorization
from watchword.plugins.device_authorization import (
    GRANT,
    USER_CODE_ALPHABET,
    AskForDeviceCode,
    DecideUserCode,
    RedeemDeviceCode,
    WhichUserCode,
)

VECTORS = vectors("deviceAuthorization", "vectors-plugins-2.json")
BAD = (400, "invalid_request")
PENDING = (400, "authorization_pending")
GONE = (400, "invalid_grant")
SLOW = (400, "slow_down")
DENIED = (400, "access_denied")
LATE = (400, "expired_token")
INVALID = (400, "VALIDATION_ERROR")


@pytest.fixture
def make(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakeServer:
    return device_server(make_auth, clock, tmp_path, kind)


@pytest.fixture
def server(make: MakeServer) -> DeviceServer:
    return make()


@pytest.fixture
def ada(server: DeviceServer) -> Browser:
    browser = server.browser()
    browser.sign_up()
    return browser


# codes


def test_a_device_gets_codes(server: DeviceServer) -> None:
    answer = server.browser().post("/device/code", {"client_id": CLIENT, "scope": "a b"})
    codes = answer.json
    assert re.fullmatch(f"[{VECTORS['userCodeAlphabet']}]{{8}}", codes["user_code"])
    assert re.fullmatch(f"[{VECTORS['deviceCodeAlphabet']}]{{40}}", codes["device_code"])
    complete = f"{ORIGIN}/device?user_code={codes['user_code']}"
    assert codes == {
        "device_code": codes["device_code"],
        "user_code": codes["user_code"],
        "verification_uri": f"{ORIGIN}/device",
        "verification_uri_complete": complete,
        "expires_in": 1800,
        "interval": 5,
    }
    assert set(codes) == set(VECTORS["samples"][0])
    assert VECTORS["userCodeAlphabet"] == USER_CODE_ALPHABET
    assert answer.header("cache-control") == "no-store"
    assert answer.header("pragma") == "no-cache"
    columns = "status, userId, clientId, scope, pollingInterval, lastPolledAt"
    assert server.sql(f"select {columns} from deviceCode") == [
        ("pending", None, CLIENT, "a b", 5000, None)
    ]


def test_forms_ask_and_poll(server: DeviceServer) -> None:
    client = server.browser()
    fields = [("client_id", CLIENT), ("scope", ""), ("user_id", "")]
    codes = post_form(client, "/device/code", fields).json
    assert server.sql("select scope, userId from deviceCode") == [(None, None)]
    poll = [
        ("grant_type", GRANT),
        ("device_code", codes["device_code"]),
        ("client_id", CLIENT),
    ]
    assert told(post_form(client, "/device/token", poll)) == PENDING
    twice = [*poll, ("client_id", CLIENT)]
    assert told(post_form(client, "/device/token", twice)) == BAD
    assert told(post_form(client, "/device/code", [*fields, fields[0]])) == BAD


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"client_id": ""}, {"client_id": 5}, {"client_id": "x" * 256}]
    + [{"client_id": "x", name: wrong} for name in ("scope", "user_id") for wrong in (5, None, [])]
    + [{"client_id": "x", "scope": "x" * 2001}, {"client_id": "nul\0"}],
)
def test_what_is_wrong_is_told_as_oauth_tells_it(server: DeviceServer, body: Any) -> None:
    answer = server.browser().post("/device/code", body)
    assert told(answer) in (BAD, INVALID)
    assert server.sql("select * from deviceCode") == []
    if body is not None and "nul\0" not in str(body.get("client_id") if body else ""):
        assert set(answer.json) == {"error", "error_description"}


def test_polls_of_the_wrong_form(server: DeviceServer) -> None:
    codes = server.ask()
    for changed in (
        {"grant_type": "password"},
        {"grant_type": None},
        {"device_code": None},
        {"device_code": "x" * 256},
        {"client_id": 5},
    ):
        answer = server.poll(codes, **changed)
        assert (answer.status, answer.code, told(answer)) == (400, "VALIDATION_ERROR", BAD)
    assert server.sql("select lastPolledAt from deviceCode") == [(None,)]


def test_applications_may_be_known(make: MakeServer) -> None:
    asked: list[Any] = []

    async def is_known(client_id: str) -> bool:
        return client_id == CLIENT

    server = make(
        validate_client=is_known,
        on_device_auth_request=lambda *given: asked.append(given),
    )
    codes = server.ask(scope="read")
    unknown = server.browser().post("/device/code", {"client_id": "other"})
    assert told(unknown) == (400, "invalid_client")
    assert told(server.poll(codes, client_id="other")) == (400, "invalid_client")
    assert told(server.poll(codes)) == PENDING
    assert asked == [(CLIENT, "read")]


def test_an_application_may_be_refused(make: MakeServer) -> None:
    def refuse(client_id: str, scope: str | None) -> None:
        raise APIError(403, "CLOSED", "Not today")

    answer = make(on_device_auth_request=refuse).browser().post("/device/code", {"client_id": "x"})
    assert (answer.status, answer.code) == (403, "CLOSED")


def test_own_codes(make: MakeServer) -> None:
    server = make(
        generate_device_code=lambda: "secret of this device",
        generate_user_code=lambda: "Grüner-Baum",
        verification_uri="https://example.com/tv?from=device#type",
    )
    codes = server.ask()
    assert codes["device_code"] == "secret of this device"
    url = "https://example.com/tv?from=device&user_code=Gr%C3%BCner-Baum#type"
    assert codes["verification_uri_complete"] == url
    assert look_up(server.browser(), codes).status == 200
    assert told(look_up(server.browser(), {"user_code": "grüner-baum"})) == BAD
    again = server.browser().post("/device/code", {"client_id": CLIENT})
    assert told(again) == (500, "server_error")


@pytest.mark.parametrize("made", [None, 5, "", "x" * 192, "line\nfeed", "\ud800"])
@pytest.mark.parametrize("which", ["generate_device_code", "generate_user_code"])
def test_codes_that_cannot_be_used(make: MakeServer, which: str, made: Any) -> None:
    server = make(**{which: lambda: made})
    assert told(server.browser().post("/device/code", {"client_id": CLIENT})) == BAD
    assert server.sql("select * from deviceCode") == []


def test_a_collision_makes_another_code(make: MakeServer) -> None:
    codes = iter(["AAAA", "AAAA", "BBBB"])
    server = make(generate_user_code=lambda: next(codes))
    assert [server.ask()["user_code"] for _ in range(2)] == ["AAAA", "BBBB"]


def test_a_database_hook_may_refuse(make: MakeServer) -> None:
    hooks = {"deviceCode": ModelHooks(create_before=lambda values, call: False)}
    server = make(auth={"database_hooks": hooks})
    assert told(server.browser().post("/device/code", {"client_id": CLIENT})) == DENIED


# the whole way


def test_a_device_is_let_in(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask(scope="read write")
    assert told(server.poll(codes)) == PENDING
    found = look_up(ada, codes)
    assert found.json == {
        "user_code": codes["user_code"],
        "status": "pending",
        "client_id": CLIENT,
        "scope": "read write",
    }
    assert approve(ada, codes).json == {"success": True}
    assert look_up(ada, codes).json["status"] == "approved"
    answer = server.poll_later(codes)
    token = answer.json["access_token"]
    assert answer.json == {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 7 * 86_400,
        "scope": "read write",
    }
    assert answer.cookies == ()
    assert answer.header("pragma") == "no-cache"
    assert server.bearer(token)["user"]["email"] == "ada@example.com"
    assert server.bearer(token)["session"]["token"] != ada.session()["session"]["token"]
    assert server.sql("select * from deviceCode") == []
    assert server.sql("select * from verification") == []
    assert told(server.poll_later(codes)) == GONE


def test_from_python(make_auth: MakeAuth) -> None:
    auth: Auth[Any] = make_auth(plugins=[DeviceAuthorization()])
    browser, api = Browser(auth), auth.blocking.api
    browser.sign_up()
    me = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())}
    codes = api.device_code(AskForDeviceCode(client_id=CLIENT))
    poll = RedeemDeviceCode(
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=codes.device_code,
        client_id=CLIENT,
    )
    with pytest.raises(APIError) as waiting:
        api.device_token(poll)
    assert waiting.value.extra["error"] == "authorization_pending"
    api.device_verify(WhichUserCode(user_code=codes.user_code), headers=me)
    api.device_deny(DecideUserCode(user_code=codes.user_code), headers=me)
    assert codes.device_code not in repr(codes) + repr(poll)


def test_a_device_is_turned_away(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    look_up(ada, codes)
    assert deny(ada, codes).json == {"success": True}
    assert told(approve(ada, codes)) == BAD
    assert told(server.poll(codes)) == DENIED
    assert told(server.poll_later(codes)) == GONE
    assert server.sql("select count(*) from session") == [(1,)]


def test_codes_end(server: DeviceServer, ada: Browser, clock: Clock) -> None:
    codes = server.ask()
    look_up(ada, codes)
    clock.forward(1800)
    for do in (look_up, approve, deny):
        assert told(do(ada, codes)) == LATE
    assert told(server.poll(codes)) == LATE
    assert told(server.poll_later(codes)) == GONE


def test_an_approved_code_ends_too(server: DeviceServer, ada: Browser, clock: Clock) -> None:
    codes = server.ask()
    let_in(ada, codes)
    clock.forward(1800)
    assert told(server.poll(codes)) == LATE
    assert server.sql("select count(*) from session") == [(1,)]


def test_rows_of_long_ago_are_swept(server: DeviceServer, clock: Clock) -> None:
    server.ask()
    clock.forward(1800 + 3601)
    server.ask()
    assert server.sql("select count(*) from deviceCode") == [(1,)]


# polling


def test_a_device_that_asks_too_often_is_told_so(server: DeviceServer, clock: Clock) -> None:
    codes = server.ask()
    assert told(server.poll(codes)) == PENDING
    for pause, answer in ((0, SLOW), (4.999, SLOW), (0.001, PENDING), (4, SLOW), (1, PENDING)):
        clock.forward(pause)
        assert told(server.poll(codes)) == answer


def test_too_early_a_poll_costs_nothing(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    server.poll(codes)
    let_in(ada, codes)
    assert told(server.poll(codes)) == SLOW
    assert server.poll_later(codes).status == 200


def test_the_pause_is_that_of_the_code(make: MakeServer, clock: Clock) -> None:
    server = make(interval=timedelta(seconds=20))
    codes = server.ask()
    assert codes["interval"] == 20
    server.sql("update deviceCode set pollingInterval = 1000")
    server.poll(codes)
    clock.forward(1)
    assert told(server.poll(codes)) == PENDING
    server.sql("update deviceCode set pollingInterval = null")
    clock.forward(19)
    assert told(server.poll(codes)) == SLOW


@pytest.mark.parametrize("known", ["device_code", "client_id"])
def test_a_code_is_good_for_who_got_it(server: DeviceServer, ada: Browser, known: str) -> None:
    codes = server.ask()
    let_in(ada, codes)
    other = server.ask()
    changed = {"client_id": "cli-2"} if known == "device_code" else {"device_code": "x" * 40}
    assert told(server.poll(codes, **changed)) == GONE
    assert told(server.poll(codes, device_code=codes["device_code"].swapcase())) == GONE
    assert told(server.poll(codes, device_code=codes["user_code"])) == GONE
    assert told(server.poll(other)) == PENDING
    assert server.poll(codes).status == 200


# who decides


def test_nobody_decides_who_is_not_signed_in(server: DeviceServer) -> None:
    codes, nobody = server.ask(), server.browser()
    assert look_up(nobody, codes).json == {"user_code": codes["user_code"], "status": "pending"}
    for do in (approve, deny):
        assert told(do(nobody, codes)) == (401, "unauthorized")
        assert told(do(nobody, {"user_code": "nothing"})) == (401, "unauthorized")
        assert do(nobody, {"user_code": "x" * 256}).code == "VALIDATION_ERROR"
    assert server.sql("select userId, status from deviceCode") == [(None, "pending")]


def test_who_looks_first_decides(server: DeviceServer, ada: Browser) -> None:
    codes, eve = server.ask(scope="all"), server.browser()
    eve.sign_up("eve@example.com")
    assert told(approve(ada, codes)) == BAD
    assert look_up(ada, codes).json["scope"] == "all"
    assert look_up(eve, codes).json == {"user_code": codes["user_code"], "status": "pending"}
    for do in (approve, deny):
        assert told(do(eve, codes)) == (403, "access_denied")
    assert approve(ada, codes).status == 200
    token = server.poll(codes).json["access_token"]
    assert server.bearer(token)["user"]["email"] == "ada@example.com"


def test_a_device_may_know_for_whom_it_asks(server: DeviceServer, ada: Browser) -> None:
    codes, eve = server.ask(user_id=ada.session()["user"]["id"]), server.browser()
    eve.sign_up("eve@example.com")
    look_up(eve, codes)
    assert told(approve(eve, codes)) == (403, "access_denied")
    assert approve(ada, codes).status == 200


def test_codes_are_found_as_people_type_them(server: DeviceServer) -> None:
    code = server.ask()["user_code"]
    spelled = f" {code[:4]}-{code[4:]} ".lower()
    nobody = server.browser()
    answer = nobody.get("/device", {"user_code": spelled})
    assert answer.json == {"user_code": spelled, "status": "pending"}
    for wrong in (code[:-1], code + "A", "%" * 8, "_" * 8, "", "\u017f" * 8, "\uff21" * 8):
        assert told(nobody.get("/device", {"user_code": wrong})) == BAD
    assert nobody.get("/device").code == "VALIDATION_ERROR"


def test_capitals_count_in_codes_of_ones_own(make: MakeServer) -> None:
    server = make(generate_user_code=lambda: "abcd")
    server.ask()
    for typed, status in (("abcd", 200), ("ABCD", 400), ("ab-cd", 400)):
        assert server.browser().get("/device", {"user_code": typed}).status == status


def test_a_decision_is_made_once(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    let_in(ada, codes)
    assert told(deny(ada, codes)) == BAD
    assert told(approve(ada, codes)) == BAD
    assert server.poll(codes).status == 200


def test_other_sites_decide_nothing(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    look_up(ada, codes)
    answer = ada.post(
        "/device/approve", {"userCode": codes["user_code"]}, origin="https://evil.example"
    )
    assert answer.code == "INVALID_ORIGIN"
    assert told(server.poll(codes)) == PENDING


# sessions that end, users who go


def test_the_cache_of_an_ended_session_claims_and_decides_nothing(make: MakeServer) -> None:
    cache = SessionOptions(cookie_cache=CookieCache(max_age=300))
    server = make(auth={"session": cache})
    ada, codes = server.browser(), server.ask()
    ada.sign_up()
    server.sql("delete from session")
    assert ada.session() is not None
    look_up(ada, codes)
    assert server.sql("select userId from deviceCode") == [(None,)]
    assert told(approve(ada, codes)) == (401, "unauthorized")


@pytest.mark.parametrize("end", ["/sign-out", "/revoke-sessions", "/revoke-other-sessions"])
def test_what_a_session_approved_ends_with_it(server: DeviceServer, ada: Browser, end: str) -> None:
    codes = server.ask()
    let_in(ada, codes)
    other = server.browser()
    other.sign_in()
    (other if "other" in end else ada).post(end, {})
    sessions = server.sql("select token from session")
    assert told(server.poll(codes)) == DENIED
    assert server.sql("select token from session") == sessions
    assert server.sql("select * from deviceCode") == []


def test_a_device_that_is_in_stays_when_who_let_it_in_signs_out(
    server: DeviceServer, ada: Browser
) -> None:
    codes = server.ask()
    let_in(ada, codes)
    token = server.poll(codes).json["access_token"]
    ada.post("/sign-out", {})
    assert server.bearer(token)["user"]["email"] == "ada@example.com"


def test_a_user_who_is_gone_lets_nothing_in(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    let_in(ada, codes)
    server.sql("delete from user")
    assert told(server.poll(codes)) == DENIED
    assert server.sql("select * from deviceCode") == []


def test_x4_a_banned_user_lets_nothing_in(make: MakeServer) -> None:
    server = make(plugins=[Admin()])
    ada, codes = server.browser(), server.ask()
    ada.sign_up()
    let_in(ada, codes)
    server.sql("update user set banned = 1")
    answer = server.poll(codes)
    assert (answer.status, answer.code) == (403, "BANNED_USER")
    assert server.sql("select count(*) from session") == [(1,)]
    assert told(server.poll_later(codes)) == GONE


def test_a_device_is_as_fresh_as_the_session_that_let_it_in(
    server: DeviceServer, ada: Browser, clock: Clock
) -> None:
    clock.forward(86_400 + 1)
    codes = server.ask()
    let_in(ada, codes)
    token = server.poll(codes).json["access_token"]
    answer = server.browser().get("/list-sessions", authorization=f"Bearer {token}")
    assert answer.code == "SESSION_NOT_FRESH"


def test_a_short_session_lets_a_device_in_for_as_long(server: DeviceServer, clock: Clock) -> None:
    ada = server.browser()
    ada.sign_up()
    ada.sign_in(rememberMe=False)
    clock.forward(3600)
    codes = server.ask()
    let_in(ada, codes)
    assert server.poll(codes).json["expires_in"] == 86_400 - 3600


def test_who_stands_in_for_a_user_lets_no_device_in(make: MakeServer) -> None:
    server = make(plugins=[Admin()])
    root, bob, codes = server.browser(), server.browser(), server.ask()
    bob_id = bob.sign_up("bob@example.com").json["user"]["id"]
    root_id = root.sign_up("root@example.com").json["user"]["id"]
    server.sql("update user set role = 'admin' where id = ?", root_id)
    assert root.post("/admin/impersonate-user", {"userId": bob_id}).status == 200
    assert set(look_up(root, codes).json) == {"user_code", "status"}
    assert approve(root, codes).code == "NOT_WHILE_IMPERSONATING"
    assert told(deny(root, codes)) == (401, "unauthorized")
    assert server.sql("select userId, status from deviceCode") == [(None, "pending")]
    assert told(server.poll(codes)) == PENDING


def test_a_database_hook_may_refuse_the_session(make: MakeServer) -> None:
    taken = {"n": 0}

    def one_only(values: Any, call: Any) -> Literal[False] | None:
        taken["n"] += 1
        return False if taken["n"] > 1 else None

    hooks = {"session": ModelHooks(create_before=one_only)}
    server = make(auth={"database_hooks": hooks})
    ada, codes = server.browser(), server.ask()
    ada.sign_up()
    let_in(ada, codes)
    assert told(server.poll(codes)) == DENIED


# rows of the reference


def test_an_approval_of_the_reference_counts(server: DeviceServer, ada: Browser) -> None:
    codes = server.ask()
    look_up(ada, codes)
    server.sql("update deviceCode set status = 'approved'")
    token = server.poll(codes).json["access_token"]
    assert server.bearer(token)["user"]["email"] == "ada@example.com"


def test_unless_its_sessions_were_ended_since(
    server: DeviceServer, ada: Browser, clock: Clock
) -> None:
    codes = server.ask()
    look_up(ada, codes)
    server.sql("update deviceCode set status = 'approved'")
    clock.forward(10)
    ada.post("/revoke-sessions", {})
    assert told(server.poll(codes)) == DENIED
    assert server.sql("select * from session") == []


@pytest.mark.parametrize("row", ["status = 'other'", "status = 'approved'"])
def test_a_row_that_says_nothing_lets_nobody_in(server: DeviceServer, row: str) -> None:
    codes = server.ask()
    server.sql(f"update deviceCode set {row}")
    assert told(server.poll(codes)) == DENIED


# limits


def test_user_codes_are_looked_up_a_few_times(make: MakeServer) -> None:
    server = make(auth={"rate_limit": RateLimit(enabled=True)}, expires_in=600)
    browser = server.browser()
    answers = [browser.get("/device", {"user_code": f"{n}"}) for n in range(6)]
    assert [answer.status for answer in answers] == [400] * 5 + [429]
    assert answers[-1].header("x-retry-after") == "600"
    for path in ("/device/approve", "/device/deny"):
        statuses = [browser.post(path, {"userCode": "x"}).status for _ in range(11)]
        assert statuses == [401] * 10 + [429]


def test_sessions_that_are_kept_nowhere_let_nothing_in() -> None:
    auth: Auth[Any] = Auth(
        plugins=[DeviceAuthorization()], base_url=ORIGIN, secret=SECRET, environ={}
    )
    answer = Browser(auth).post("/device/code", {"client_id": CLIENT})
    assert answer.code == "SESSIONS_NOT_STORED"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("expires_in", 0),
        ("expires_in", "30m"),
        ("interval", 0.5),
        ("device_code_length", 0),
        ("device_code_length", 192),
        ("user_code_length", 0),
        ("user_code_length", 8.0),
        ("generate_user_code", "ABCD"),
        ("validate_client", {"cli"}),
        ("verification_uri", "device"),
        ("verification_uri", "//evil.example"),
        ("verification_uri", ""),
    ],
)
def test_options_that_do_not_fit(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"DeviceAuthorization.{option}"):
        DeviceAuthorization(**{option: value})
