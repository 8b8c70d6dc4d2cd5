"""Ways around rate limits, disabled paths and the configured host; checks that cannot be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Browser, Clock, handle
from watchword import (
    Advanced,
    Call,
    CookieCache,
    DynamicBaseURL,
    Headers,
    Mail,
    PasswordReset,
    Plugin,
    RateLimit,
    RateLimitRule,
    Request,
    SessionOptions,
)
from watchword.plugin import on_request
from watchword.storage.memory import MemoryStorage


def resetting(outbox: list[Mail]) -> PasswordReset:
    return PasswordReset(send_reset_password=lambda mail, request: outbox.append(mail))


@pytest.mark.parametrize(
    "spelling",
    [
        {"method": "HEAD"},
        {"method": "POST"},
        {"headers": {"user_agent": "another"}},
        {"headers": {"cookie": "better-auth.session_token=x.y"}},
        {"headers": {"x_real_ip": "192.0.2.99"}},
        {"headers": {"forwarded": "for=192.0.2.99"}},
        {"headers": {"cf_connecting_ip": "192.0.2.99"}},
        {"headers": {"x_client_ip": "192.0.2.99", "true_client_ip": "192.0.2.99"}},
        {"headers": {"x_forwarded_for": "::ffff:192.0.2.1"}},
        {"headers": {"x_forwarded_for": " 192.0.2.1 "}},
        {"query": {"a": "1"}},
    ],
    ids=str,
)
def test_l2_no_other_request_opens_a_new_bucket(
    make_auth: MakeAuth, spelling: dict[str, Any]
) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=1)))
    here: dict[str, Any] = {"x_forwarded_for": "192.0.2.1"}
    assert browser.get("/ok", **here).status == 200
    headers = {**here, **spelling.get("headers", {})}
    method, query = spelling.get("method", "GET"), spelling.get("query")
    assert browser.send(method, "/ok", query=query, headers=headers).status == 429


@pytest.mark.parametrize("path", ["//ok", "/ok//", "/./ok", "/x/../ok", "/%6fk", "/OK", "/ok;x"])
def test_p1_other_spellings_reach_neither_an_endpoint_nor_a_bucket_of_their_own(
    make_auth: MakeAuth, path: str
) -> None:
    lenient = Advanced(skip_trailing_slashes=True)
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=1), advanced=lenient))
    assert browser.get("/ok").status == 200
    assert browser.get(path).status in (404, 429)


def test_p1_a_trailing_slash_is_the_same_path_for_limits_and_disabled_paths(
    make_auth: MakeAuth,
) -> None:
    lenient = Advanced(skip_trailing_slashes=True)
    limited = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=1), advanced=lenient))
    assert [limited.get(path).status for path in ("/ok/", "/ok", "/ok/")] == [200, 429, 429]
    closed = Browser(make_auth(disabled_paths=["/ok"], advanced=lenient))
    assert [closed.get(path).status for path in ("/ok/", "/ok", "/ok//")] == [404, 404, 404]


@dataclass(frozen=True, kw_only=True)
class Counting(Plugin):
    """Counts the requests that reach plugins."""

    id: ClassVar[str] = "counting"
    seen: list[str]

    @on_request()
    async def note(self, call: Call) -> None:
        self.seen.append(call.path)


class Unread:
    """A body that must not be read."""

    async def read(self, limit: int) -> bytes:
        raise AssertionError("read")


def test_l3_a_refused_request_reaches_no_plugin_and_its_body_is_not_read(
    make_auth: MakeAuth, kind: str
) -> None:
    seen: list[str] = []
    limit = RateLimit(enabled=True, custom_rules={"/sign-in/*": RateLimitRule(max=1)})
    auth = make_auth(rate_limit=limit, plugins=[Counting(seen=seen)])
    assert Browser(auth, kind).sign_in().status == 401
    request = Request(
        method="POST",
        path="/api/auth/sign-in/email",
        host="localhost:3000",
        client="203.0.113.7",
        headers=Headers.of({"content-type": "application/json", "origin": ORIGIN}),
        body=Unread(),
    )
    answer = handle(auth, request, kind)
    assert answer.status == 429
    assert (answer.header("x-retry-after") or "").isdecimal()
    assert seen == ["/sign-in/email"]


def test_l4_refused_requests_do_not_lengthen_a_window_of_the_secondary_storage(
    make_auth: MakeAuth, clock: Clock
) -> None:
    limit = RateLimit(enabled=True, window=10, max=2)
    browser = Browser(make_auth(rate_limit=limit, secondary_storage=MemoryStorage(clock)))
    statuses: list[int] = []
    for _ in range(5):
        statuses.append(browser.get("/ok").status)
        clock.forward(2.5)
    assert statuses == [200, 200, 429, 429, 200]


FORGED = {
    "host": "evil.example",
    "x_forwarded_host": "evil.example",
    "x_forwarded_proto": "https",
    "x_forwarded_port": "1",
    "x_original_url": "/evil",
    "x_rewrite_url": "/evil",
    "forwarded": "host=evil.example;proto=https",
    "x_host": "evil.example",
}


def test_h1_no_header_changes_a_mailed_link_or_the_name_of_a_cookie(
    make_auth: MakeAuth, kind: str
) -> None:
    outbox: list[Mail] = []
    browser = Browser(make_auth(password_reset=resetting(outbox)), kind)
    browser.sign_up()
    body = {"email": "ada@example.com", "password": "password1234"}
    answer = browser.post("/sign-in/email", body, **FORGED)
    assert answer.status == 200
    assert all(line.startswith("better-auth.") for line in answer.cookies)
    assert not any("Domain" in line or "Secure" in line for line in answer.cookies)
    for name, text in FORGED.items():
        browser.post("/request-password-reset", {"email": "ada@example.com"}, **{name: text})
    browser.auth.blocking.close()
    assert len(outbox) == len(FORGED)
    assert all(mail.url.startswith(f"{ORIGIN}/api/auth/reset-password/") for mail in outbox)
    assert all("evil" not in mail.url for mail in outbox)


def test_h2_a_dynamic_base_url_remembers_nothing_of_an_earlier_request(
    make_auth: MakeAuth,
) -> None:
    outbox: list[Mail] = []
    dynamic = DynamicBaseURL(allowed_hosts=["*.app.example"], protocol="https")
    auth = make_auth(base_url=dynamic, password_reset=resetting(outbox))

    def ask(host: str, **headers: str) -> None:
        origin = f"https://{host}"
        browser = Browser(auth, origin=origin)
        browser.post("/request-password-reset", {"email": "a@app.example"}, host=host, **headers)
        auth.blocking.close()

    Browser(auth, origin="https://a.app.example").post(
        "/sign-up/email",
        {"name": "A", "email": "a@app.example", "password": "password1234"},
        host="a.app.example",
    )
    hosts = ["a.app.example", "b.app.example", "a.app.example"]
    for host in hosts:
        ask(host)
    ask("evil.example")
    ask("b.app.example", x_forwarded_host="a.app.example", x_forwarded_proto="javascript")
    found = [mail.url.partition("/api/")[0] for mail in outbox]
    assert found == [f"https://{host}" for host in (*hosts, "b.app.example")]


def fails(*args: Any) -> Any:
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    "options",
    [
        {"trusted_origins": fails},
        {"rate_limit": RateLimit(enabled=True, custom_rules={"/*": fails})},
        {"rate_limit": RateLimit(enabled=True, consume=fails)},
    ],
    ids=["trusted_origins", "custom_rules", "consume"],
)
def test_g2_a_check_that_breaks_lets_nothing_through(
    make_auth: MakeAuth, kind: str, options: dict[str, Any]
) -> None:
    browser = Browser(make_auth(), kind)
    browser.sign_up()
    broken = Browser(make_auth(**options), kind, origin="https://elsewhere.example")
    broken.jar = dict(browser.jar)
    answer = broken.post("/update-user", {"name": "Eve"})
    assert (answer.status, answer.cookies) == (500, ())
    assert browser.session()["user"]["name"] == "Ada"


def test_g2_a_clock_or_a_cache_that_breaks_signs_nobody_in(make_auth: MakeAuth, kind: str) -> None:
    cache = SessionOptions(cookie_cache=CookieCache())
    browser = Browser(make_auth(session=cache), kind)
    browser.sign_up()
    stopped = Browser(make_auth(session=cache, clock=fails), kind)
    unversioned = SessionOptions(cookie_cache=CookieCache(version=fails))
    for broken in (stopped, Browser(make_auth(session=unversioned), kind)):
        broken.jar = dict(browser.jar)
        answer = broken.get("/get-session")
        assert (answer.status, answer.response.body) == (500, b"")
