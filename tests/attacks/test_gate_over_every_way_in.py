"""F9: no way in goes round the second factor, neither one that there is nor one that comes later.

Which endpoints may hand out a session is read from their source, so that a new one fails here until
somebody says how to walk it, or why whoever gets the session has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.attacks.test_lengths_of_fields import OPTIONS
from tests.core.conftest import MakeAuth
from tests.plugins.factor_server import (
    ADA,
    ASKED,
    COOKIE,
    PASSWORD,
    SESSION,
    TOTP,
    FactorServer,
    Person,
)
from tests.plugins.google_server import Google
from tests.plugins.proxied import PREVIEW, SHARED, proxied
from tests.plugins.wallet import Wallet
from tests.support.browser import Answer, Browser, Clock
from tests.support.native import Application
from tests.support.plugins import every_plugin
from tests.support.reaching import way_to
from tests.support.social import begin, come_back, providers
from watchword import (
    Advanced,
    Auth,
    Call,
    EmailVerification,
    Hooks,
    ModelHooks,
    Outgoing,
    Plugin,
    RateLimit,
    SignInEmail,
)
from watchword.endpoint import post
from watchword.plugin_base import after
from watchword.plugins import OAuthProxy, TwoFactor
from watchword.plugins.two_factor import OTPOptions
from watchword.records import User
from watchword.sessions.sessions import create_session, look_up, set_session_cookies

NUMBER = "+491701234567"


@dataclass
class Place:
    """A server with all plugins, and what got out of it."""

    factors: FactorServer
    world: Google
    mails: list[Any]
    begun: list[str] = field(default_factory=list[str])
    """Tokens of all sessions, as the store heard of them."""
    seen: list[str] = field(default_factory=list[str])
    """What hooks of the application and of plugins saw."""

    def browser(self) -> Browser:
        return self.factors.browser()

    def last_mail(self) -> Any:
        self.factors.auth.blocking.runtime.drain()
        return self.mails[-1]


@dataclass(frozen=True, kw_only=True)
class Witness(Plugin):
    """A plugin that looks at new sessions, and signs in on nobody's word."""

    id: ClassVar[str] = "witness"
    seen: list[str]

    @after(new_session=True)
    async def look(self, call: Call) -> None:
        if call.new_session is not None:
            self.seen.append(call.new_session.session.token)

    @post("/witness/sign-in")
    async def witness_sign_in(self, call: Call) -> dict[str, str]:
        """As plugins of others do it."""
        user = await call.db.find_one(User, email=ADA)
        assert user is not None
        session = await create_session(call, user)
        assert session is not None
        set_session_cookies(call, session, user)
        return {"token": session.token}


MakePlace = Callable[..., Place]


@pytest.fixture
def make_place(make_auth: MakeAuth, clock: Clock, tmp_path: Path, kind: str) -> MakePlace:
    def make(**options: Any) -> Place:
        world, mails = Google(), list[Any]()
        begun, seen = list[str](), list[str]()

        def send(mail: Any, request: object) -> None:
            mails.append(mail)

        def noted(session: Any, call: object) -> None:
            begun.append(session.token)

        def watched(call: Call) -> None:
            if call.new_session is not None:
                seen.append(call.new_session.session.token)
            seen.append(str(getattr(call.returned, "token", None)))

        others = every_plugin(
            send,
            OneTimeToken={"set_ott_header_on_new_session": True},
            LastLoginMethod={"store_in_database": True},
            TwoFactor={"every_sign_in": True, **options},
        )
        auth = make_auth(
            plugins=[*others, Witness(seen=seen)],
            trusted_origins=["myapp://", "https://page.example"],
            social_providers=providers(),
            advanced=Advanced(outgoing=Outgoing(transport=world.transport)),
            hooks=Hooks(after=watched),
            database_hooks={"session": ModelHooks(create_after=noted)},
            rate_limit=RateLimit(enabled=False),
            email_verification=EmailVerification(
                send_verification_email=send, auto_sign_in_after_verification=True, answer_after=0
            ),
        )
        factors = FactorServer(auth, clock, tmp_path / "test.db", kind, mails)
        return Place(factors, world, mails, begun, seen)

    return make


