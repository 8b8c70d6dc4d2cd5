"""W5: what voids a code voids it for good, also where a new code gets stuck half-way.

What a code is bound to stands in a note beside it. Somebody who asks for a new code at the right
moment must not have an old one found beside the note of the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, Site
from tests.core.conftest import MakeAuth
from tests.support.databases import redis_keys
from watchword import ModelHooks
from watchword.database.contract import StorageUnavailable
from watchword.storage.redis import RedisStorage

ASK = "/email-otp/send-verification-otp"
WANTED = {"email": ADA, "type": "sign-in"}


@pytest.fixture(params=["sqlite", "redis"])
def options(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    if request.param == "redis":
        with redis_keys() as keys:
            yield {"secondary_storage": RedisStorage(keys.url, prefix=keys.prefix)}
    else:
        yield {}


@pytest.fixture(params=["rotate", "reuse"])
def site(make_auth: MakeAuth, options: dict[str, Any], request: pytest.FixtureRequest) -> Site:
    def created(values: Mapping[str, object], call: object) -> None:
        if str(values["identifier"]).startswith("sign-in-otp-"):
            made.interrupt()

    made = Site(
        make_auth,
        codes={"resend_strategy": request.param},
        database_hooks={"verification": ModelHooks(create_before=created)},
        **options,
    )
    assert made.browser().sign_up(ADA).status == 200
    return made


def fail() -> None:
    raise StorageUnavailable("the disk is full")


def sign_in(site: Site, otp: str) -> Callable[[], int]:
    body = {"email": ADA, "otp": otp}
    return lambda: site.browser().post("/sign-in/email-otp", body).status


def test_w5_a_code_that_is_void_stays_so_when_the_next_one_is_not_stored(site: Site) -> None:
    redeem = sign_in(site, site.mail(site.browser(), ASK, WANTED).otp)
    assert site.reset().status == 200
    site.meanwhile.append(fail)
    assert site.browser().post(ASK, WANTED).status == 503
    assert redeem() == 400


def test_w5_a_code_that_is_void_is_not_mailed_again(site: Site) -> None:
    void = site.mail(site.browser(), ASK, WANTED).otp
    assert site.reset().status == 200
    site.meanwhile.append(fail)
    assert site.browser().post(ASK, WANTED).status == 503
    fresh = site.mail(site.browser(), ASK, WANTED).otp
    assert fresh != void
    assert sign_in(site, void)() == 400
    assert sign_in(site, fresh)() == 200


def test_w5_a_code_that_is_void_stays_so_while_the_next_one_is_being_stored(site: Site) -> None:
    redeem = sign_in(site, site.mail(site.browser(), ASK, WANTED).otp)
    assert site.reset().status == 200
    heard: list[int] = []
    site.meanwhile.append(lambda: heard.append(redeem()))
    assert site.browser().post(ASK, WANTED).status == 200
    assert heard == [400]
