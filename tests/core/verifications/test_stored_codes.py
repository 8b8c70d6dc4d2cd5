"""How codes are kept, and what becomes of guesses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Browser, Clock
from tests.support.vectors import vectors
from watchword import Auth, Call, ConfigurationError, VerificationOptions
from watchword.crypto.signing import hash_identifier
from watchword.endpoint import post
from watchword.plugin import Plugin
from watchword.storage.memory import MemoryStorage
from watchword.verifications.guesses import Guess, guess_code, replace_code
from watchword.verifications.stored_codes import (
    CodeCipher,
    CodeStorage,
    check_storage,
    code_matches,
    readable_code,
    stored_code,
)

TOKEN_HASHES = vectors("tokenHash", "vectors-plugins-1.json")["cases"]
ALLOWED = 3


class Lab(Plugin):
    """Runs what a test hands it inside a call."""

    id = "lab"

    @post("/lab/run", server_only=True)
    async def lab_run(self, call: Call) -> None:
        work: Callable[[Call], Awaitable[None]] = call.params["work"]  # type: ignore[assignment]
        await work(call)


def inside(auth: Auth[Any], work: Callable[[Call], Awaitable[None]]) -> None:
    auth.blocking.api.call(Lab.lab_run)(params={"work": work})  # type: ignore[dict-item]


@pytest.mark.parametrize("case", TOKEN_HASHES)
def test_hashed_tokens_are_as_recorded(case: dict[str, str]) -> None:
    assert hash_identifier(case["input"]) == case["output"]


FORMS: list[CodeStorage] = [
    "plain",
    "hashed",
    "encrypted",
    lambda code: code[::-1],
    CodeCipher(lambda code: code[::-1], lambda stored: stored[::-1]),
]


@pytest.mark.parametrize("form", FORMS, ids=["plain", "hashed", "encrypted", "hasher", "cipher"])
def test_every_form_matches_its_own_code_and_no_other(
    make_auth: MakeAuth, form: CodeStorage
) -> None:
    async def work(call: Call) -> None:
        stored = await stored_code(call, form, "012345")
        assert (stored == "012345") == (form == "plain")
        assert await code_matches(call, form, stored, "012345")
        for wrong in ("012346", "12345", "", stored + "x"):
            assert not await code_matches(call, form, stored, wrong)
        assert not await code_matches(call, form, "", "012345")
        recoverable = form in ("plain", "encrypted") or isinstance(form, CodeCipher)
        assert await readable_code(call, form, stored) == ("012345" if recoverable else None)

    inside(make_auth(plugins=[Lab()]), work)


def test_an_unknown_form_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"EmailOTP\.store_otp: 'md5' is no known form"):
        check_storage("EmailOTP.store_otp", "md5")
    with pytest.raises(ConfigurationError, match="'encrypted' is no known form"):
        check_storage("MagicLink.store_token", "encrypted", ("plain", "hashed"))


@pytest.fixture(params=["database", "secondary", "hashed identifiers"])
def lab(request: pytest.FixtureRequest, make_auth: MakeAuth) -> Auth[Any]:
    options: dict[str, Any] = {}
    if request.param == "secondary":
        options["secondary_storage"] = MemoryStorage()
    if request.param == "hashed identifiers":
        options["verification"] = VerificationOptions(store_identifier="hashed")
    return make_auth(plugins=[Lab()], secret=SECRET, **options)


def promise(auth: Auth[Any], code: str = "123456") -> None:
    async def work(call: Call) -> None:
        await replace_code(call, "lab:ada", code, 60)

    inside(auth, work)


def guess(auth: Auth[Any], given: str, *, redeem: bool = True) -> Guess:
    results: list[Guess] = []

    async def work(call: Call) -> None:
        async def right(stored: str) -> bool:
            return await code_matches(call, "plain", stored, given)

        results.append((await guess_code(call, "lab:ada", right, ALLOWED, redeem=redeem))[0])

    inside(auth, work)
    return results[0]


def test_a_right_guess_redeems_the_code(lab: Auth[Any]) -> None:
    promise(lab)
    assert [guess(lab, "123456"), guess(lab, "123456")] == [Guess.RIGHT, Guess.ABSENT]


def test_a_right_guess_that_only_checks_leaves_the_code(lab: Auth[Any]) -> None:
    promise(lab)
    assert guess(lab, "123456", redeem=False) is Guess.RIGHT
    assert guess(lab, "000000", redeem=False) is Guess.WRONG
    assert guess(lab, "123456") is Guess.RIGHT


def test_t1_after_three_wrong_guesses_the_code_is_gone(lab: Auth[Any]) -> None:
    promise(lab)
    assert [guess(lab, "000000") for _ in range(3)] == [Guess.WRONG] * 3
    assert [guess(lab, "123456") for _ in range(2)] == [Guess.EXHAUSTED, Guess.ABSENT]


def test_t3_a_code_ends_with_its_time(lab: Auth[Any], clock: Clock) -> None:
    promise(lab)
    guess(lab, "000000")
    clock.forward(60)
    assert guess(lab, "123456") in (Guess.EXPIRED, Guess.ABSENT)
    assert guess(lab, "123456") is Guess.ABSENT


def test_the_newest_code_counts_afresh(lab: Auth[Any], clock: Clock) -> None:
    promise(lab, "111111")
    guess(lab, "000000")
    clock.forward(1)
    promise(lab, "222222")
    assert [guess(lab, "000000") for _ in range(2)] == [Guess.WRONG] * 2
    assert guess(lab, "222222") is Guess.RIGHT
    assert guess(lab, "111111") is Guess.ABSENT


def test_t1_of_fifty_parallel_wrong_guesses_three_are_compared(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[Lab()])
    Browser(auth).get("/ok")
    promise(auth)
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda number: guess(auth, "000000"), range(50)))
    assert results.count(Guess.WRONG) == ALLOWED
    assert Guess.RIGHT not in results
    assert guess(auth, "123456") is not Guess.RIGHT


def test_t1_of_fifty_parallel_right_guesses_one_redeems(make_auth: MakeAuth) -> None:
    auth = make_auth(plugins=[Lab()])
    promise(auth)
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda number: guess(auth, "123456"), range(50)))
    assert results.count(Guess.RIGHT) == 1
    assert Guess.WRONG not in results
