"""W6: freshness is inherited, never minted. Whoever hands a session on gives away what he had: how
long ago its person was proven, and whether it is to be remembered."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import Call, Plugin, SessionOptions
from watchword.endpoint import post
from watchword.plugins import Bearer, OneTimeToken, OneTimeTokenSession
from watchword.sessions.sessions import create_session
from watchword.storage.memory import MemoryStorage

DAY = 86_400
TOKEN, MARKER = "better-auth.session_token", "better-auth.dont_remember"
PLUGINS = [OneTimeToken(), OneTimeTokenSession(), Bearer()]
HANDOVERS = ["one-time-token", "one-time-token-session"]


@pytest.fixture(params=["database", "secondary storage"])
def make(make_auth: MakeAuth, clock: Clock, request: pytest.FixtureRequest) -> MakeAuth:
    def made(**options: Any) -> Any:
        if request.param != "database":
            options["secondary_storage"] = MemoryStorage(clock)
        return make_auth(plugins=PLUGINS, **options)

    return made


@pytest.fixture(params=HANDOVERS)
def handover(request: pytest.FixtureRequest) -> str:
    return request.param


def hand_over(source: Browser, handover: str) -> Browser:
    token = source.get(f"/{handover}/generate").json["token"]
    other = Browser(source.auth, source.kind)
    assert other.post(f"/{handover}/verify", {"token": token}).status == 200
    return other


def test_a_stale_session_does_not_become_fresh(
    make: MakeAuth, clock: Clock, kind: str, handover: str
) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up()
    clock.forward(2 * DAY)
    assert laptop.get("/list-sessions").status == 403
    phone = hand_over(laptop, handover)
    assert phone.session()["session"]["createdAt"] == laptop.session()["session"]["createdAt"]
    assert phone.get("/list-sessions").code == "SESSION_NOT_FRESH"
    assert hand_over(phone, handover).get("/list-sessions").status == 403


def test_it_is_as_fresh_as_its_source_to_the_second(
    make: MakeAuth, clock: Clock, kind: str, handover: str
) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up()
    clock.forward(DAY - 100)
    phone = hand_over(laptop, handover)
    clock.forward(99)
    assert phone.get("/list-sessions").status == 200
    clock.forward(1)
    assert phone.get("/list-sessions").status == 403


def test_a_bearer_of_a_stale_session_is_stale(make: MakeAuth, clock: Clock, kind: str) -> None:
    laptop = Browser(make(), kind)
    token = laptop.sign_up().json["token"]
    clock.forward(2 * DAY)
    app = Browser(laptop.auth, kind)
    assert app.get("/list-sessions", authorization=f"Bearer {token}").status == 403


def test_renewals_and_changes_of_the_session_prove_nothing(
    make: MakeAuth, clock: Clock, kind: str
) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up()
    clock.forward(DAY)
    assert laptop.get("/get-session").cookie(TOKEN), "renewed"
    assert laptop.post("/update-user", {"name": "Countess"}).status == 200
    assert laptop.get("/list-sessions").status == 403


def test_a_password_proves_its_person_anew(make: MakeAuth, clock: Clock, kind: str) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up()
    clock.forward(2 * DAY)
    body = {"currentPassword": "password1234", "newPassword": "password5678"}
    assert laptop.post("/change-password", {**body, "revokeOtherSessions": True}).status == 200
    assert laptop.get("/list-sessions").status == 200


@pytest.mark.parametrize("expires_in", [3600, DAY // 2, 7 * DAY, 30 * DAY])
def test_a_session_that_is_not_remembered_stays_so_without_its_cookie(
    make: MakeAuth, clock: Clock, kind: str, expires_in: int
) -> None:
    options = SessionOptions(expires_in=expires_in, update_age=60)
    laptop = Browser(make(session=options), kind)
    laptop.sign_up()
    laptop.sign_in(rememberMe=False)
    del laptop.jar[MARKER]
    for _ in range(24):
        assert laptop.session()["session"]["expiresAt"] == "2030-01-02T00:00:00.000Z"
        clock.forward(3600)
    assert laptop.session() is None


def test_cookies_that_are_set_anew_do_not_make_it_last(
    make: MakeAuth, clock: Clock, kind: str
) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up(rememberMe=False)
    del laptop.jar[MARKER]
    answer = laptop.post("/update-user", {"name": "Countess"})
    assert "Max-Age" not in str(answer.cookie(TOKEN))
    assert answer.cookie(MARKER)


def test_it_is_handed_on_as_one_that_is_not_remembered(
    make: MakeAuth, clock: Clock, kind: str, handover: str
) -> None:
    laptop = Browser(make(), kind)
    laptop.sign_up(rememberMe=False)
    del laptop.jar[MARKER]
    clock.forward(DAY // 2)
    phone = hand_over(laptop, handover)
    assert phone.session()["session"]["expiresAt"] == "2030-01-02T00:00:00.000Z"
    assert MARKER in phone.jar
    del phone.jar[MARKER]
    tablet = hand_over(phone, handover)
    clock.forward(DAY // 2 - 1)
    assert tablet.session() is not None
    clock.forward(1)
    assert [browser.session() for browser in (laptop, phone, tablet)] == [None, None, None]


def test_without_renewal_nobody_lives_on_through_others(
    make: MakeAuth, clock: Clock, kind: str, handover: str
) -> None:
    laptop = Browser(make(session=SessionOptions(disable_refresh=True)), kind)
    laptop.sign_up()
    clock.forward(6 * DAY)
    phone = hand_over(laptop, handover)
    assert phone.session()["session"]["expiresAt"] == "2030-01-08T00:00:00.000Z"


class Minting(Plugin):
    """Tries to make a session younger, and one older, than its proof."""

    id: ClassVar[str] = "minting"

    @post("/mint", requires="session")
    async def mint(self, call: Call) -> None:
        source = call.session
        made = await create_session(
            call, source.user, inherits=source.session, extra={"created_at": call.now}
        )
        assert made is not None
        assert made.authenticated_at == source.session.created_at != call.now
        late = await create_session(call, source.user, extra={"created_at": call.after(DAY)})
        assert late is not None
        assert late.authenticated_at == call.now


def test_values_of_a_caller_cannot_move_the_proof(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(make_auth(plugins=[Minting()]))
    browser.sign_up()
    clock.forward(60)
    assert browser.post("/mint", {}).status == 200
