"""Expo and Capacitor: applications on a device, and the system's browser that they sign in with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock
from tests.support.native import HEADERS, HOME, Application, cookies_in
from tests.support.oidc import Realm, realm_provider
from tests.support.social import (
    World,
    come_back,
    error_of,
    parameters,
    providers,
    social_auth,
)
from watchword import (
    AccountLinking,
    AccountOptions,
    Advanced,
    Auth,
    ConfigurationError,
    Outgoing,
    SessionOptions,
)
from watchword.configuration.options import CookieCache
from watchword.plugins import Bearer, Capacitor, Expo, GenericOAuth, MagicLink
from watchword.plugins.magic_link import MagicLinkMail
from watchword.runtime.blocking import finish

SESSION, STATE = "better-auth.session_token", "better-auth.state"
TRUSTED = ("myapp://", "https://app.example.com")


@pytest.fixture(params=["expo", "capacitor"])
def client(request: pytest.FixtureRequest) -> str:
    return request.param


def server(make_auth: MakeAuth, **options: Any) -> Auth[Any]:
    given = {"trusted_origins": TRUSTED, "plugins": [Bearer(), Expo(), Capacitor()], **options}
    return social_auth(make_auth, World(), **given)


@pytest.fixture
def app(make_auth: MakeAuth, kind: str, client: str) -> Application:
    return Application(server(make_auth), kind, client=client)


def shown(answer: Any) -> tuple[int, str | None]:
    return answer.status, answer.code


# where requests come from


def test_the_header_stands_in_for_a_missing_origin(app: Application) -> None:
    app.sign_up()
    plain = Browser(app.auth, app.kind, origin="")
    plain.jar = app.jar
    assert shown(plain.post("/update-user", {"name": "A"})) == (403, "MISSING_OR_NULL_ORIGIN")
    assert app.post("/update-user", {"name": "Countess"}).status == 200
    assert app.session()["user"]["name"] == "Countess"


@pytest.mark.parametrize("named", ["evil://", "myapp2://", "evil://myapp", "exp://10.0.0.1:8081"])
def test_applications_that_are_not_trusted_are_refused(app: Application, named: str) -> None:
    app.sign_up()
    answer = app.post("/update-user", {"name": "A"}, **{app.header: named})
    assert shown(answer) == (403, "INVALID_ORIGIN")


@pytest.mark.parametrize(
    "named",
    [
        ORIGIN,
        "https://app.example.com",
        "http:myapp://",
        "myapp",
        "null",
        "javascript://x",
        "x" * 9,
    ],
)
def test_web_sites_and_nonsense_are_no_applications(app: Application, named: str) -> None:
    app.sign_up()
    answer = app.post("/update-user", {"name": "A"}, **{app.header: named})
    assert answer.status == 403


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"referer": "https://evil.example/page"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_what_a_browser_says_of_itself_counts(app: Application, said: dict[str, str]) -> None:
    app.sign_up()
    assert app.post("/update-user", {"name": "A"}, **said).status == 403


def test_the_header_counts_for_nothing_where_that_is_wanted(
    make_auth: MakeAuth, client: str
) -> None:
    off = [Bearer(), Expo(disable_origin_override=True), Capacitor(disable_origin_override=True)]
    app = Application(server(make_auth, plugins=off), client=client)
    app.sign_up()
    answer = app.post("/update-user", {"name": "A"})
    assert shown(answer) == (403, "MISSING_OR_NULL_ORIGIN")


def test_the_header_is_no_word_of_another_plugin(make_auth: MakeAuth) -> None:
    app = Application(server(make_auth, plugins=[Expo()]), client="capacitor")
    app.sign_up()
    assert app.post("/update-user", {"name": "A"}).status == 403


def test_pages_in_web_views_are_trusted_with_capacitor_alone(make_auth: MakeAuth) -> None:
    for plugins, status in (([Bearer(), Capacitor()], 200), ([Expo()], 403)):
        page = Browser(server(make_auth, plugins=plugins), origin="capacitor://localhost")
        assert page.sign_up(f"{status}@example.com").status == status


def test_expo_go_is_trusted_where_that_is_wanted(make_auth: MakeAuth) -> None:
    for plugin, status in ((Expo(expo_go=True), 200), (Expo(), 403)):
        app = Application(server(make_auth, plugins=[plugin]))
        person = {"name": "A", "email": f"{status}@example.com", "password": "password1234"}
        named = {"expo-origin": "exp://10.0.0.1:8081"}
        assert app.post("/sign-up/email", person, **named).status == status


def test_capacitor_needs_bearer_tokens() -> None:
    with pytest.raises(ConfigurationError, match="Capacitor requires Bearer"):
        Auth(database="sqlite://", secret="x" * 32, plugins=[Capacitor()])


# the way to a provider and back


def test_the_whole_way(app: Application) -> None:
    url = app.begin()
    sent = app.open(url)
    assert (sent.status, sent.header("location")) == (302, url)
    assert "Max-Age=300" in (sent.cookie(STATE) or "")
    back = app.come_back(url)
    assert back.status == 302
    assert (back.header("location") or "").startswith(f"{HOME}?cookie=")
    app.take(back)
    assert app.session()["user"]["email"] == "ada@example.com"
    assert app.post("/sign-out", {}).status == 200
    assert app.session() is None


def test_with_the_state_in_a_cookie(make_auth: MakeAuth, client: str) -> None:
    account = AccountOptions(store_state_strategy="cookie")
    app = Application(server(make_auth, account=account), client=client)
    url = app.begin()
    cookie = app.request("GET", "/").headers.get("cookie") or ""
    sealed = parse_qs(cookie)["better-auth.oauth_state"][0]
    for wrong in ("", "nonsense", sealed[:-2], "x" * 8192):
        assert app.open(url, oauthState=wrong).status == 400
    other = app.begin()
    assert app.open(other, oauthState=sealed).status == 400
    assert "Max-Age=600" in (
        app.open(url, oauthState=sealed).cookie(f"{STATE[:-5]}oauth_state") or ""
    )
    app.take(app.come_back(url))
    assert app.session()["user"]["email"] == "ada@example.com"


def test_without_a_store_the_session_travels_whole(make_auth: MakeAuth, client: str) -> None:
    app = Application(server(make_auth, database=None), client=client)
    url = app.begin()
    cookie = app.request("GET", "/").headers.get("cookie") or ""
    app.open(url, oauthState=parse_qs(cookie)["better-auth.oauth_state"][0])
    app.take(app.come_back(url))
    assert app.session()["user"]["email"] == "ada@example.com"


@pytest.mark.parametrize("strategy", ["compact", "jwt", "jwe"])
def test_the_session_cache_travels_along(make_auth: MakeAuth, strategy: Any) -> None:
    session = SessionOptions(cookie_cache=CookieCache(strategy=strategy))
    app = Application(server(make_auth, session=session))
    url = app.begin()
    app.open(url)
    app.take(app.come_back(url))
    assert f"{SESSION[:-5]}data" in app.jar
    assert app.session()["user"]["email"] == "ada@example.com"


def test_the_browser_of_the_system_does_not_keep_the_session(app: Application) -> None:
    app.system.sign_up("grace@example.com")
    url = app.begin()
    app.open(url)
    back = app.come_back(url)
    assert [line.partition("=")[0] for line in back.cookies] == [STATE]
    assert "Max-Age=0" in back.cookies[0]
    assert app.system.session()["user"]["email"] == "grace@example.com"


def test_capacitor_opens_the_browser_itself(app: Application) -> None:
    answer = app.post("/sign-in/social", {"provider": "google", "callbackURL": HOME})
    assert answer.json["redirect"] is (app.client == "expo")


@pytest.fixture
def linker(make_auth: MakeAuth, client: str) -> Callable[..., Application]:
    """Somebody signed up with an application; `different` addresses may be linked."""

    def make(*, verified: bool, different: bool, **options: bool) -> Application:
        linking = AccountLinking(trusted_providers=["google"], allow_different_emails=different)
        plugins = [Bearer(), Expo(**options), Capacitor(**options)]
        account = AccountOptions(linking=linking)
        app = Application(server(make_auth, account=account, plugins=plugins), client=client)
        app.sign_up()
        if verified:
            finish(
                app.auth.blocking.runtime.engine.update(
                    "user", (), {"emailVerified": True}, everything=True
                )
            )
        return app

    return make


@pytest.mark.parametrize(
    "options",
    [
        {"verified": True, "different": False},
        {"verified": False, "different": True, "link_by_any_browser": True},
    ],
)
def test_an_account_is_linked(linker: Callable[..., Application], options: dict[str, bool]) -> None:
    app = linker(**options)
    url = app.begin("/link-social")
    app.open(url)
    back = app.come_back(url)
    assert parameters(back.header("location")).get("error") is None
    assert "session_token" not in cookies_in(back)
    providers = {account["providerId"] for account in app.get("/list-accounts").json}
    assert providers == {"credential", "google"}


@pytest.mark.parametrize(("verified", "different"), [(False, False), (True, True)])
def test_nobody_is_lured_into_giving_an_account_to_a_stranger(
    linker: Callable[..., Application], verified: bool, different: bool
) -> None:
    """Whoever signed up with Ada's address, or may link others, sends her a link."""
    stranger = linker(verified=verified, different=different)
    url = stranger.begin("/link-social")
    answer = stranger.open(url)
    assert (answer.status, answer.cookies) == (400, ())
    assert error_of(stranger.come_back(url)) == "state_mismatch"
    assert [one["providerId"] for one in stranger.get("/list-accounts").json] == ["credential"]