def resident(place: Place, *, verified: bool = True) -> Person:
    """Somebody with a second factor, and with an account at Google."""
    person = place.factors.with_app()
    [(user,)] = place.factors.sql("select id from user")
    place.factors.sql(
        "insert into account (id, accountId, providerId, userId, createdAt, updatedAt)"
        " select 'google', 'g-1', 'google', ?, createdAt, updatedAt from account",
        user,
    )
    place.factors.sql("update user set emailVerified = ?", int(verified))
    return person


Walk = Callable[[Place, Browser], Answer]


def by_password(place: Place, browser: Browser) -> Answer:
    return browser.sign_in()


def by_password_and_on(place: Place, browser: Browser) -> Answer:
    return browser.sign_in(callbackURL="/home", rememberMe=False)


def by_mailed_code(place: Place, browser: Browser) -> Answer:
    browser.post("/email-otp/send-verification-otp", {"email": ADA, "type": "sign-in"})
    return browser.post("/sign-in/email-otp", {"email": ADA, "otp": place.last_mail().otp})


def by_mailed_link(place: Place, browser: Browser) -> Answer:
    browser.post("/sign-in/magic-link", {"email": ADA})
    return browser.get("/magic-link/verify", {"token": place.last_mail().token})


def by_mailed_link_and_on(place: Place, browser: Browser) -> Answer:
    browser.post("/sign-in/magic-link", {"email": ADA})
    query = {"token": place.last_mail().token, "callbackURL": "/home"}
    return browser.get("/magic-link/verify", query)


def by_mailed_link_of_an_application(place: Place, browser: Browser) -> Answer:
    browser.post("/sign-in/magic-link", {"email": ADA})
    query = {"token": place.last_mail().token, "callbackURL": "myapp://home"}
    return browser.get("/magic-link/verify", query)


def by_link_of_the_server(place: Place, browser: Browser) -> Answer:
    return browser.get("/sign-in/link", {"token": _link(place), "disableRedirect": "1"})


def by_link_of_the_server_and_on(place: Place, browser: Browser) -> Answer:
    return browser.get("/sign-in/link", {"token": _link(place)})


def _link(place: Place) -> str:
    users = place.factors.auth.blocking.users
    user = users.find(ADA)
    assert user is not None
    return users.sign_in_link(user.id).token


def by_verifying_link(place: Place, browser: Browser) -> Answer:
    browser.post("/send-verification-email", {"email": ADA})
    return browser.get("/verify-email", {"token": place.last_mail().token})


def by_verifying_code(place: Place, browser: Browser) -> Answer:
    asked = {"email": ADA, "type": "email-verification"}
    browser.post("/email-otp/send-verification-otp", asked)
    return browser.post("/email-otp/verify-email", {"email": ADA, "otp": place.last_mail().otp})


def by_id_token(place: Place, browser: Browser) -> Answer:
    given = {"provider": "google", "idToken": {"token": place.world.token()}}
    return browser.post("/sign-in/social", given)


def by_callback(place: Place, browser: Browser) -> Answer:
    return come_back(browser, begin(browser, callbackURL="/home")["state"])


def by_popup(place: Place, browser: Browser) -> Answer:
    query = {"provider": "google", "popupOrigin": "https://page.example"}
    away = browser.get("/oauth-popup/start", query)
    [state] = parse_qs(urlsplit(away.header("location") or "").query)["state"]
    return come_back(browser, state)


def by_application(place: Place, browser: Browser) -> Answer:
    app = Application(browser.auth, browser.kind)
    url = app.begin()
    app.open(url)
    answer = app.come_back(url)
    app.take(answer)
    browser.jar = app.jar
    return answer


def by_tap(place: Place, browser: Browser) -> Answer:
    return browser.post("/one-tap/callback", {"idToken": place.world.token()})


def by_name(place: Place, browser: Browser) -> Answer:
    place.factors.sql("update user set username = 'ada', displayUsername = 'Ada'")
    return browser.post("/sign-in/username", {"username": "Ada", "password": PASSWORD})


def by_number(place: Place, browser: Browser) -> Answer:
    place.factors.sql("update user set phoneNumber = ?, phoneNumberVerified = 1", NUMBER)
    given = {"phoneNumber": NUMBER, "password": PASSWORD}
    return browser.post("/sign-in/phone-number", given)


def by_texted_code(place: Place, browser: Browser) -> Answer:
    place.factors.sql("update user set phoneNumber = ?, phoneNumberVerified = 1", NUMBER)
    browser.post("/phone-number/send-otp", {"phoneNumber": NUMBER})
    given = {"phoneNumber": NUMBER, "code": place.last_mail().code}
    return browser.post("/phone-number/verify", given)


