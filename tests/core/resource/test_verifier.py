"""Other services: what they believe, and how often they ask the issuer for its keys."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.support.issuer import AUDIENCE, ISSUER, URL, Issuer
from watchword import ConfigurationError
from watchword.crypto.signed_tokens import ALGORITHMS, Algorithm, public_part
from watchword.resource import (
    JWTVerifier,
    KeysUnavailable,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
    VerifiedToken,
    WrongAudience,
    WrongIssuer,
)

MANY = 50
Verify = Callable[[JWTVerifier, str], VerifiedToken]


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(params=["blocking", "async"])
def verify(request: pytest.FixtureRequest) -> Verify:
    if request.param == "blocking":
        return lambda verifier, token: verifier.blocking.verify(token)
    return lambda verifier, token: asyncio.run(verifier.verify(token))


def test_a_good_token_says_who_is_asking(issuer: Issuer, verify: Verify) -> None:
    found = verify(issuer.verifier(), issuer.token(email="ada@example.com"))
    assert (found.subject, found.claims["email"]) == ("ada", "ada@example.com")
    assert found.expires_at == issuer.clock() + timedelta(seconds=900)


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_every_algorithm(issuer: Issuer, verify: Verify, algorithm: Algorithm) -> None:
    issuer.rotate("other", algorithm)
    assert verify(issuer.verifier(), issuer.token("other")).subject == "ada"
    others = tuple(one for one in ALGORITHMS if one != algorithm)
    with pytest.raises(TokenInvalid, match="not taken"):
        verify(issuer.verifier(algorithms=others), issuer.token("other"))


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"iss": "https://other.example"}, WrongIssuer),
        ({"aud": "https://other.example"}, WrongAudience),
        ({"aud": [AUDIENCE + "/", "x"]}, WrongAudience),
        ({"exp": 1_893_456_000 - 30}, TokenExpired),
        ({"exp": 1e300, "nbf": 1_893_456_000 + 31}, TokenNotYetValid),
        ({"sub": None}, TokenInvalid),
        ({"exp": None}, TokenInvalid),
    ],
)
def test_errors_say_which_check_failed(
    issuer: Issuer, verify: Verify, claims: dict[str, Any], kind: type[TokenInvalid]
) -> None:
    assert issuer.clock().timestamp() == 1_893_456_000
    with pytest.raises(TokenInvalid) as raised:
        verify(issuer.verifier(), issuer.token(**claims))
    assert type(raised.value) is kind
    assert "ada" not in str(raised.value)


def test_clocks_may_differ_a_little(issuer: Issuer, verify: Verify) -> None:
    now = issuer.clock().timestamp()
    token = issuer.token(exp=now - 29, nbf=now + 30)
    assert verify(issuer.verifier(), token).subject == "ada"
    with pytest.raises(TokenExpired):
        verify(issuer.verifier(leeway=0), token)


def test_a_token_without_an_end_that_a_date_can_say(issuer: Issuer, verify: Verify) -> None:
    found = verify(issuer.verifier(), issuer.token(exp=1e300))
    assert found.expires_at == datetime.max.replace(tzinfo=UTC)


def test_one_of_several_audiences_is_enough(issuer: Issuer, verify: Verify) -> None:
    verifier = JWTVerifier(
        URL,
        ISSUER,
        ["https://a.example", AUDIENCE],
        clock=issuer.clock,
        transport=httpx2.MockTransport(issuer),
    )
    assert verify(verifier, issuer.token(aud=["x", AUDIENCE])).subject == "ada"


def test_keys_are_asked_for_once(issuer: Issuer, verify: Verify) -> None:
    verifier = issuer.verifier()
    for _ in range(20):
        verify(verifier, issuer.token())
    assert issuer.asked == 1
    issuer.clock.forward(600)
    verify(verifier, issuer.token())
    verify(verifier, issuer.token())
    assert issuer.asked == 2


def test_a_new_key_is_found(issuer: Issuer, verify: Verify) -> None:
    verifier = issuer.verifier()
    verify(verifier, issuer.token())
    issuer.rotate("second")
    issuer.clock.forward(10)
    assert verify(verifier, issuer.token("second")).subject == "ada"
    assert verify(verifier, issuer.token()).subject == "ada"
    assert issuer.asked == 2


def test_a_key_that_is_gone_is_not_believed(issuer: Issuer, verify: Verify) -> None:
    verifier = issuer.verifier()
    token = issuer.token(exp=issuer.clock().timestamp() + 3600)
    verify(verifier, token)
    issuer.rotate("second")
    del issuer.keys["first"]
    issuer.clock.forward(600)
    with pytest.raises(TokenInvalid):
        verify(verifier, token)


def test_unknown_keys_make_the_issuer_be_asked_seldom(issuer: Issuer, verify: Verify) -> None:
    verifier, stranger = issuer.verifier(), Issuer(issuer.clock)
    verify(verifier, issuer.token())
    for number in range(MANY):
        stranger.rotate(f"key-{number}")
        with pytest.raises(TokenInvalid):
            verify(verifier, stranger.token(f"key-{number}"))
    assert issuer.asked == 1
    issuer.clock.forward(10)
    for number in range(MANY):
        with pytest.raises(TokenInvalid):
            verify(verifier, stranger.token(f"key-{number}"))
    assert issuer.asked == 2


def strangers(issuer: Issuer) -> list[str]:
    stranger = Issuer(issuer.clock)
    for number in range(MANY):
        stranger.rotate(f"key-{number}")
    return [stranger.token(f"key-{number}") for number in range(MANY)]


def test_fifty_threads_with_unknown_keys_ask_once(issuer: Issuer) -> None:
    verifier, tokens = issuer.verifier(), strangers(issuer)
    issuer.slow = 0.05

    def refused(token: str) -> bool:
        with pytest.raises(TokenInvalid):
            verifier.blocking.verify(token)
        return True

    with ThreadPoolExecutor(MANY) as pool:
        assert all(pool.map(refused, tokens))
    assert issuer.asked == 1


async def test_fifty_tasks_with_unknown_keys_ask_once(issuer: Issuer) -> None:
    asked = 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return httpx2.Response(200, json=issuer.key_set())

    verifier = issuer.verifier(transport=httpx2.MockTransport(answer))
    tokens = [*strangers(issuer), issuer.token()]
    found = await asyncio.gather(*map(verifier.verify, tokens), return_exceptions=True)
    assert [type(one) for one in found] == [TokenInvalid] * MANY + [VerifiedToken]
    assert asked == 1


@pytest.mark.parametrize(
    "says",
    [
        httpx2.ConnectError("x"),
        httpx2.Response(500),
        httpx2.Response(302, headers={"location": "https://evil.example/jwks"}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"keys": "x"}),
        httpx2.Response(200, json={"keys": [{}] * 1001}),
        httpx2.Response(200, content=b"x" * 1_100_000),
    ],
)
def test_without_keys_nothing_is_known_of_a_token(
    issuer: Issuer, verify: Verify, says: Any
) -> None:
    if isinstance(says, Exception):
        issuer.fails = says
    else:
        issuer.says = says
    verifier = issuer.verifier()
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            verify(verifier, issuer.token())
    assert issuer.asked == 1, "an issuer that is down is left alone for a moment"
    issuer.fails = issuer.says = None
    issuer.clock.forward(5)
    assert verify(verifier, issuer.token()).subject == "ada"


def test_the_last_keys_are_believed_while_the_issuer_is_down(
    issuer: Issuer, verify: Verify
) -> None:
    verifier = issuer.verifier(most_stale=3600)
    verify(verifier, issuer.token())
    issuer.fails = httpx2.ConnectError("down")
    issuer.clock.forward(3599)
    for _ in range(3):
        assert verify(verifier, issuer.token()).subject == "ada"
    assert issuer.asked == 2
    issuer.clock.forward(1)
    with pytest.raises(KeysUnavailable):
        verify(verifier, issuer.token())
    issuer.fails = None
    issuer.clock.forward(5)
    assert verify(verifier, issuer.token()).subject == "ada"


async def test_nobody_hangs_with_the_issuer_who_knows_the_key(issuer: Issuer) -> None:
    """One asks; others go by the older set until then, and only those wait who know no key."""
    asking, answers, asked = asyncio.Event(), asyncio.Event(), 0

    async def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        asking.set()
        await answers.wait()
        return httpx2.Response(200, json=issuer.key_set())

    verifier = issuer.verifier(transport=httpx2.MockTransport(answer))
    answers.set()
    await verifier.verify(issuer.token())
    issuer.rotate("second")
    issuer.clock.forward(600)
    asking.clear()
    answers.clear()
    first = asyncio.ensure_future(verifier.verify(issuer.token()))
    await asking.wait()
    for _ in range(3):
        assert (await verifier.verify(issuer.token())).subject == "ada"
    newest = asyncio.ensure_future(verifier.verify(issuer.token("second")))
    await asyncio.sleep(0)
    assert not first.done()
    answers.set()
    assert [(await one).subject for one in (first, newest)] == ["ada", "ada"]
    assert asked == 2


async def test_an_attempt_that_was_given_up_stops_nothing(issuer: Issuer) -> None:
    """Such as one that was under way where this process was forked off."""
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    issuer.clock.forward(600)
    verifier._keys._begun = issuer.clock()  # pyright: ignore[reportPrivateUsage]
    await verifier.verify(issuer.token())
    assert issuer.asked == 1
    issuer.clock.forward(60)
    await verifier.verify(issuer.token())
    assert issuer.asked == 2


def test_a_clock_that_is_set_back_does_not_stop_anything(issuer: Issuer, verify: Verify) -> None:
    verifier = issuer.verifier()
    issuer.clock.forward(86_400)
    verify(verifier, issuer.token())
    issuer.clock.forward(-86_400)
    issuer.rotate("second")
    assert verify(verifier, issuer.token("second")).subject == "ada"


def test_keys_of_other_kinds_are_left_out(issuer: Issuer, verify: Verify) -> None:
    jwk = public_part(issuer.keys["first"][1])
    issuer.more = [
        *(None, 5, "x", {}, {"kid": 5}, {"kid": "a"}, {"kid": "b", "kty": "oct", "k": "AAAA"}),
        {**jwk, "kid": "for-encryption", "use": "enc"},
        {**jwk, "kid": "for-signing-only", "key_ops": ["sign"]},
        {**jwk, "kid": "odd", "key_ops": 5},
        {**jwk, "kid": "for-another", "alg": "ES256"},
        {**jwk, "kid": "x" * 300},
        {**jwk, "kid": "free"},
    ]
    verifier = issuer.verifier()
    assert verify(verifier, issuer.token()).subject == "ada"
    issuer.keys["free"] = issuer.keys["first"]
    assert verify(verifier, issuer.token("free")).subject == "ada"
    for key_id in ("for-encryption", "for-signing-only", "odd", "for-another"):
        issuer.keys[key_id] = issuer.keys["first"]
        with pytest.raises(TokenInvalid):
            verify(verifier, issuer.token(key_id))


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"jwks_url": "keys"}, "jwks_url"),
        ({"jwks_url": "http://auth.example.com/jwks"}, "jwks_url"),
        ({"jwks_url": "ftp://auth.example.com/jwks"}, "jwks_url"),
        ({"issuer": ""}, "issuer"),
        ({"audience": []}, "audience"),
        ({"audience": ""}, "audience"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"leeway": -1}, "leeway"),
        ({"max_age": 0}, "max_age"),
        ({"cooldown": 0}, "cooldown"),
        ({"timeout": 0}, "timeout"),
        ({"clock": 5}, "clock"),
        ({"plain_http": "yes"}, "plain_http"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], option: str) -> None:
    given = {"jwks_url": URL, "issuer": ISSUER, "audience": AUDIENCE, **options}
    with pytest.raises(ConfigurationError) as raised:
        JWTVerifier(**given)
    assert raised.value.option == f"JWTVerifier.{option}"


@pytest.mark.parametrize("url", ["http://localhost:3000/jwks", "http://127.0.0.1/jwks", URL])
def test_keys_of_this_machine_need_no_tls(url: str) -> None:
    JWTVerifier(url, ISSUER, AUDIENCE)
    JWTVerifier("http://auth/jwks", ISSUER, AUDIENCE, plain_http=True)


def test_it_needs_neither_a_server_nor_a_database() -> None:
    program = (
        "import sys, watchword.resource as r; r.JWTVerifier('https://a.example', 'i', 'a');"
        "print(*[name for name in sys.modules if name in ('sqlite3', 'httpx2')"
        " or name.startswith(('watchword.storage', 'watchword.plugins.'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_verifier_prints_no_keys(issuer: Issuer) -> None:
    verifier = issuer.verifier()
    verifier.blocking.verify(issuer.token())
    assert "crypto" not in repr(verifier)
    assert inspect.iscoroutinefunction(verifier.verify)