# what the proxy is not for


def test_the_proxy_is_no_open_redirect(app: Application) -> None:
    url = app.begin()
    state = parameters(url)["state"]
    place, _, query = url.partition("?")
    for wrong in (
        "",
        "https://evil.example/",
        f"https://evil.example/?{query}",
        f"https://evil.example/{place}?{query}",
        f"{place}@evil.example/?{query}",
        f"{place}.evil.example?{query}",
        f"{place}/../../elsewhere?{query}",
        f"{place}\\@evil.example?{query}",
        f"{place}\t?{query}",
        f"{place}?{query}\r\nset-cookie: a=b",
        f"{url}#fragment",
        f"{ORIGIN}/api/auth/sign-out?{query}",
        f"{place}?state={state}",
        f"{url}&state={state}",
        f"{url}&redirect_uri=https://evil.example",
        url.replace("client_id=client", "client_id=evil"),
        url.replace(state, "x" * 32),
        url.replace(state, "x" * 7000),
        place,
        "javascript:alert(1)",
    ):
        answer = app.open(wrong)
        assert answer.status == 400, wrong
        assert answer.header("location") is None
        assert answer.cookies == ()
    assert app.open(url).status == 302


@pytest.mark.parametrize(
    "targets",
    [
        {"callbackURL": None},
        {"callbackURL": "/app"},
        {"callbackURL": "https://app.example.com/"},
        {"newUserCallbackURL": "/welcome"},
        {"callbackURL": "capacitor://localhost/"},
    ],
)
def test_flows_of_web_pages_are_not_let_into_other_browsers(
    app: Application, targets: dict[str, Any]
) -> None:
    """Else a link would be enough to have somebody finish a flow of somebody else's."""
    url = app.begin(**targets)
    answer = app.open(url)
    assert answer.status == 400
    assert answer.cookies == ()


