"""Whatever a provider answers, it is a person, nobody, or a refusal: never another exception."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.providers import Internet, client_of, json_answer, made, unsigned, written_ids
from tests.support.vectors import vectors
from watchword.oauth.failures import OAuthFailed
from watchword.oauth.tokens import Tokens
from watchword.runtime.outgoing import OutgoingAnswer

CASES: dict[str, Any] = vectors("social_providers")
WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x" * 5000,
    [],
    [None],
    {},
    {"data": 1},
    "\x00",
    10**30,
]
DEBUG = {"data": {"is_valid": True, "app_id": "client-id", "user_id": "fb-1"}}


def spoilt(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by something of another kind."""
    yield from WRONG
    if isinstance(value, dict):
        for name in value:
            yield from ({**value, name: wrong} for wrong in spoilt(value[name]))
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from ([*value[:index], wrong, *value[index + 1 :]] for wrong in spoilt(one))


async def answered(case: dict[str, Any], answers: list[OutgoingAnswer], claims: Any) -> None:
    provider = made(case["id"], case["options"])
    tokens = Tokens(
        access_token="AT",
        id_token=unsigned(claims) if claims else None,
        raw={"openid": "wo"},
        posted_user=claims if isinstance(claims, dict) else {},
    )
    try:
        info = await provider.user_info(client_of(Internet(answers)), tokens)
    except OAuthFailed:
        return
    if info is None or info.identity.subject is None:
        return
    told = info.identity
    assert isinstance(told.name, str)
    assert told.email is None or isinstance(told.email, str)
    assert told.image is None or isinstance(told.image, str)
    assert told.vouches in (True, False)
    json.dumps(dict(told.fields))


@pytest.mark.parametrize("name", written_ids())
async def test_a_spoilt_profile(name: str) -> None:
    case = CASES[name]
    recorded = [one for one in case["userInfo"]["responses"].values() if one is not None]
    if name == "facebook":
        recorded = [DEBUG, *recorded]
    for position, one in enumerate(recorded):
        for wrong in spoilt(one):
            answers = [*recorded[:position], wrong, *recorded[position + 1 :]]
            await answered(case, [json_answer(value) for value in answers], None)
    for wrong in spoilt(case["userInfo"]["idTokenClaims"]):
        await answered(case, [json_answer({})], wrong)


@pytest.mark.parametrize("name", written_ids())
@pytest.mark.parametrize(
    "answer",
    [
        OutgoingAnswer(status=500, headers={}, body=b'{"id": 1, "sub": "1"}'),
        OutgoingAnswer(status=302, headers={"location": "https://evil.example"}, body=b""),
        OutgoingAnswer(status=200, headers={}, body=b"\xff<html>"),
        OutgoingAnswer(status=200, headers={}, body=b"[" * 5000),
    ],
)
async def test_what_is_no_profile(name: str, answer: OutgoingAnswer) -> None:
    provider = made(name, CASES[name]["options"])
    tokens = Tokens(access_token="AT", raw={"openid": "wo"})
    try:
        info = await provider.user_info(client_of(Internet([answer])), tokens)
    except OAuthFailed:
        return
    assert info is None
