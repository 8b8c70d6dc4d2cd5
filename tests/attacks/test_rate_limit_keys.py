"""W10: a limit is counted under the path that an endpoint declares, never under what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.databases import mysql_database, postgres_database
from tests.support.plugins import every_plugin
from watchword import Auth, PasswordReset, RateLimit, RateLimitRule
from watchword.configuration.options import CustomRule
from watchword.plugin import Plugin, RateRule
from watchword.records import RateLimitCounter


class Keys:
    """The application's own counters; notes keys and rules, and refuses nothing."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def __call__(self, key: str, rule: RateLimitRule) -> None:
        self.seen.append((key, rule.max))

    @property
    def keys(self) -> set[str]:
        return {key for key, _ in self.seen}


@pytest.fixture
def keys() -> Keys:
    return Keys()


def limited(keys: Keys, **rules: CustomRule) -> RateLimit:
    return RateLimit(enabled=True, consume=keys, custom_rules=rules)


def test_w10_a_token_in_a_path_is_in_no_key_and_opens_no_bucket(
    make_auth: MakeAuth, keys: Keys, kind: str
) -> None:
    browser = Browser(make_auth(rate_limit=limited(keys)), kind)
    for token in ("first-secret-token", "second-secret-token"):
        assert browser.get(f"/reset-password/{token}", {"callbackURL": "/"}).status == 302
    assert keys.keys == {"203.0.113.7|/reset-password/:token"}


def test_w10_the_tokens_of_one_client_share_a_window(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=3)), kind)
    statuses = [
        browser.get(f"/reset-password/{number}", {"callbackURL": "/"}).status for number in range(5)
    ]
    assert statuses == [302, 302, 302, 429, 429]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_w10_made_up_paths_share_one_key(
    make_auth: MakeAuth, keys: Keys, kind: str, method: str
) -> None:
    browser = Browser(make_auth(rate_limit=limited(keys)), kind)
    for path in ("/nothing", "/sign-in/nothing", "/ok/ok", "//ok", "/reset-password/a/b", "/%6Fk"):
        assert browser.send(method, path).status == 404
    assert keys.keys == {"203.0.113.7|unknown"}


def test_w10_a_path_has_one_key_whatever_the_method_or_the_slash_at_its_end(
    make_auth: MakeAuth, keys: Keys, kind: str
) -> None:
    browser = Browser(make_auth(rate_limit=limited(keys)), kind)
    for method, path in (("GET", "/ok"), ("POST", "/ok"), ("GET", "/ok/"), ("GET", "/ok//")):
        browser.send(method, path)
    assert keys.keys == {"203.0.113.7|/ok"}


def test_w10_rules_go_on_seeing_the_path_of_the_request(
    make_auth: MakeAuth, keys: Keys, kind: str
) -> None:
    rules: dict[str, Any] = {
        "/reset-password/*": RateLimitRule(max=1),
        "/sign-*/email": RateLimitRule(max=2),
        "/ok": False,
    }
    browser = Browser(make_auth(rate_limit=limited(keys, **rules)), kind)
    browser.get("/reset-password/x", {"callbackURL": "/"})
    browser.sign_in()
    browser.get("/ok")
    browser.get("/error")
    browser.post("/change-password", {})
    assert keys.seen == [
        ("203.0.113.7|/reset-password/:token", 1),
        ("203.0.113.7|/sign-in/email", 2),
        ("203.0.113.7|/error", 100),
        ("203.0.113.7|/change-password", 3),
    ]


def test_w10_the_first_rule_of_a_plugin_that_matches_wins(
    make_auth: MakeAuth, keys: Keys, kind: str
) -> None:
    class Limits(Plugin):
        def rate_rules(self) -> list[RateRule]:
            return [
                RateRule("/reset-*/*", RateLimitRule(max=5)),
                RateRule("/reset-password/*", RateLimitRule(max=6)),
            ]

    browser = Browser(make_auth(rate_limit=limited(keys), plugins=[Limits()]), kind)
    browser.get("/reset-password/x", {"callbackURL": "/"})
    assert keys.seen == [("203.0.113.7|/reset-password/:token", 5)]


def test_w10_no_key_holds_what_was_sent(make_auth: MakeAuth, keys: Keys, kind: str) -> None:
    """Whatever is counted, and wherever: secrets and addresses are not in the keys."""
    auth = make_auth(
        rate_limit=limited(keys),
        plugins=every_plugin(),
        password_reset=PasswordReset(send_reset_password=print),
    )
    browser = Browser(auth, kind)
    secret = "canary-of-what-was-sent"
    fields = ("token", "otp", "email", "newEmail", "password", "callbackURL", "type")
    for endpoint in auth.endpoints.values():
        path = endpoint.path.replace(":token", secret)
        browser.get(path, dict.fromkeys(fields, secret))
        browser.post(path, dict.fromkeys(fields, secret))
    assert len(keys.seen) > 30
    assert not [key for key in keys.keys if secret in key]


def stored_keys(auth: Auth[Any]) -> list[str]:
    engine = auth.blocking.runtime.engine
    try:
        engine.find_many(RateLimitCounter.__model__, (), limit=None).send(None)
    except StopIteration as finished:
        return sorted(row["key"] for row in finished.value)
    raise AssertionError("a blocking engine does not suspend")


@pytest.mark.parametrize("database", ["sqlite", "postgresql", "mariadb"])
def test_w10_there_is_no_row_per_made_up_path(make_auth: MakeAuth, database: str) -> None:
    def visit(**options: Any) -> list[str]:
        auth = make_auth(rate_limit=RateLimit(enabled=True, storage="database"), **options)
        browser = Browser(auth)
        for number in range(20):
            browser.get(f"/made-up/{number}")
            browser.get(f"/reset-password/{number}", {"callbackURL": "/"})
        found = stored_keys(auth)
        auth.blocking.close()
        return found

    if database == "sqlite":
        found = visit()
    else:
        with (postgres_database if database == "postgresql" else mysql_database)() as url:
            found = visit(database=url)
    assert found == ["203.0.113.7|/reset-password/:token", "203.0.113.7|unknown"]


def test_w10_no_path_makes_a_pattern_take_long(make_auth: MakeAuth, keys: Keys) -> None:
    """With backtracking, ten wildcards would not come to an end."""
    pattern = "/s*i*g*n*-*i*n*/*e*m*a*i*l"
    auth = make_auth(rate_limit=limited(keys, **{pattern: RateLimitRule(max=1)}))
    browser = Browser(auth)
    browser.sign_in()
    assert browser.get("/s" + "ign-in/emai" * 180).status == 404
    assert keys.seen == [("203.0.113.7|/sign-in/email", 1), ("203.0.113.7|unknown", 3)]