def by_wallet(place: Place, browser: Browser) -> Answer:
    place.factors.sql(
        "insert into walletAddress (id, userId, address, chainId, isPrimary, createdAt)"
        " select 'wallet', id, ?, 1, 1, createdAt from user",
        Wallet().address,
    )
    return Wallet().sign_in(browser)


def by_a_plugin_of_others(place: Place, browser: Browser) -> Answer:
    return browser.post("/witness/sign-in")


WALKED: list[tuple[str, Walk]] = [
    ("/sign-in/email", by_password),
    ("/sign-in/email", by_password_and_on),
    ("/sign-in/email-otp", by_mailed_code),
    ("/magic-link/verify", by_mailed_link),
    ("/magic-link/verify", by_mailed_link_and_on),
    ("/magic-link/verify", by_mailed_link_of_an_application),
    ("/sign-in/link", by_link_of_the_server),
    ("/sign-in/link", by_link_of_the_server_and_on),
    ("/verify-email", by_verifying_link),
    ("/email-otp/verify-email", by_verifying_code),
    ("/sign-in/social", by_id_token),
    ("/callback/:id", by_callback),
    ("/callback/:id", by_popup),
    ("/callback/:id", by_application),
    ("/one-tap/callback", by_tap),
    ("/sign-in/username", by_name),
    ("/sign-in/phone-number", by_number),
    ("/phone-number/verify", by_texted_code),
    ("/siwe/verify", by_wallet),
    ("/witness/sign-in", by_a_plugin_of_others),
]
"""Every way in, and the forms that it has."""
PROXIED = ("/callback/:id/oauth-proxy", "/oauth-proxy-callback")
"""These need two servers."""
UNPROVEN = (by_verifying_link, by_verifying_code)
"""They sign in who just verified the address."""
PASSED = {
    "/sign-up/email": "who is new has no second factor",
    "/update-session": "the session that asks",
    "/update-user": "the session that asks",
    "/change-email": "the session that asks",
    "/email-otp/change-email": "the session that asks",
    "/change-password": "in place of the session that asks, for the password besides",
    "/organization/accept-invitation": "the session that asks",
    "/organization/set-active": "the session that asks",
    "/organization/set-active-team": "the session that asks",
    "/multi-session/set-active": "a session that the browser got before",
    "/multi-session/revoke": "a session that the browser got before",
    "/one-time-token/verify": "the session that the token was made from",
    "/one-time-token-session/verify": "made from a session, and inherits what that had proven",
    "/device/token": "made from the session that let it in, and inherits what that had proven",
    "/passkey/verify-registration": "who is new has no second factor; or in place of what asks",
    "/passkey/verify-authentication": "two factors in one where it verified its user, asked "
    "for the second one where not: tests/plugins/test_passkey_two_factor.py",
    "/sign-in/anonymous": "who is new has no second factor",
    "/admin/impersonate-user": "an administrator's, who is signed in",
    "/admin/stop-impersonating": "the administrator's own session from before",
    "/two-factor/enable": "in place of the session that asks",
    "/two-factor/disable": "in place of the session that asks",
    "/two-factor/verify-totp": "this is the second factor",
    "/two-factor/verify-otp": "this is the second factor",
    "/two-factor/verify-backup-code": "this is the second factor",
}
"""Why no gate stands before the sessions of these."""


def reached(auth: Auth[Any]) -> dict[str, str]:
    """The endpoints that may hand out a session, and how. A renewal of the own one is none."""
    targets = (create_session, set_session_cookies)
    ways = ((one.path, way_to(one, targets, past=[look_up])) for one in auth.endpoints.values())
    return {path: way for path, way in ways if way is not None}


def test_every_endpoint_that_may_hand_out_a_session_is_known() -> None:
    plugins = [*OPTIONS["plugins"], Witness(seen=[])]
    found = reached(Auth(**{**OPTIONS, "plugins": plugins, "social_providers": providers()}))
    known = {path for path, _ in WALKED} | set(PROXIED) | PASSED.keys()
    new = [f"{path} ({way})" for path, way in found.items() if path not in known]
    assert not new, (
        f"these may hand out a session: {'; '.join(new)}. Say in WALKED how to sign in by them, or "
        "in PASSED why whoever gets the session has shown the second factor"
    )
    assert sorted(known - found.keys()) == [], "these hand out none any more"


