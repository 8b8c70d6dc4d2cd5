"""What a provider tells about itself: asked late, once, within bounds, and not believed blindly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from tests.support.oidc import (
    DOCUMENT_URL,
    FOREIGN,
    ISSUER,
    Realm,
    arrive,
    generic_auth,
    leave,
    plain_provider,
    realm_provider,
)
from tests.support.social import Handler, come_back, error_of
from watchword import Auth
from watchword.errors import Overloaded
from watchword.plugins.generic_oauth import GenericProvider, discovery


@pytest.fixture
def realm(clock: Clock) -> Realm:
    return Realm(clock)


def status(auth: Auth[Any], kind: str = "blocking", provider: str = "realm") -> tuple[int, Any]:
    answer = Browser(auth, kind).post("/sign-in/social", {"provider": provider})
    return answer.status, answer.code


GOOD = (200, None)
GONE = (404, "PROVIDER_NOT_FOUND")


def says(realm: Realm, **changes: Any) -> None:
    realm.document = {
        name: value for name, value in {**realm.document, **changes}.items() if value is not None
    }


def html(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, html="<p>Sign in</p>")


def huge(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"issuer": ISSUER, "x": "y" * 2_000_000})


def slow(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("too slow", request=request)


def down(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("nobody there", request=request)


def deep(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, content=b"[" * 100_000)


def failing(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(503, json={})


def leads(location: str) -> Handler:
    return lambda request: httpx2.Response(302, headers={"location": location})


BROKEN: list[Handler] = [html, huge, slow, down, deep, failing, leads("https://evil.example/d")]


@pytest.mark.parametrize("answer", BROKEN)
def test_a_provider_that_does_not_tell_is_not_there(
    make_auth: MakeAuth,
    realm: Realm,
    clock: Clock,
    kind: str,
    answer: Handler,
    caplog: pytest.LogCaptureFixture,
) -> None:
    realm.answers[DOCUMENT_URL] = answer
    auth = generic_auth(make_auth, realm)
    with caplog.at_level(logging.WARNING, "watchword"):
        assert status(auth, kind) == GONE
    assert "sign-in with realm failed" in caplog.text
    assert status(auth, kind, "plain") == GOOD
    # Nobody waits for it again at once; a little later it has another chance.
    assert status(auth, kind) == GONE
    assert realm.times(DOCUMENT_URL) == 1
    del realm.answers[DOCUMENT_URL]
    assert status(auth, kind) == GONE
    clock.forward(10)
    assert status(auth, kind) == GOOD
    assert realm.times(DOCUMENT_URL) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": f"{ISSUER}/tenant"},
        {"issuer": f"{ISSUER}.evil.example"},
        {"issuer": 7},
        {"issuer": "no URL"},
        {"issuer": [ISSUER]},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://id.example/authorize"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://169.254.169.254/token"},
        {"token_endpoint": "http://localhost/token"},
        {"token_endpoint": ["https://id.example/token"]},
        {"token_endpoint": None},
        {"token_endpoint": f"{ISSUER}/{'x' * 3000}"},
        {"userinfo_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://id.example/jwks"},
        {"jwks_uri": 1},
        {"end_session_endpoint": "data:text/html,x"},
        {"token_endpoint": "https://["},
        {"jwks_uri": "https://id\u2100.example/"},
    ],
)
def test_a_document_that_cannot_be_right_is_refused(
    make_auth: MakeAuth, realm: Realm, changes: dict[str, Any]
) -> None:
    says(realm, **changes)
    assert status(generic_auth(make_auth, realm)) == GONE


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b""])
def test_what_is_no_object_is_refused(make_auth: MakeAuth, realm: Realm, body: bytes) -> None:
    realm.answers[DOCUMENT_URL] = lambda request: httpx2.Response(200, content=body)
    assert status(generic_auth(make_auth, realm)) == GONE


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "/jwks"},
        {"id_token_signing_alg_values_supported": None},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"id_token_signing_alg_values_supported": [1, None, "RS256"]},
        {"userinfo_endpoint": None, "end_session_endpoint": ""},
    ],
)
def test_other_documents_will_do(
    make_auth: MakeAuth, realm: Realm, changes: dict[str, Any]
) -> None:
    says(realm, **changes)
    assert status(generic_auth(make_auth, realm)) == GOOD


def test_an_application_may_say_which_issuer_is_right(make_auth: MakeAuth, realm: Realm) -> None:
    says(realm, issuer="https://other.example")
    provider = realm_provider(issuer="https://other.example")
    assert status(generic_auth(make_auth, realm, provider)) == GOOD
    says(realm, issuer=None)
    assert status(generic_auth(make_auth, realm, realm_provider(issuer=ISSUER))) == GONE


def test_what_needs_verified_tokens_needs_keys(make_auth: MakeAuth, realm: Realm) -> None:
    says(realm, jwks_uri=None)
    provider = realm_provider(require_id_token_verification=True)
    assert status(generic_auth(make_auth, realm, provider)) == GONE


def test_redirects_on_the_same_server_are_followed_so_far(
    make_auth: MakeAuth, realm: Realm
) -> None:
    realm.answers[DOCUMENT_URL] = leads("/moved")
    realm.answers[f"{ISSUER}/moved"] = lambda request: httpx2.Response(200, json=realm.document)
    assert status(generic_auth(make_auth, realm)) == GOOD
    realm.answers[DOCUMENT_URL] = leads(DOCUMENT_URL)
    before = len(realm.asked)
    assert status(generic_auth(make_auth, realm)) == GONE
    assert len(realm.asked) - before == 6


def test_headers_go_to_the_providers_server_alone(make_auth: MakeAuth, realm: Realm) -> None:
    provider = realm_provider(discovery_headers={"X-Client": "secret-header"})
    assert error_of(arrive(Browser(generic_auth(make_auth, realm, provider)), realm)) is None
    for url in (DOCUMENT_URL, f"{ISSUER}/jwks"):
        assert realm.last(url).headers["x-client"] == "secret-header"
    assert "x-client" not in realm.last(f"{ISSUER}/token").headers

    keys = "https://keys.example/jwks"
    says(realm, jwks_uri=keys)
    realm.answers[keys] = lambda request: realm.answer(httpx2.Request("GET", f"{ISSUER}/jwks"))
    provider = realm_provider(discovery_headers={"X-Client": "secret-header"})
    assert error_of(arrive(Browser(generic_auth(make_auth, realm, provider)), realm)) is None
    assert "x-client" not in realm.last(keys).headers


def test_an_old_document_stands_while_there_is_no_new_one(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    auth = generic_auth(make_auth, realm)
    assert status(auth) == GOOD
    clock.forward(86_399)
    assert status(auth) == GOOD
    assert realm.times(DOCUMENT_URL) == 1
    clock.forward(1)
    for broken in (down, lambda request: httpx2.Response(200, json={"issuer": None})):
        realm.answers[DOCUMENT_URL] = broken
        before = realm.times(DOCUMENT_URL)
        assert [status(auth) for _ in range(3)] == [GOOD] * 3
        assert realm.times(DOCUMENT_URL) == before + 1
        clock.forward(10)
    del realm.answers[DOCUMENT_URL]
    says(realm, authorization_endpoint=f"{ISSUER}/new")
    answer = Browser(auth).post("/sign-in/social", {"provider": "realm"})
    assert answer.json["url"].startswith(f"{ISSUER}/new?")


def test_a_new_document_of_another_issuer_is_not_believed(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    auth = generic_auth(make_auth, realm)
    assert error_of(arrive(Browser(auth), realm)) is None
    clock.forward(86_400)
    says(realm, issuer=f"{ISSUER}/", authorization_endpoint=f"{ISSUER}/other")
    answer = Browser(auth).post("/sign-in/social", {"provider": "realm"})
    assert answer.json["url"].startswith(f"{ISSUER}/authorize?")


def test_fifty_threads_that_come_first_ask_once(make_auth: MakeAuth, realm: Realm) -> None:
    auth = generic_auth(make_auth, realm)
    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(lambda number: status(auth), range(50))) == {GOOD}
    assert realm.times(DOCUMENT_URL) == 1


async def test_fifty_calls_of_a_loop_that_come_first_ask_once(
    make_auth: MakeAuth, realm: Realm
) -> None:
    auth = generic_auth(make_auth, realm, realm_provider(), realm_provider(provider_id="twin"))
    asked = [
        Browser(auth, "async").request("POST", "/sign-in/social", {"provider": name})
        for name in ("realm", "twin") * 25
    ]
    try:
        answers = await asyncio.gather(*map(auth.handle, asked))
    finally:
        await auth.close()
    assert {one.status for one in answers} == {200}
    assert realm.times(DOCUMENT_URL) == 2


def test_a_discovery_that_fails_in_between_ends_the_flow(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    """A server that was started anew between the two requests."""
    browser = Browser(generic_auth(make_auth, realm))
    state = leave(browser, realm)["state"]
    browser.auth = generic_auth(make_auth, realm)
    realm.answers[DOCUMENT_URL] = down
    assert error_of(come_back(browser, state, "realm")) == "oauth_provider_not_found"
    assert error_of(come_back(browser, state, "realm")) == "state_mismatch"


def test_tokens_are_had_while_discovery_fails(make_auth: MakeAuth, realm: Realm) -> None:
    browser = Browser(generic_auth(make_auth, realm))
    arrive(browser, realm)
    (account,) = browser.get("/list-accounts").json
    chosen = {"accountId": account["id"]}
    browser.auth = generic_auth(make_auth, realm)
    realm.answers[DOCUMENT_URL] = down
    assert browser.post("/get-access-token", chosen).status == 200
    assert browser.post("/refresh-token", chosen).code == "FAILED_TO_REFRESH_ACCESS_TOKEN"
    assert browser.get("/account-info", chosen).code == "FAILED_TO_GET_USER_INFO"
    assert browser.post("/sign-out", {}).json == {"success": True}


# ID tokens are held against what was discovered.


@pytest.mark.parametrize(
    "spoil",
    [
        lambda realm: realm.claims.update(iss="https://evil.example"),
        lambda realm: realm.claims.update(aud="another"),
        lambda realm: realm.claims.update(exp=int(realm.clock().timestamp()) - 60),
        lambda realm: realm.claims.update(nonce="another"),
        lambda realm: realm.claims.update(nonce=None),
        lambda realm: realm.claims.update(sub=None),
        lambda realm: setattr(realm, "key", FOREIGN),
        lambda realm: says(realm, id_token_signing_alg_values_supported=["ES256"]),
        lambda realm: says(realm, id_token_signing_alg_values_supported=["HS256"]),
        lambda realm: says(realm, id_token_signing_alg_values_supported=["none"]),
        lambda realm: realm.answers.update({f"{ISSUER}/jwks": down}),
        lambda realm: realm.tokens.update(id_token="x") or setattr(realm, "sends_id_token", False),
        lambda realm: realm.answers.update({f"{ISSUER}/jwks": leads("https://evil.example/k")}),
    ],
)
def test_an_id_token_that_does_not_pass_signs_nobody_in(
    make_auth: MakeAuth, realm: Realm, spoil: Callable[[Realm], object]
) -> None:
    spoil(realm)
    realm.user = {"sub": "s-1", "email": "ada@example.com", "email_verified": True}
    browser = Browser(generic_auth(make_auth, realm))
    assert error_of(arrive(browser, realm)) == "unable_to_get_user_info"
    assert browser.session() is None


def test_the_issuer_of_a_callback_is_checked(make_auth: MakeAuth, realm: Realm) -> None:
    browser = Browser(generic_auth(make_auth, realm))
    state = leave(browser, realm)["state"]
    answer = come_back(browser, state, "realm", iss="https://evil.example")
    assert error_of(answer) == "issuer_mismatch"
    state = leave(browser, realm)["state"]
    assert error_of(come_back(browser, state, "realm", iss=ISSUER)) is None


def test_a_flow_without_a_nonce_is_refused_once_there_are_keys(
    make_auth: MakeAuth, realm: Realm
) -> None:
    says(realm, jwks_uri=None)
    browser = Browser(generic_auth(make_auth, realm))
    state = leave(browser, realm)["state"]
    says(realm, jwks_uri=f"{ISSUER}/jwks")
    browser.auth = generic_auth(make_auth, realm)
    assert error_of(come_back(browser, state, "realm")) == "nonce_binding_missing"


def test_the_account_is_told_of_when_its_id_token_is_over(
    make_auth: MakeAuth, realm: Realm, clock: Clock
) -> None:
    realm.tokens["expires_in"] = 86_400
    browser = Browser(generic_auth(make_auth, realm))
    arrive(browser, realm)
    (account,) = browser.get("/list-accounts").json
    clock.forward(7200)
    realm.user = {"sub": "s-1", "email": "ada@new.example"}
    told = browser.get("/account-info", {"accountId": account["id"]})
    assert told.json["user"]["email"] == "ada@new.example"
    realm.user["sub"] = "s-2"
    told = browser.get("/account-info", {"accountId": account["id"]})
    assert (told.status, told.code) == (401, "FAILED_TO_GET_USER_INFO")


def test_a_document_on_this_machine_may_name_plain_http(make_auth: MakeAuth, realm: Realm) -> None:
    here = "http://localhost:8080"
    document = {
        "issuer": here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": "http://token.internal/token",
    }
    url = f"{here}/.well-known/openid-configuration"
    realm.answers[url] = lambda request: httpx2.Response(200, json=document)
    auth = generic_auth(make_auth, realm, realm_provider(discovery_url=url))
    assert status(auth) == GOOD


def test_twins_of_one_server_have_their_own_options(make_auth: MakeAuth, realm: Realm) -> None:
    config: list[GenericProvider] = [
        realm_provider(),
        realm_provider(provider_id="closed", disable_sign_up=True),
        plain_provider(),
    ]
    auth = generic_auth(make_auth, realm, *config)
    assert error_of(arrive(Browser(auth), realm, "closed")) == "signup_disabled"
    assert error_of(arrive(Browser(auth), realm)) is None


def test_nothing_secret_is_logged(
    make_auth: MakeAuth, realm: Realm, caplog: pytest.LogCaptureFixture
) -> None:
    provider = realm_provider(discovery_headers={"x": "header-that-is-secret"})
    auth = generic_auth(make_auth, realm, provider)
    realm.answers[f"{ISSUER}/token"] = lambda request: httpx2.Response(500, content=request.content)
    with caplog.at_level(0):
        assert error_of(arrive(Browser(auth), realm)) == "invalid_code"
        realm.answers[DOCUMENT_URL] = down
        status(generic_auth(make_auth, realm, provider))
    assert "that-is-secret" not in caplog.text
    assert "that-is-secret" not in repr(
        (auth.config.options.plugins, provider, provider.description)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": None},
        {"jwks_uri": None, "id_token_signing_alg_values_supported": []},
    ],
)
def test_who_vouched_for_people_does_not_cease_to(
    make_auth: MakeAuth, realm: Realm, clock: Clock, changes: dict[str, Any]
) -> None:
    """Else tokens would not be verified any more, or people be known by another field."""
    browser = Browser(generic_auth(make_auth, realm))
    assert error_of(arrive(browser, realm)) is None
    says(realm, **changes)
    clock.forward(86_400)
    realm.key = FOREIGN
    assert error_of(arrive(browser, realm)) == "unable_to_get_user_info"
    assert realm.times(DOCUMENT_URL) == 2


def test_a_redirect_to_what_is_no_url(make_auth: MakeAuth, realm: Realm) -> None:
    realm.answers[DOCUMENT_URL] = lambda request: httpx2.Response(
        302, headers={"location": "https://["}
    )
    assert status(generic_auth(make_auth, realm)) == GONE


def test_what_is_known_stands_where_too_much_goes_out(
    make_auth: MakeAuth, realm: Realm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = generic_auth(make_auth, realm)
    assert status(auth) == GOOD
    clock.forward(86_400)

    async def full(*given: Any) -> None:
        raise Overloaded

    monkeypatch.setattr(discovery, "_answer", full)
    assert status(auth) == GOOD
