"""Guests who say who they are: by which ways, and where it takes a detour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.plugins.code_server import SIGN_IN
from tests.plugins.factor_server import OTP, PASSWORD
from tests.plugins.google_server import Google
from tests.plugins.guest_server import (
    CARRIED,
    SESSION,
    Broken,
    Guest,
    GuestServer,
    guest_server,
    who,
)
from tests.support.browser import Browser, Clock
from tests.support.oidc import Realm, arrive, realm_provider
from tests.support.social import World, begin, come_back, parameters, providers, sign_in
from watchword import (
    Account,
    AccountOptions,
    Advanced,
    EmailAndPassword,
    EmailVerification,
    Outgoing,
    User,
)
from watchword.plugin import Call, Plugin, Success, post
from watchword.plugins import (
    SIWE,
    EmailOTP,
    GenericOAuth,
    MagicLink,
    MultiSession,
    OAuthProxy,
    OneTap,
    OneTimeToken,
    Passkey,
    PhoneNumber,
    TwoFactor,
)
from watchword.plugins.passkey.records import StoredPasskey
from watchword.plugins.siwe.records import WalletAddress
from watchword.plugins.two_factor import OTPOptions

ADA = "ada@example.com"


def linked(server: GuestServer, guest: Guest, email: str = ADA) -> None:
    """The guest is somebody now, and brought the notes along."""
    assert server.moving.pairs == [(guest.id, email)]
    assert who(guest.browser) == email
    assert guest.browser.get("/notes").json == ["milk"]
    assert guest.id not in server.users()


def social_server(make_auth: MakeAuth, kind: str, world: Any, **auth: Any) -> GuestServer:
    outgoing = Outgoing(transport=world.transport)
    given = {"social_providers": providers(), "advanced": Advanced(outgoing=outgoing), **auth}
    return guest_server(make_auth, kind, plugins=given.pop("plugins", ()), auth=given)


@pytest.mark.parametrize("provider", ["google", "github"])
def test_with_a_provider(make_auth: MakeAuth, kind: str, provider: str) -> None:
    server = social_server(make_auth, kind, World())
    guest = server.guest("milk")
    sign_in(guest.browser, provider)
    linked(server, guest)


@pytest.mark.parametrize("strategy", ["database", "cookie"])
def test_the_flow_remembers_a_guest_whose_cookie_does_not_come_back(
    make_auth: MakeAuth, kind: str, strategy: Any
) -> None:
    account = AccountOptions(store_state_strategy=strategy)
    server = social_server(make_auth, kind, World(), account=account)
    guest = server.guest("milk")
    state = begin(guest.browser)["state"]
    del guest.browser.jar[SESSION]
    come_back(guest.browser, state)
    linked(server, guest)


def test_a_flow_of_a_guest_who_was_signed_out_meanwhile(make_auth: MakeAuth, kind: str) -> None:
    server = social_server(make_auth, kind, World())
    guest = server.guest("milk")
    state = begin(guest.browser)["state"]
    other = server.browser()
    other.jar = dict(guest.browser.jar)
    assert other.post("/sign-out", {}).status == 200
    come_back(guest.browser, state)
    assert who(guest.browser) == ADA
    assert server.moving.linked == []


def test_nobody_names_a_guest_of_somebody_else(make_auth: MakeAuth, kind: str) -> None:
    """What the client wants remembered cannot say on whose behalf a flow is."""
    server = social_server(make_auth, kind, World())
    victim, thief = server.guest("milk"), server.browser()
    more = {"serverContext": {"anonymousUserId": victim.id}, "anonymousUserId": victim.id}
    come_back(thief, begin(thief, additionalData=more)["state"])
    assert who(thief) == ADA
    assert server.moving.linked == []
    assert victim.browser.get("/notes").json == ["milk"]


def test_a_failing_callback_at_the_end_of_a_flow(make_auth: MakeAuth, kind: str) -> None:
    account = AccountOptions(store_account_cookie=True)
    server = social_server(make_auth, kind, World(), account=account)
    guest = server.guest("milk")
    server.moving.fails = Broken()
    assert sign_in(guest.browser).status == 500
    assert who(guest.browser) == guest.email
    assert not any("account_data" in name for name in guest.browser.jar)
    server.moving.fails = None
    server.moving.linked.clear()
    sign_in(guest.browser)
    linked(server, guest)


def test_linking_an_account_makes_nobody_else_of_a_guest(make_auth: MakeAuth, kind: str) -> None:
    server = social_server(make_auth, kind, World())
    guest = server.guest("milk")
    answer = guest.browser.post("/link-social", {"provider": "google"})
    come_back(guest.browser, parameters(answer.json["url"])["state"])
    assert server.moving.linked == []
    assert who(guest.browser) == guest.email


@pytest.mark.parametrize("way", ["provider", "number", "address", "passkey", "wallet"])
@pytest.mark.parametrize("told", [True, False])
def test_a_guest_who_can_sign_in_again_is_not_taken_over(
    make_auth: MakeAuth, kind: str, way: str, told: bool
) -> None:
    codes: list[str] = []
    phone = PhoneNumber(send_otp=lambda sent, _: codes.append(sent.code))
    plugins = [phone, Passkey(), SIWE(domain="localhost:3000"), Coming()]
    options: dict[str, Any] = {} if told else {"on_link_account": None}
    server = guest_server(make_auth, kind, plugins=plugins, **options)
    server.member()
    guest = server.guest("milk")
    if way == "number":
        number = {"phoneNumber": "+15551234567"}
        guest.browser.post("/phone-number/send-otp", number)
        server.auth.blocking.runtime.drain()
        body = {**number, "code": codes[-1], "updatePhoneNumber": True}
        assert guest.browser.post("/phone-number/verify", body).status == 200
    else:
        assert guest.browser.post("/come", {"way": way}).status == 200
    before = dict(guest.browser.jar)
    assert guest.browser.sign_in().status == 200
    assert who(guest.browser) == ADA
    assert guest.browser.get("/notes").json == []
    assert server.moving.linked == []
    guest.browser.jar = before
    assert guest.browser.get("/notes").json == ["milk"]
    assert guest.id in server.users()


class Coming(Plugin):
    """Gives who is signed in a way to come back."""

    id = "coming"

    @post("/come", requires="session")
    async def come(self, call: Call) -> Success:
        user = call.session.user
        match call.fields["way"]:
            case "provider":
                values = {"provider_id": "google", "account_id": "1", "user_id": user.id}
                await call.db.create(Account, **values)
            case "address":
                await call.db.update(User, {"email_verified": True}, id=user.id)
            case "passkey":
                await call.db.create(
                    StoredPasskey,
                    user_id=user.id,
                    public_key="",
                    credential_id="1",
                    counter=0,
                    device_type="singleDevice",
                    backed_up=False,
                )
            case _:
                values = {"address": "0x1", "chain_id": 1, "user_id": user.id}
                await call.db.create(WalletAddress, **values)
        return Success()


def test_a_proxy_leads_flows_as_well(make_auth: MakeAuth) -> None:
    """Both plugins lead flows; neither takes the other's place."""
    proxy = OAuthProxy(production_url="https://production.example.com")
    server = social_server(make_auth, "blocking", World(), plugins=[proxy])
    guest = server.guest("milk")
    asked = begin(guest.browser)
    assert asked["redirect_uri"].startswith("https://production.example.com/")
    assert len(asked["state"]) > 100


