"""W5: what a session was allowed to do ends with it, however far a call has got.

Hashing a password takes a while, and so does a page of the application between its check and what
it then does. Whoever takes an account back in between is not overtaken by a thief who was already
let in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, NEW_PASSWORD, OLD_PASSWORD, Site, Slow, site_options
from tests.core.conftest import MakeAuth
from tests.support.browser import Browser, Clock
from watchword import (
    APIError,
    Checked,
    SetPassword,
    UpdateUser,
)
from watchword.runtime.blocking import finish
from watchword.storage.memory import MemoryStorage

GRACE, THIEVES = "grace@example.com", "thieves-1234"


@pytest.fixture(params=["sqlite", "sqlite-async", "postgres", "mysql", "redis"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return site_options(request)


@pytest.fixture
def hasher() -> Slow:
    return Slow()


@pytest.fixture
def site(make_auth: MakeAuth, options: dict[str, Any], hasher: Slow) -> Site:
    site = Site(make_auth, **hasher.options(), **options)
    assert site.browser().sign_up(ADA).status == 200
    return site


def revoke_it(owner: Browser, thief: Browser) -> None:
    token = thief.session()["session"]["token"]
    assert owner.post("/revoke-session", {"token": token}).status == 200


def revoke_the_others(owner: Browser, thief: Browser) -> None:
    assert owner.post("/revoke-other-sessions").status == 200


def sign_it_out(owner: Browser, thief: Browser) -> None:
    left_open = Browser(thief.auth, thief.kind)
    left_open.jar = dict(thief.jar)
    assert left_open.post("/sign-out").status == 200


ENDED = [revoke_it, revoke_the_others, sign_it_out]


@pytest.mark.parametrize("end", ENDED)
@pytest.mark.parametrize("revoke", [False, True])
def test_w5_a_session_that_ends_while_a_password_is_hashed_changes_none(
    site: Site, hasher: Slow, end: Callable[[Browser, Browser], None], revoke: bool
) -> None:
    """Also for a thief who knows the password: he would lock its owner out for good."""
    owner, thief = site.signed_in(), site.signed_in()
    hasher.meanwhile.append(lambda: end(owner, thief))
    body = {
        "currentPassword": OLD_PASSWORD,
        "newPassword": THIEVES,
        "revokeOtherSessions": revoke,
    }
    answer = thief.post("/change-password", body)
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.cookies == ()
    assert site.address(THIEVES) is None
    assert site.address(OLD_PASSWORD) == ADA


def test_w5_a_session_that_ends_while_a_password_is_hashed_sets_no_first_one(
    site: Site, hasher: Slow
) -> None:
    owner, thief = by_link(site), by_link(site)
    hasher.meanwhile.append(lambda: revoke_the_others(owner, thief))
    with pytest.raises(APIError) as refused:
        site.auth.blocking.api.set_password(
            SetPassword(new_password=THIEVES), headers=cookies(thief)
        )
    assert refused.value.code == "UNAUTHORIZED"
    site.auth.blocking.api.set_password(
        SetPassword(new_password=NEW_PASSWORD), headers=cookies(owner)
    )
    assert site.browser().sign_in(GRACE, password=NEW_PASSWORD).status == 200


def test_a_password_that_is_changed_in_two_sessions_at_once_is_changed_once(
    site: Site, hasher: Slow
) -> None:
    """The loser hears of the password, not of its session, which is well."""
    one, other = site.signed_in(), site.signed_in()
    body = {"currentPassword": OLD_PASSWORD, "newPassword": NEW_PASSWORD}
    hasher.meanwhile.append(lambda: other.post("/change-password", body))
    answer = one.post("/change-password", {**body, "newPassword": "third-12345"})
    assert (answer.status, answer.code) == (400, "INVALID_PASSWORD")
    assert one.session()["user"]["email"] == ADA
    assert site.address(NEW_PASSWORD) == ADA


def test_a_session_that_its_list_has_lost_may_change_the_password(
    make_auth: MakeAuth, clock: Clock
) -> None:
    """Servers of the reference change lists in two steps, and lose what others do meanwhile."""
    storage = MemoryStorage(clock)
    site = Site(make_auth, secondary_storage=storage)
    ada = site.browser()
    user_id = ada.sign_up(ADA).json["user"]["id"]
    finish(storage.blocking().delete(f"active-sessions-{user_id}"))
    body = {"currentPassword": OLD_PASSWORD, "newPassword": NEW_PASSWORD}
    assert ada.post("/change-password", body).status == 200


# the answer of `auth.check`, kept for later


def test_w5_an_answer_that_is_kept_acts_for_nobody_once_the_session_is_over(site: Site) -> None:
    """A web socket may hold one for hours."""
    owner, thief = site.signed_in(), site.signed_in()
    checked: Checked[Any] = site.auth.blocking.check(cookies(thief))
    revoke_the_others(owner, thief)
    with pytest.raises(APIError) as refused:
        site.auth.blocking.api.update_user(UpdateUser(name="Mallory"), checked=checked)
    assert refused.value.code == "UNAUTHORIZED"
    assert owner.session()["user"]["name"] == "Ada"


def test_an_answer_that_is_kept_acts_for_who_was_found_while_the_session_lives(site: Site) -> None:
    owner = site.signed_in()
    checked = site.auth.blocking.check(cookies(owner))
    site.auth.blocking.api.update_user(UpdateUser(name="Lovelace"), checked=checked)
    assert owner.session()["user"]["name"] == "Lovelace"


def test_an_answer_of_one_server_says_nothing_to_another(
    make_auth: MakeAuth, tmp_path: Path
) -> None:
    ada = Browser(make_auth())
    ada.sign_up(ADA)
    checked = ada.auth.blocking.check(cookies(ada))
    other = make_auth(database=f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(RuntimeError, match="another Auth"):
        other.blocking.api.list_user_accounts(checked=checked)


def cookies(browser: Browser) -> dict[str, str]:
    pairs = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    return {"cookie": pairs, "host": "localhost:3000"}


def by_link(site: Site) -> Browser:
    """Somebody without a password."""
    browser = site.browser()
    token = site.mail(browser, "/sign-in/magic-link", {"email": GRACE}).token
    assert browser.get("/magic-link/verify", {"token": token}).status == 200
    return browser
