"""What single providers are asked, beyond what one flow of the reference shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.support.providers import (
    Internet,
    client_of,
    json_answer,
    made,
    provider,
    query,
    written_ids,
)
from tests.support.vectors import vectors
from watchword import providers
from watchword.errors import ConfigurationError
from watchword.oauth.authorization import Authorization
from watchword.oauth.client_authentication import PrivateKey
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.provider import CodeGrant

ASKED = Authorization(
    state="STATE",
    code_verifier="v" * 43,
    redirect_uri="https://app.example/callback",
    params={"foo": "bar"},
)
GRANT = CodeGrant(code="CODE", redirect_uri="https://app.example/callback", code_verifier="v" * 43)


@pytest.fixture(scope="module")
def key_text() -> str:
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


def test_all_providers_of_the_reference_are_there() -> None:
    assert set(written_ids()) == set(vectors("social_providers"))
    home = Path(providers.__file__).parent
    modules = {path.stem for path in home.glob("*.py")} - {"__init__"}
    assert modules == {name.lower() for name in providers.__all__}


@pytest.mark.parametrize("name", written_ids())
def test_nobody_is_without_a_client_id(name: str) -> None:
    with pytest.raises(ConfigurationError):
        provider(name, client_id="")


def test_scopes_that_a_registration_decides_are_not_asked_for() -> None:
    for name in ("paypal", "zoom"):
        assert "scope" not in query(provider(name, scope=["more"]).authorization_url(ASKED))


def test_the_request_goes_before_the_application() -> None:
    for name in ("discord", "slack"):
        own = provider(name, scope=["application"], disable_default_scope=True)
        assert own.scopes_of(["request"]) == ["request", "application"]


def test_cloudflare_asks_for_a_scope_once() -> None:
    assert provider("cloudflare", scope=["a"]).scopes_of(["a"]) == ["user-details.read", "a"]


def test_no_client_chooses_the_application_that_asks() -> None:
    for name, parameter in (("tiktok", "client_key"), ("wechat", "appid")):
        asked = Authorization(
            state="STATE", code_verifier="v", redirect_uri="r", params={parameter: "other"}
        )
        assert query(provider(name).authorization_url(asked))[parameter] == "client-id"


@pytest.mark.parametrize(
    ("name", "options", "parameter", "value"),
    [
        ("cognito", {"identity_provider": "Google"}, "identity_provider", "Google"),
        ("discord", {"scope": ["bot"], "permissions": 8}, "permissions", "8"),
        ("discord", {"permissions": 8}, "permissions", None),
        ("discord", {"prompt": "consent"}, "prompt", "consent"),
        ("dropbox", {"access_type": "offline"}, "token_access_type", "offline"),
        ("facebook", {"config_id": "c"}, "config_id", "c"),
        ("reddit", {"duration": "permanent"}, "duration", "permanent"),
        ("twitch", {"claims": ("picture",)}, "claims", None),
        ("wechat", {"lang": "en"}, "lang", "en"),
        ("zoom", {"pkce": False}, "code_challenge", None),
    ],
)
def test_options_that_become_parameters(
    name: str, options: dict[str, Any], parameter: str, value: str | None
) -> None:
    found = query(provider(name, **options).authorization_url(ASKED))
    if name == "twitch":
        wanted = {"email": None, "email_verified": None, "picture": None}
        assert json.loads(found["claims"]) == {"id_token": wanted}
    else:
        assert found.get(parameter) == value


@pytest.mark.parametrize(
    ("name", "options", "server"),
    [
        ("gitlab", {"issuer": "https://git.example//"}, "https://git.example/oauth/"),
        ("paybin", {"issuer": "https://pb.example/"}, "https://pb.example/oauth2/"),
        ("paypal", {"environment": "live"}, "https://www.paypal.com/signin/"),
        ("salesforce", {"environment": "sandbox"}, "https://test.salesforce.com/services/"),
        ("salesforce", {"login_url": "my.salesforce.com"}, "https://my.salesforce.com/services/"),
        ("cognito", {"domain": "http://p.example/"}, "https://p.example/oauth2/"),
        ("microsoft", {"authority": "https://l.example/"}, "https://l.example/common/oauth2/"),
    ],
)
def test_servers_of_ones_own(name: str, options: dict[str, Any], server: str) -> None:
    assert provider(name, **options).authorization_url(ASKED).startswith(server)


def test_an_issuer_has_to_be_a_web_address() -> None:
    with pytest.raises(ConfigurationError):
        provider("gitlab", issuer="git.example")


async def test_zoom_gets_the_verifier_without_a_challenge() -> None:
    internet = Internet([json_answer({"access_token": "AT"})])
    await provider("zoom", pkce=False).exchange(client_of(internet), GRANT)
    assert b"code_verifier=vvv" in internet.asked[0].body


async def test_tiktok_takes_its_own_name_for_the_client_id() -> None:
    assert made("tiktok", {"client_key": "key", "client_secret": "s"}).client_ids == ("key",)


@pytest.mark.parametrize("refreshed", [False, True])
async def test_wechat_says_errors_in_successful_answers(refreshed: bool) -> None:
    one = provider("wechat")
    client = client_of(Internet([json_answer({"errcode": 40029, "errmsg": "invalid code"})]))
    with pytest.raises(OAuthFailed):
        await (one.refresh(client, "RT") if refreshed else one.exchange(client, GRANT))


async def test_wechat_joins_scopes_with_commas() -> None:
    answer = json_answer({"access_token": "AT", "scope": "snsapi_login,snsapi_base"})
    tokens = await provider("wechat").exchange(client_of(Internet([answer])), GRANT)
    assert tokens.scopes == ("snsapi_login", "snsapi_base")


@pytest.mark.parametrize("name", ["vercel", "cloudflare", "microsoft"])
async def test_a_signature_instead_of_a_secret(name: str, key_text: str) -> None:
    key = PrivateKey(pem=key_text, algorithm="ES256", thumbprint="print")
    internet = Internet([json_answer({"access_token": "AT"})])
    one = provider(name, client_secret=None, assertion_key=key)
    await one.exchange(client_of(internet), GRANT)
    body = internet.asked[0].body.decode()
    assert "client_assertion=" in body
    assert "client_secret" not in body
    assert "authorization" not in internet.asked[0].headers


@pytest.mark.parametrize("name", ["vercel", "cloudflare", "microsoft"])
async def test_public_clients_show_their_id_alone(name: str) -> None:
    internet = Internet([json_answer({"access_token": "AT"})])
    await provider(name, client_secret=None).exchange(client_of(internet), GRANT)
    assert internet.asked[0].body.endswith(b"&client_id=client-id")


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_a_secret_does_not_go_with_every_method(method: str, key_text: str) -> None:
    key = PrivateKey(pem=key_text, algorithm="ES256")
    with pytest.raises(ConfigurationError):
        provider("vercel", token_endpoint_auth=method)
    with pytest.raises(ConfigurationError):
        provider("vercel", assertion_key=key)
    with pytest.raises(ConfigurationError):
        provider("vercel", client_secret=None, token_endpoint_auth="basic")