def test_with_a_generic_provider(make_auth: MakeAuth, kind: str, clock: Clock) -> None:
    realm = Realm(clock)
    generic = GenericOAuth(config=[realm_provider()])
    outgoing = Outgoing(transport=httpx2.MockTransport(realm.answer))
    server = guest_server(
        make_auth, kind, plugins=[generic], auth={"advanced": Advanced(outgoing=outgoing)}
    )
    guest = server.guest("milk")
    arrive(guest.browser, realm)
    (user,) = server.users().values()
    linked(server, guest, user.email)


def test_with_one_tap(make_auth: MakeAuth, kind: str) -> None:
    google = Google()
    server = social_server(make_auth, kind, google, plugins=[OneTap()])
    guest = server.guest("milk")
    assert guest.browser.post("/one-tap/callback", {"idToken": google.token()}).status == 200
    linked(server, guest)


def test_with_a_magic_link(make_auth: MakeAuth, kind: str) -> None:
    mails: list[Any] = []
    links = MagicLink(send_magic_link=lambda mail, _: mails.append(mail))
    server = guest_server(make_auth, kind, plugins=[links])
    guest = server.guest("milk")
    guest.browser.post("/sign-in/magic-link", {"email": ADA})
    server.auth.blocking.runtime.drain()
    assert guest.browser.get("/magic-link/verify", {"token": mails[0].token}).status in (200, 302)
    linked(server, guest)


@pytest.mark.parametrize("known", [True, False])
def test_with_a_code_by_mail(make_auth: MakeAuth, kind: str, known: bool) -> None:
    mails: list[Any] = []
    codes = EmailOTP(send_verification_otp=lambda mail, _: mails.append(mail))
    server = guest_server(make_auth, kind, plugins=[codes])
    if known:
        server.member()
    guest = server.guest("milk")
    ask = {"email": ADA, "type": "sign-in"}
    guest.browser.post("/email-otp/send-verification-otp", ask)
    server.auth.blocking.runtime.drain()
    assert guest.browser.post(SIGN_IN, {"email": ADA, "otp": mails[0].otp}).status == 200
    linked(server, guest)