def test_a_flow_is_let_in_while_it_waits(app: Application, clock: Clock) -> None:
    url = app.begin()
    app.open(url)
    app.come_back(url)
    assert app.open(url).status == 400
    late = app.begin()
    clock.forward(601)
    assert app.open(late).status == 400


def test_a_provider_that_says_nothing_holds_up_nobody_else(
    make_auth: MakeAuth, clock: Clock
) -> None:
    realm, world = Realm(clock), World()
    hangs = httpx2.MockTransport(
        lambda request: (
            realm.answer(request) if "id.example" in str(request.url) else world.answer(request)
        )
    )
    app = Application(
        make_auth(
            social_providers=providers(),
            trusted_origins=TRUSTED,
            advanced=Advanced(outgoing=Outgoing(transport=hangs)),
            plugins=[GenericOAuth(config=[realm_provider()]), Expo()],
        )
    )
    for url in ("https://id.example/authorize?state=x", "nonsense", app.begin("/sign-in/social")):
        app.open(url)
    assert realm.asked == []
    realm_url = app.begin(provider="realm")
    assert app.open(realm_url).status == 302


def test_a_provider_of_another_flow_is_not_asked(app: Application) -> None:
    google, github = app.begin(), app.begin(provider="github")
    mixed = github.replace(parameters(github)["state"], parameters(google)["state"])
    assert app.open(mixed).status == 400
    assert app.open(github).status == 302