@pytest.mark.parametrize(("path", "walk"), WALKED)
def test_f9_every_way_in_asks_for_the_second_factor(
    make_place: MakePlace, path: str, walk: Walk
) -> None:
    place = make_place()
    person = resident(place, verified=walk not in UNPROVEN)
    _is_gated(place, person, walk)


@pytest.mark.parametrize("walk", [by_password, by_password_and_on])
def test_f1_the_password_is_gated_in_any_case(make_place: MakePlace, walk: Walk) -> None:
    place = make_place(every_sign_in=False)
    _is_gated(place, resident(place), walk)


def _is_gated(place: Place, person: Person, walk: Walk) -> None:
    stored = place.factors.sql("select token from session")
    place.begun.clear()
    place.seen.clear()
    browser = place.browser()
    answer = walk(place, browser)
    assert len(place.begun) == 1, "the way leads in"
    [token] = place.begun
    head = " ".join(f"{name}: {value}" for name, value in answer.response.headers)
    for text in (head, unquote(head), answer.response.body.decode(), str(browser.jar)):
        assert token not in text
    assert token not in place.seen
    assert answer.header("set-auth-token") is None
    assert answer.header("set-ott") is None
    assert place.factors.sql("select token from session") == stored
    assert {name for name in browser.jar if "session" in name} == set()
    assert COOKIE in browser.jar
    assert browser.session() is None
    if answer.status == 200:
        assert answer.json == ASKED
    else:
        query = parse_qs(urlsplit(answer.header("location") or "").query)
        assert (query["twoFactorRedirect"], query["twoFactorMethods"]) == (["true"], ["totp,otp"])
    assert browser.post(TOTP, {"code": person.code()}).status == 200
    assert browser.session()["user"]["email"] == ADA
    assert SESSION in browser.jar


@pytest.mark.parametrize("path", PROXIED)
def test_f9_profiles_by_way_of_production_ask_for_the_second_factor(
    make_auth: MakeAuth, tmp_path: Path, kind: str, path: str
) -> None:
    sent: list[Any] = []
    otp = OTPOptions(send_otp=lambda code, request: sent.append(code.otp))
    plugins = [OAuthProxy(secret=SHARED, production_url="https://app.example")]
    gated = [*plugins, TwoFactor(every_sign_in=True, otp=otp)]
    servers = proxied(make_auth, tmp_path, kind, preview={"plugins": gated})
    servers.sign_in(servers.browser())
    here = FactorServer(servers.preview, Clock(), tmp_path / "preview.db", kind)
    here.sql("update user set twoFactorEnabled = 1")
    stored = here.sql("select token from session")
    browser = servers.browser()
    target = servers.handed_over(browser)
    answer = browser.open(
        target.replace("/callback/google/oauth-proxy", path.replace(":id", "google"))
    )
    assert "twoFactorRedirect=true" in (answer.header("location") or "")
    assert here.sql("select token from session") == stored
    assert browser.session(PREVIEW) is None
    browser.post(PREVIEW, "/two-factor/send-otp", {})
    servers.preview.blocking.runtime.drain()
    assert browser.post(PREVIEW, "/two-factor/verify-otp", {"code": sent[-1]}).status == 200
    assert browser.session(PREVIEW)["user"]["email"] == ADA


@pytest.mark.parametrize("asked", [{}, {"return_headers": True}, {"as_response": True}])
@pytest.mark.parametrize("behalf", ["its own", "a browser's"])
def test_f1_the_server_itself_gets_no_session_either(
    make_place: MakePlace, asked: dict[str, Any], behalf: str
) -> None:
    place = make_place()
    resident(place)
    stored = place.factors.sql("select token from session")
    place.begun.clear()
    browser = place.browser()
    if behalf == "a browser's":
        asked = {**asked, "request": browser.request("POST", "/sign-in/email", {})}
    given = SignInEmail(email=ADA, password=PASSWORD)
    answer: Any = place.factors.auth.blocking.api.sign_in_email(given, **asked)
    [token] = place.begun
    if "as_response" in asked:
        assert Answer(answer).json == ASKED
        lines = answer.cookies
    elif "return_headers" in asked:
        assert answer.value.two_factor_redirect is True
        lines = answer.cookies
    else:
        assert answer.two_factor_redirect is True
        lines = ()
    assert token not in f"{answer!r}{lines}"
    assert place.factors.sql("select token from session") == stored
    browser.keep(lines)
    assert browser.session() is None
