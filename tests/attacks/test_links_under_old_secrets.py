"""W14: mailed links outlive a planned exchange of secrets, as sessions do, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.attacks.mailing_site import ADA, NEW, OLD_PASSWORD, Site
from tests.core.conftest import MakeAuth
from tests.support.browser import SECRET, Clock
from watchword import VersionedSecret

NEWER = SECRET[::-1]
UNTIL = datetime(2030, 1, 5, tzinfo=UTC)
PLANNED = (VersionedSecret(2, NEWER), VersionedSecret(1, SECRET, accept_until=UNTIL))
LEAKED = (VersionedSecret(2, NEWER), VersionedSecret(1, SECRET))
LONG: dict[str, Any] = {"expires_in": 30 * 86_400}

ASKED = [("/send-verification-email", {"email": ADA}), ("/change-email", {"newEmail": NEW})]


def asked(make_auth: MakeAuth, kind: str, path: str, body: dict[str, str]) -> tuple[Site, str]:
    """A site, and the token of a link that was mailed."""
    site = Site(make_auth, kind, verification=LONG)
    site.browser().sign_up(ADA)
    return site, site.mail(site.signed_in(), path, body).token


def exchanged(make_auth: MakeAuth, kind: str, secrets: Any) -> Site:
    return Site(make_auth, kind, verification=LONG, secret=None, secrets=secrets)


@pytest.mark.parametrize(("path", "body"), ASKED)
def test_w14_a_link_is_good_after_a_planned_exchange_and_until_it_ends(
    make_auth: MakeAuth, kind: str, clock: Clock, path: str, body: dict[str, str]
) -> None:
    _, token = asked(make_auth, kind, path, body)
    site = exchanged(make_auth, kind, PLANNED)
    clock.forward((UNTIL - clock()).total_seconds() - 1)
    link = {"token": token}
    assert site.browser().get("/verify-email", link).status == 200
    clock.forward(1)
    answer = site.browser().get("/verify-email", link)
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(("path", "body"), ASKED)
def test_w14_a_link_under_a_secret_that_leaked_is_void(
    make_auth: MakeAuth, kind: str, path: str, body: dict[str, str]
) -> None:
    _, token = asked(make_auth, kind, path, body)
    site = exchanged(make_auth, kind, LEAKED)
    answer = site.browser().get("/verify-email", {"token": token})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert site.address(OLD_PASSWORD) == ADA


def test_a_link_that_has_expired_says_so_under_any_accepted_secret(
    make_auth: MakeAuth, kind: str, clock: Clock
) -> None:
    site = Site(make_auth, kind)
    site.browser().sign_up(ADA)
    token = site.mail(site.browser(), "/send-verification-email", {"email": ADA}).token
    clock.forward(3600)
    after = exchanged(make_auth, kind, PLANNED)
    assert after.browser().get("/verify-email", {"token": token}).code == "TOKEN_EXPIRED"
