"""The providers that are made ready: where they are, and whom they speak of."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from joserfc import jwt

from tests.support.oidc import KEY
from tests.support.providers import NOW, Internet, claims_of, client_of, json_answer, person
from watchword import ConfigurationError
from watchword.oauth.authorization import Authorization
from watchword.oauth.profile import Identity
from watchword.oauth.tokens import Tokens
from watchword.plugins.generic_oauth import (
    Auth0,
    GenericProvider,
    Gumroad,
    HubSpot,
    Keycloak,
    Line,
    MicrosoftEntraID,
    Okta,
    Patreon,
    Slack,
    Yandex,
)

CLIENT: dict[str, Any] = {"client_id": "client", "client_secret": "secret"}
TENANT = "0A1B2C3D-0000-1111-2222-333344445555"
LOGIN = f"https://login.microsoftonline.com/{TENANT.lower()}"
WELL_KNOWN = "/.well-known/openid-configuration"


def described(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "id_token_signing_alg_values_supported": ["RS256"],
    }


@pytest.mark.parametrize(
    ("provider", "url", "issuer"),
    [
        (Auth0(domain="my.auth0.com", **CLIENT), "https://my.auth0.com", "https://my.auth0.com/"),
        (Auth0(domain="http://my.auth0.com/x", **CLIENT), "https://my.auth0.com", None),
        (Okta(issuer="https://my.okta.com/oauth2/default/", **CLIENT), None, None),
        (Keycloak(issuer="https://id.example/realms/one", **CLIENT), None, None),
    ],
)
async def test_those_that_tell_about_themselves(
    provider: GenericProvider, url: str | None, issuer: str | None
) -> None:
    place = url or (provider.issuer or "").rstrip("/")
    internet = Internet([json_answer(described(issuer or place))])
    made = await provider.prepared(client_of(internet))
    assert [one.url for one in internet.asked] == [f"{place}{WELL_KNOWN}"]
    assert made.description.issuer == (issuer or place)
    assert made.scopes_of(["more"]) == ["more", "openid", "profile", "email"]


@pytest.mark.parametrize(
    "provider",
    [kind(**CLIENT) for kind in (Slack, Line, Patreon, HubSpot, Gumroad, Yandex)],
)
async def test_the_others_need_nobody_to_tell(provider: GenericProvider) -> None:
    internet = Internet()
    assert await provider.prepared(client_of(internet)) is provider
    asked = Authorization(state="s", code_verifier="v", redirect_uri="https://app.example/cb")
    url = provider.authorization_url(asked)
    assert f"scope={httpx2.QueryParams(scope=' '.join(provider.scope))}"[12:] in url
    assert (internet.asked, provider.takes_id_tokens) == ([], False)


@pytest.mark.parametrize(
    ("provider", "answer", "whom"),
    [
        (
            Slack(**CLIENT),
            {"sub": "U1", "name": "Ada", "email": "a@b.co", "email_verified": True},
            Identity(id="U1", name="Ada", email="a@b.co", email_verified=True),
        ),
        (
            Slack(**CLIENT),
            {"sub": "U1", "https://slack.com/user_image_512": "https://i.example"},
            Identity(id="U1", image="https://i.example", email_verified=None),
        ),
        (
            Line(**CLIENT),
            {"sub": "L1", "name": "Ada", "email": "a@b.co", "email_verified": True},
            Identity(id="L1", name="Ada", email="a@b.co"),
        ),
        (
            Patreon(**CLIENT),
            {
                "data": {
                    "id": "9",
                    "attributes": {
                        "full_name": "Ada",
                        "email": "a@b.co",
                        "image_url": "https://i.example",
                        "is_email_verified": True,
                    },
                }
            },
            Identity(
                id="9", name="Ada", email="a@b.co", image="https://i.example", email_verified=True
            ),
        ),
        (
            HubSpot(**CLIENT),
            {"user_id": 12, "user": "a@b.co"},
            Identity(id=12, name="a@b.co", email="a@b.co"),
        ),
        (
            HubSpot(**CLIENT),
            {"signed_access_token": {"userId": 13}, "user": "a@b.co"},
            Identity(id=13, name="a@b.co", email="a@b.co"),
        ),
        (
            Gumroad(**CLIENT),
            {"success": True, "user": {"user_id": "G", "name": "Ada", "email": "a@b.co"}},
            Identity(id="G", name="Ada", email="a@b.co"),
        ),
        (Gumroad(**CLIENT), {"success": False, "user": {"user_id": "G"}}, None),
        (
            Yandex(**CLIENT),
            {"id": "1", "login": "ada", "emails": ["a@b.co"], "default_avatar_id": "7/8"},
            Identity(
                id="1",
                name="ada",
                email="a@b.co",
                image="https://avatars.yandex.net/get-yapic/7/8/islands-200",
            ),
        ),
        (
            Yandex(**CLIENT),
            {
                "id": "1",
                "default_email": "a@b.co",
                "is_avatar_empty": True,
                "default_avatar_id": "7",
            },
            Identity(id="1", email="a@b.co"),
        ),
        (Yandex(**CLIENT), {"id": "1", "login": "ada"}, None),
    ],
)
async def test_whom_a_profile_speaks_of(
    provider: GenericProvider, answer: dict[str, Any], whom: Identity | None
) -> None:
    found, _ = await person(provider, answer)
    assert found == whom


async def test_how_they_are_asked() -> None:
    _, asked = await person(HubSpot(**CLIENT), {"user_id": 1}, tokens=Tokens(access_token="a/b ?"))
    assert asked[0].url == "https://api.hubapi.com/oauth/v1/access-tokens/a%2Fb%20%3F"
    _, asked = await person(Yandex(**CLIENT), {"id": 1, "default_email": "a@b.co"})
    assert asked[0].headers["authorization"] == "OAuth AT"
    for one in (HubSpot(**CLIENT), Yandex(**CLIENT), Slack(**CLIENT), Patreon(**CLIENT)):
        assert await person(one, tokens=Tokens(id_token="x")) == (None, [])


async def test_line_is_believed_by_the_id_token_of_its_own_answer() -> None:
    tokens = claims_of(sub="L2", email="a@b.co", name="Ada", email_verified=True)
    found, asked = await person(Line(**CLIENT), tokens=tokens)
    assert (found, asked) == (Identity(id="L2", name="Ada", email="a@b.co"), [])


# Microsoft Entra ID.


def entra(**options: Any) -> MicrosoftEntraID:
    return MicrosoftEntraID(**{**CLIENT, "tenant_id": TENANT, **options})


def token(**claims: Any) -> Tokens:
    now = int(NOW.timestamp())
    own = {"iss": f"{LOGIN}/v2.0", "aud": "client", "iat": now, "exp": now + 60, "sub": "pair"}
    given = {name: value for name, value in {**own, **claims}.items() if value is not None}
    signed = jwt.encode({"alg": "RS256", "kid": "one"}, given, KEY, algorithms=["RS256"])
    return Tokens(access_token="AT", id_token=signed)


async def whom(tokens: Tokens, *answers: object) -> Identity | None:
    keys = json_answer({"keys": [KEY.as_dict(private=False)]})
    document = json_answer(described(f"{LOGIN}/v2.0"))
    internet = Internet([document, keys, *map(json_answer, answers), json_answer({}, 500)])
    client = client_of(internet)
    provider = await entra().prepared(client)
    assert internet.asked[0].url == f"{LOGIN}/v2.0{WELL_KNOWN}"
    assert provider.description.token_url == f"{LOGIN}/oauth2/v2.0/token"
    found = await provider.user_info(client, tokens)
    return None if found is None else found.identity


async def test_entra_knows_people_by_their_object_id() -> None:
    found = await whom(token(oid="o-1", email="a@b.co", email_verified=True, name="Ada"))
    assert found == Identity(id="o-1", name="Ada", email="a@b.co", email_verified=True)
    assert await whom(token(email="a@b.co")) is None
    assert await whom(Tokens(access_token="AT"), {"sub": "pair", "oid": "o-1"}) is None


async def test_entra_fills_in_from_the_user_info_of_the_same_person_alone() -> None:
    told = {"sub": "pair", "email": "a@b.co", "email_verified": True, "oid": "o-2"}
    found = await whom(token(oid="o-1", given_name="Ada", family_name="L"), told)
    assert found == Identity(id="o-1", name="Ada L", email="a@b.co", email_verified=True)
    made_up = "o-1@microsoft-entra-id.placeholder.invalid"
    for other in ({**told, "sub": "another"}, {"email": "a@b.co"}):
        found = await whom(token(oid="o-1", email_verified=True), other)
        assert found == Identity(id="o-1", email=made_up, email_verified=False)


@pytest.mark.parametrize("tenant", ["common", "organizations", "contoso.onmicrosoft.com", ""])
def test_entra_is_one_tenant(tenant: str) -> None:
    with pytest.raises(ConfigurationError, match="tenant_id"):
        entra(tenant_id=tenant)


@pytest.mark.parametrize(
    ("kind", "options"),
    [(Auth0, {"domain": ""}), (Auth0, {"domain": "a b"}), (Okta, {}), (Keycloak, {"issuer": "x"})],
)
def test_what_they_need_is_asked_for(kind: type[GenericProvider], options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        kind(**{**CLIENT, **options})


def test_a_provider_may_be_there_twice_by_another_name() -> None:
    assert Line(provider_id="line-jp", **CLIENT).id == "line-jp"