def test_with_the_link_that_proves_an_address(make_auth: MakeAuth, kind: str) -> None:
    mails: list[Any] = []
    verification = EmailVerification(
        send_verification_email=lambda mail, _: mails.append(mail),
        send_on_sign_up=True,
        auto_sign_in_after_verification=True,
    )
    passwords = EmailAndPassword(enabled=True, require_email_verification=True)
    auth = {"email_verification": verification, "email_and_password": passwords}
    server = guest_server(make_auth, kind, auth=auth)
    guest = server.guest("milk")
    assert guest.browser.sign_up().json["token"] is None
    assert server.moving.linked == []
    assert who(guest.browser) == guest.email
    server.auth.blocking.runtime.drain()
    assert guest.browser.get("/verify-email", {"token": mails[0].token}).status in (200, 302)
    linked(server, guest)


def test_a_session_that_is_handed_over_links_nobody(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, plugins=[OneTimeToken()])
    ada = server.member()
    token = ada.get("/one-time-token/generate").json["token"]
    guest = server.guest("milk")
    assert guest.browser.post("/one-time-token/verify", {"token": token}).status == 200
    assert server.moving.linked == []
    assert guest.id in server.users()


def test_beside_several_sessions(make_auth: MakeAuth, kind: str) -> None:
    server = guest_server(make_auth, kind, plugins=[MultiSession()])
    guest = server.guest("milk")
    guest.browser.sign_up()
    linked(server, guest)
    (one,) = guest.browser.get("/multi-session/list-device-sessions").json
    assert one["user"]["email"] == ADA


@pytest.mark.parametrize("first", ["guests", "second factors"])
class TestSecondFactors:
    """Nobody is somebody else before the second factor."""

    sent: list[Any]

    @pytest.fixture
    def make(self, make_auth: MakeAuth, kind: str, first: str) -> Callable[[], GuestServer]:
        def make() -> GuestServer:
            self.sent = []
            otp = OTPOptions(send_otp=lambda code, _: self.sent.append(code))
            factors = TwoFactor(otp=otp)
            ahead = first == "second factors"

            def made(**options: Any) -> Any:
                plugins = [one for one in options.pop("plugins") if one is not factors]
                ordered = [factors, *plugins] if ahead else [*plugins, factors]
                return make_auth(plugins=ordered, **options)

            server = guest_server(made, kind, plugins=[factors])
            ada = server.member()
            on = ada.post("/two-factor/enable", {"password": PASSWORD, "method": "otp"})
            assert on.status == 200
            return server

        return make

    def code(self, server: GuestServer, browser: Browser) -> str:
        assert browser.post("/two-factor/send-otp", {}).status == 200
        server.auth.blocking.runtime.drain()
        return self.sent[-1].otp

    def test_the_guest_waits_for_it(self, make: Callable[[], GuestServer]) -> None:
        server = make()
        guest = server.guest("milk")
        assert guest.browser.sign_in().json["twoFactorRedirect"] is True
        assert server.moving.linked == []
        assert guest.id in server.users()
        assert SESSION not in guest.browser.jar
        answer = guest.browser.post(OTP, {"code": self.code(server, guest.browser)})
        assert answer.status == 200
        linked(server, guest)
        assert CARRIED not in guest.browser.jar

    def test_it_fails_and_is_given_again(self, make: Callable[[], GuestServer]) -> None:
        server = make()
        guest = server.guest("milk")
        guest.browser.sign_in()
        server.moving.fails = Broken()
        code = self.code(server, guest.browser)
        assert guest.browser.post(OTP, {"code": code}).status == 500
        assert SESSION not in guest.browser.jar
        server.moving.fails = None
        server.moving.linked.clear()
        assert guest.browser.sign_in().json["twoFactorRedirect"] is True
        code = self.code(server, guest.browser)
        assert guest.browser.post(OTP, {"code": code}).status == 200
        linked(server, guest)

    def test_a_carried_token_of_a_member_is_nobodys(self, make: Callable[[], GuestServer]) -> None:
        """A session cookie under the other name: whoever it is of is no guest."""
        server = make()
        grace = server.member("grace@example.com")
        ada = server.browser()
        ada.sign_in()
        ada.jar[CARRIED] = grace.jar[SESSION]
        assert ada.post(OTP, {"code": self.code(server, ada)}).status == 200
        assert server.moving.linked == []
        assert who(grace) == "grace@example.com"