def test_without_the_proxy_no_browser_finishes_the_flow(app: Application) -> None:
    url = app.begin()
    back = app.come_back(url)
    assert error_of(back) == "state_mismatch"
    assert "session_token" not in cookies_in(back)


@pytest.mark.parametrize("client_without", ["expo", "capacitor"])
def test_there_is_no_proxy_without_providers(make_auth: MakeAuth, client_without: str) -> None:
    auth = make_auth(trusted_origins=TRUSTED, plugins=[Bearer(), Expo(), Capacitor()])
    app = Application(auth, client=client_without)
    assert app.open("https://accounts.google.com/o/oauth2/v2/auth?state=x").status == 400


# where cookies may go


def test_cookies_never_stand_in_the_url_of_a_web_page(app: Application) -> None:
    for target in ("/app", "https://app.example.com/"):
        page = Browser(app.auth, app.kind)
        answer = page.post("/sign-in/social", {"provider": "google", "callbackURL": target})
        back = come_back(page, parameters(answer.json["url"])["state"])
        assert "cookie" not in (back.header("location") or "")
        assert page.session() is not None


def test_pages_in_web_views_get_no_cookies(app: Application) -> None:
    page = Browser(app.auth, app.kind)
    target = {"provider": "google", "callbackURL": "capacitor://localhost/x"}
    url = page.post("/sign-in/social", target).json["url"]
    back = come_back(page, parameters(url)["state"])
    assert back.header("location") == "capacitor://localhost/x"


def test_targets_that_are_not_trusted_get_nothing(make_auth: MakeAuth, client: str) -> None:
    """Not even where URLs are not checked."""
    app = Application(server(make_auth), client=client)
    refused = app.post("/sign-in/social", {"provider": "google", "callbackURL": "evil://x"})
    assert shown(refused) == (403, "INVALID_CALLBACK_URL")
    world = Advanced(outgoing=Outgoing(transport=World().transport), disable_origin_check=True)
    evil = Application(
        make_auth(
            social_providers=providers(), advanced=world, plugins=[Bearer(), Expo(), Capacitor()]
        ),
        client=client,
    )
    url = evil.begin(callbackURL="evil://x")
    evil.open(url)
    assert evil.come_back(url).header("location") == "evil://x"


def test_nobody_plants_cookies_by_the_target(make_auth: MakeAuth) -> None:
    app = Application(server(make_auth))
    planted = f"{HOME}?a=1&cookie=planted&%63ookie=again#cookie=x"
    wrong = app.system.get("/verify-email", {"token": "nonsense", "callbackURL": planted})
    found = parse_qs(urlsplit(wrong.header("location") or "").query, keep_blank_values=True)
    assert found == {"a": ["1"], "cookie": [""], "error": ["INVALID_TOKEN"]}
    url = app.begin(callbackURL=planted)
    app.open(url)
    found = parse_qs(urlsplit(app.come_back(url).header("location") or "").query)
    assert found["a"] == ["1"]
    assert [one for one in found["cookie"] if "planted" in one] == []
    assert len(found["cookie"]) == 1


def test_a_magic_link_opens_the_application(make_auth: MakeAuth, client: str) -> None:
    mails: list[MagicLinkMail] = []
    links = MagicLink(send_magic_link=lambda mail, _: mails.append(mail))
    auth = server(make_auth, plugins=[links, Bearer(), Expo(), Capacitor()])
    app = Application(auth, client=client)
    app.post("/sign-in/magic-link", {"email": "ada@example.com", "callbackURL": HOME})
    auth.blocking.runtime.drain()
    query = parameters(mails[0].url)
    opened = app.system.get("/magic-link/verify", query)
    app.take(opened)
    assert app.session()["user"]["email"] == "ada@example.com"
    assert app.system.session() is None
    again = app.system.get("/magic-link/verify", query)
    assert parameters(again.header("location")) == {"error": "INVALID_TOKEN"}


@pytest.mark.parametrize("header", HEADERS.values())
def test_a_megabyte_in_a_header_is_refused(make_auth: MakeAuth, header: str) -> None:
    app = Application(server(make_auth))
    app.sign_up()
    long = {header: "myapp://" + "x" * 30_000}
    assert app.post("/update-user", {"name": "A"}, **{"expo-origin": "", **long}).status == 403
