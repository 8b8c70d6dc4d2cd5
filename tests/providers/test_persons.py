"""Whom single providers speak of, and whom nobody should believe them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.providers import (
    Internet,
    claims_of,
    client_of,
    json_answer,
    person,
    provider,
    query,
    written_ids,
)
from watchword.errors import Overloaded
from watchword.oauth.description import Description
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.profile import Fields
from watchword.oauth.tokens import Tokens
from watchword.providers import GitHub
from watchword.runtime.outgoing import OutgoingAnswer, OutgoingFailed, OutgoingRequest

PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize("name", written_ids())
async def test_answers_that_name_nobody_are_nobody(name: str) -> None:
    for answer in ({}, {"id": None, "sub": ""}, {"data": []}, {"data": {"user": 1}}):
        try:
            found, _ = await person(provider(name), answer)
        except OAuthFailed:
            continue
        assert found is None or found.subject is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("naver", {"resultcode": "024", "response": {"id": "nv-1"}}),
        ("cloudflare", {"success": False, "result": {"id": "cf-1"}}),
        ("gitlab", {"id": 9, "state": "blocked"}),
        ("gitlab", {"id": 9, "state": "active", "locked": True}),
        ("kick", {"data": []}),
    ],
)
async def test_answers_that_are_a_no(name: str, answer: dict[str, Any]) -> None:
    assert (await person(provider(name), answer))[0] is None


@pytest.mark.parametrize(
    ("told", "image"),
    [
        ({"avatar": "abc"}, "/avatars/80351110224678912/abc.png"),
        ({"avatar": "a_b"}, "/avatars/80351110224678912/a_b.gif"),
        ({"discriminator": "0"}, "/embed/avatars/5.png"),
        ({"discriminator": "1337"}, "/embed/avatars/2.png"),
        ({"discriminator": "many"}, None),
    ],
)
async def test_everybody_has_an_image_in_discord(told: dict[str, Any], image: str | None) -> None:
    found, _ = await person(provider("discord"), {"id": "80351110224678912", **told})
    assert found is not None
    assert found.image == (image and f"https://cdn.discordapp.com{image}")


@pytest.mark.parametrize(("valid", "verified"), [(True, True), (False, True), (True, False)])
async def test_kakaos_addresses_are_valid_and_verified(valid: bool, verified: bool) -> None:
    account = {"email": "u@a.example", "is_email_valid": valid, "is_email_verified": verified}
    found, _ = await person(provider("kakao"), {"id": 1, "kakao_account": account})
    assert found is not None
    assert found.vouches is (valid and verified)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({}, 403),
        {"data": {"id": "x"}},
        {"data": {"id": "y", "confirmed_email": "y@a.example"}},
        {},
    ],
)
async def test_x_without_an_address(answer: object) -> None:
    found, _ = await person(provider("twitter"), {"data": {"id": "x", "name": "X"}}, answer)
    assert found is not None
    assert (found.email, found.vouches) == ("x@twitter.placeholder.invalid", False)


def test_a_placeholder_is_never_verified() -> None:
    fields = Fields(id="id", email_verified="verified", placeholder="p.invalid")
    told = fields.identify({"id": 7, "verified": True, "email": "u@a.example"})
    assert (told.email, told.vouches) == ("u@a.example", True)
    made_up = fields.identify({"id": 7, "verified": True})
    assert (made_up.email, made_up.vouches) == ("7@p.invalid", False)
    assert fields.identify({"id": ""}).email is None


@pytest.mark.parametrize("subject", ["pp-1", "https://pp/1", "other", None])
async def test_paypals_id_token_is_about_the_same_person(subject: str | None) -> None:
    profile = {"user_id": "pp-1", "sub": "https://pp/1"}
    tokens = claims_of(sub=subject)
    if subject in profile.values():
        assert (await person(provider("paypal"), profile, tokens=tokens))[0] is not None
        return
    with pytest.raises(OAuthFailed):
        await person(provider("paypal"), profile, tokens=tokens)


async def test_wechat_believes_no_other_persons_profile() -> None:
    tokens = Tokens(access_token="AT", raw={"openid": "wo"})
    assert (await person(provider("wechat"), {"openid": "other"}, tokens=tokens))[0] is None
    found, _ = await person(provider("wechat"), {"openid": "wo"}, tokens=tokens)
    assert found is not None
    assert found.subject == "wo"


@pytest.mark.parametrize("name", ["cognito", "line"])
async def test_without_an_id_token_the_person_is_asked_for(name: str) -> None:
    found, asked = await person(provider(name), {"sub": "s-1"})
    assert found is not None
    assert (found.subject, len(asked)) == ("s-1", 1)


@pytest.mark.parametrize(
    ("claims", "vouches"),
    [
        ({"email": "u@a.example"}, False),
        ({"email": "u@a.example", "verified_secondary_email": ["u@a.example"]}, True),
        ({"email": "u@a.example", "verified_primary_email": ["other@a.example"]}, False),
        ({"email": "u@a.example", "verified_primary_email": "u@a.example"}, False),
        (
            {
                "email": "u@a.example",
                "email_verified": False,
                "verified_primary_email": ["u@a.example"],
            },
            False,
        ),
        ({"verified_primary_email": [None]}, False),
    ],
)
async def test_microsofts_addresses(claims: dict[str, object], vouches: bool) -> None:
    one = provider("microsoft", disable_profile_photo=True)
    found, asked = await person(one, tokens=claims_of(oid="o", **claims))
    assert found is not None
    assert found.vouches is vouches
    assert asked == []


@pytest.mark.parametrize("body", [b"", b"x" * 40_001])
async def test_a_photo_that_is_none(body: bytes) -> None:
    photo = OutgoingAnswer(status=200, headers={}, body=body)
    found, _ = await person(provider("microsoft"), photo, tokens=claims_of(oid="o"))
    assert found is not None
    assert found.image is None


@pytest.mark.parametrize("failure", [OutgoingFailed("graph", "timeout"), Overloaded()])
async def test_nobody_stays_outside_for_want_of_a_photo(failure: Exception) -> None:
    class Down(Internet):
        async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
            raise failure

    info = await provider("microsoft").user_info(client_of(Down()), claims_of(oid="o"))
    assert info is not None


@pytest.mark.parametrize(
    ("ours", "tenant", "accepted"),
    [
        ("common", "t-1", True),
        ("common", PERSONAL, True),
        ("organizations", "t-1", True),
        ("organizations", PERSONAL, False),
        ("consumers", "t-1", False),
        ("consumers", PERSONAL, True),
    ],
)
def test_tenants(ours: str, tenant: str, accepted: bool) -> None:
    one = provider("microsoft", tenant_id=ours)
    issuer = f"https://login.microsoftonline.com/{tenant}/v2.0"
    assert one.accepts_claims({"iss": issuer, "tid": tenant}) is accepted
    assert not one.accepts_claims({"iss": issuer, "tid": "another"})
    assert not one.accepts_claims({"iss": issuer})


@pytest.mark.parametrize(
    ("told", "accepted"),
    [
        ({"aud": "client-id", "nonce": "n"}, True),
        ({"aud": "another", "nonce": "n"}, False),
        ({"aud": "client-id", "nonce": "m"}, False),
        ({"aud": "client-id"}, False),
    ],
)
async def test_line_looks_at_its_own_tokens(told: dict[str, Any], accepted: bool) -> None:
    internet = Internet([json_answer({"sub": "s-1", **told})])
    assert await provider("line").verify(client_of(internet), "a.b.c", "n") is accepted
    assert internet.asked[0].body == b"id_token=a.b.c&client_id=client-id&nonce=n"
    refused = Internet([json_answer({"error": "invalid_request"}, 400)])
    assert not await provider("line").verify(client_of(refused), "a.b.c", "n")


@pytest.mark.parametrize(
    "told",
    [
        {"is_valid": False, "app_id": "client-id", "user_id": "fb-1"},
        {"is_valid": True, "app_id": "another", "user_id": "fb-1"},
        {"is_valid": True, "app_id": "client-id"},
        {"is_valid": True, "app_id": "client-id", "user_id": "fb-2"},
        {},
    ],
)
async def test_facebooks_tokens_of_other_applications(told: dict[str, Any]) -> None:
    with pytest.raises(OAuthFailed):
        await person(provider("facebook"), {"data": told}, {"id": "fb-1"})


async def test_an_own_function_is_asked_after_facebook() -> None:
    one = provider("facebook", get_user_info=lambda _: pytest.fail("asked for a foreign token"))
    with pytest.raises(OAuthFailed):
        await person(one, {"data": {"is_valid": True, "app_id": "another", "user_id": "1"}})


async def test_facebooks_limited_login() -> None:
    tokens = claims_of(sub="fb-1", name="T", picture="https://img/p", email_verified=True)
    found, asked = await person(provider("facebook"), tokens=tokens)
    assert found is not None
    assert (found.subject, found.image, found.vouches) == ("fb-1", "https://img/p", False)
    assert asked == []


async def test_an_opaque_token_of_facebook_is_looked_at_later() -> None:
    one = provider("facebook", fields=("birthday", "name"))
    assert await one.verify(client_of(Internet()), "opaque", None)
    genuine = {"data": {"is_valid": True, "app_id": "client-id", "user_id": "fb-1"}}
    opaque = Tokens(id_token="opaque")
    found, asked = await person(one, genuine, {"id": "fb-1"}, tokens=opaque)
    assert found is not None
    assert query(asked[0].url)["input_token"] == "opaque"
    assert query(asked[1].url)["fields"] == "id,name,email,picture,birthday"


def test_a_provider_that_says_nothing_of_its_profiles_names_nobody() -> None:
    class Silent(GitHub):
        def describe(self) -> Description:
            return replace(super().describe(), fields=None)

    with pytest.raises(OAuthFailed, match="names no fields"):
        Silent(client_id="id", client_secret="kept").identify({"id": 1})
