"""The pipeline: routing, bodies, origins, limits, hooks, errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import ORIGIN, Answer, Browser, Clock, handle
from watchword import (
    Advanced,
    APIError,
    BodyTooLarge,
    Call,
    Change,
    ConfigurationError,
    DynamicBaseURL,
    Headers,
    Hooks,
    IPAddressOptions,
    OnAPIError,
    Plugin,
    RateLimit,
    RateLimitRule,
    Request,
    Response,
)
from watchword.endpoint import get, post
from watchword.plugin import after, before, on_request, on_response

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "//ok",
        "/ok/",
        "/ok//",
        "/OK",
        "/%6Fk",
        "/ok%00",
        "/ok;x",
        "/ok.",
        "/./ok",
        "/x/../ok",
        "/nope",
        "/__proto__",
        "/constructor",
        "/ok\n",
    ],
)
def test_p1_other_spellings_of_a_path_are_unknown(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.response == Response(404)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_o9_other_methods_are_unknown(browser: Browser, method: str) -> None:
    assert browser.send(method, "/sign-in/email").response == Response(404)


def test_p2_the_base_path_ends_at_a_segment(make_auth: MakeAuth) -> None:
    auth = make_auth()
    for path in ("/api/authx/ok", "/api/auth", "/api/auth/", "/ok", "/", "", "x"):
        request = Request(method="GET", path=path, host="localhost:3000")
        assert handle(auth, request) == Response(404)


def test_trailing_slashes_can_be_allowed(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(advanced=Advanced(skip_trailing_slashes=True)))
    assert browser.get("/ok/").status == 200
    assert browser.get("/ok//").status == 404


def test_disabled_paths_are_not_found(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(disabled_paths=["/ok"]))
    for path in ("/ok", "/ok/"):
        answer = browser.get(path)
        assert (answer.status, answer.response.body) == (404, b"Not Found")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "multipart/form-data", "text/plain; application/json", "", "application/x"],
)
def test_o8_only_json_bodies_are_read(browser: Browser, kind: str) -> None:
    answer = browser.send("POST", "/sign-out", data=b"{}", headers={"content-type": kind})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"{}x",
        b"{} {}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\ud800"}',
        b"[" * 100 + b"]" * 100,
        b"\xff\xfe{}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b"\x00",
    ],
)
def test_i2_what_is_not_json_is_400(browser: Browser, data: bytes) -> None:
    answer = browser.send("POST", "/sign-in/email", data=data, headers=JSON)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_i2_the_last_of_duplicate_keys_wins_and_a_bom_is_skipped(browser: Browser) -> None:
    browser.sign_up()
    data = b'\xef\xbb\xbf{"email":"x","password":"password1234","email":"ada@example.com"}'
    assert browser.send("POST", "/sign-in/email", data=data, headers=JSON).status == 200


class CountingBody:
    """A body without end that says how much of it was pulled."""

    pulled = 0

    async def read(self, limit: int) -> bytes:
        while self.pulled <= limit:
            self.pulled += 65_536
        raise BodyTooLarge


def test_p5_long_bodies_are_413_and_not_read_to_the_end(make_auth: MakeAuth, kind: str) -> None:
    body = CountingBody()
    request = Request(
        method="POST",
        path="/api/auth/sign-in/email",
        host="localhost:3000",
        headers=Headers.of({"content-type": "application/json", "origin": ORIGIN}),
        body=body,
    )
    answer = Answer(handle(make_auth(), request, kind))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")
    assert body.pulled < 2 * 1_048_576


def test_p5_a_declared_length_above_the_limit_is_refused_unread(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(advanced=Advanced(body_limit=100)))
    answer = browser.post("/sign-in/email", {"email": "x" * 200, "password": "x"})
    assert answer.status == 413
    answer = browser.send("POST", "/sign-out", headers={"content-length": "101"})
    assert answer.status == 413


def test_an_unknown_path_leaves_the_body_unread(make_auth: MakeAuth) -> None:
    body = CountingBody()
    request = Request(method="POST", path="/api/auth/nope", host="localhost:3000", body=body)
    assert handle(make_auth(), request).status == 404
    assert body.pulled == 0


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3001",
        "https://localhost:3000",
        "http://localhost.evil.com:3000",
        "http://evillocalhost:3000",
        "http://localhost:3000@evil.com",
        "http://evil.com/http://localhost:3000",
        "http://evil.com?http://localhost:3000",
        "http://evil.com#http://localhost:3000",
        "http://localhost.:3000",
        "http://localhost:3000, http://evil.com",
        "http://localhost:3000 http://evil.com",
        "http://evil.com, http://localhost:3000",
    ],
)
def test_o1_o2_o5_foreign_origins_are_refused(browser: Browser, origin: str) -> None:
    browser.sign_up()
    answer = browser.post("/sign-out", {}, origin=origin)
    assert (answer.status, answer.code) == (403, "INVALID_ORIGIN")
    assert browser.session() is not None


@pytest.mark.parametrize("origin", ["", "null"])
def test_o1_requests_with_cookies_must_say_where_they_come_from(
    browser: Browser, origin: str
) -> None:
    browser.sign_up()
    answer = browser.post("/sign-out", {}, origin=origin)
    assert (answer.status, answer.code) == (403, "MISSING_OR_NULL_ORIGIN")


def test_o1_a_referer_stands_in_for_the_origin(browser: Browser) -> None:
    browser.sign_up()
    assert browser.post("/sign-out", {}, origin="", referer="http://evil.com/").status == 403
    assert browser.post("/sign-out", {}, origin="", referer=f"{ORIGIN}/page").status == 200


def test_o6_another_site_cannot_sign_a_browser_in(browser: Browser) -> None:
    browser.sign_up()
    browser.jar.clear()
    body = {"email": "ada@example.com", "password": "password1234"}
    fetch = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    blocked = browser.post("/sign-in/email", body, **fetch)
    assert blocked.code == "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"
    assert browser.post("/sign-in/email", body, origin="http://evil.com").status == 403
    assert browser.post("/sign-in/email", body, origin="").status == 200


def test_trusted_origins_may_depend_on_the_request(make_auth: MakeAuth, kind: str) -> None:
    async def trusted(request: Request | None) -> list[str]:
        return [f"https://{request.headers.get('x-tenant')}.example"] if request else []

    browser = Browser(make_auth(trusted_origins=trusted), kind)
    browser.sign_up()
    assert browser.post("/sign-out", {}, origin="https://a.example", x_tenant="b").status == 403
    assert browser.post("/sign-out", {}, origin="https://a.example", x_tenant="a").status == 200


@pytest.mark.parametrize("forged", ["evil.com", "localhost:3000.evil.com", "", "a b", "é"])
def test_h1_a_configured_base_url_ignores_the_request(browser: Browser, forged: str) -> None:
    browser.sign_up()
    evil = {"host": forged, "x_forwarded_host": forged, "x_forwarded_proto": "https"}
    answer = browser.post("/sign-out", {}, origin=f"https://{forged}", **evil)
    assert answer.status == 403


def test_h2_a_dynamic_base_url_takes_allowed_hosts_only(make_auth: MakeAuth) -> None:
    dynamic = DynamicBaseURL(allowed_hosts=["localhost:3000", "*.app.example"])
    auth = make_auth(base_url=dynamic)
    for host, status in (("localhost:3000", 200), ("evil.com", 400), ("a.app.example", 200)):
        request = Request(
            method="GET", path="/api/auth/ok", host=host, headers=Headers.of({"host": host})
        )
        assert handle(auth, request).status == status
    spoofed = Headers.of({"host": "evil.com", "x-forwarded-host": "localhost:3000"})
    request = Request(method="GET", path="/api/auth/ok", host="evil.com", headers=spoofed)
    assert handle(auth, request).status == 400


def test_a_foreign_host_is_nobody_for_the_applications_own_routes(make_auth: MakeAuth) -> None:
    auth = make_auth(base_url=DynamicBaseURL(allowed_hosts=["localhost:3000"]))
    checked = auth.blocking.check({"host": "evil.com", "cookie": "a=b"})
    assert (checked.session, checked.cookies) == (None, ())


def test_without_a_base_url_the_host_of_the_request_is_the_site(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(base_url=None))
    browser.sign_up()
    assert browser.post("/sign-out", {}).status == 200
    request = Request(method="GET", path="/api/auth/ok", host="")
    assert handle(browser.auth, request).status == 400


def test_l1_a_burst_gets_exactly_the_allowed_number_through(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, window=10, max=5)))
    assert [browser.get("/ok").status for _ in range(8)] == [200] * 5 + [429] * 3


def test_l2_l3_a_refusal_says_how_long_to_wait(make_auth: MakeAuth, clock: Clock) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True)))
    for _ in range(3):
        assert browser.sign_in().status == 401
    clock.forward(4)
    answer = browser.sign_in()
    assert answer.status == 429
    assert answer.header("x-retry-after") == "6"
    assert answer.header("content-type") == "application/json"
    assert "message" in answer.json
    assert browser.get("/ok").status == 200
    clock.forward(6)
    assert browser.sign_in().status == 401


def test_l2_neither_query_nor_ipv6_neighbours_open_a_new_bucket(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=2)))
    spellings = ["2001:db8::1", "2001:0DB8:0:0::2", "2001:db8::ffff:3"]
    statuses = [
        browser.get("/ok", {"n": number}, x_forwarded_for=ip).status
        for number, ip in enumerate(spellings)
    ]
    assert statuses == [200, 200, 429]


def test_h3_a_client_cannot_choose_its_bucket_by_a_list(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=2)))
    lists = [f"10.0.0.{n}, 10.1.1.1" for n in range(3)]
    assert [browser.get("/ok", x_forwarded_for=ips).status for ips in lists] == [200, 200, 429]


def test_h4_the_peer_may_be_the_client(make_auth: MakeAuth) -> None:
    advanced = Advanced(ip_address=IPAddressOptions(headers=(), use_peer=True))
    browser = Browser(make_auth(advanced=advanced))
    browser.sign_up()
    assert browser.session()["session"]["ipAddress"] == "203.0.113.7"


def test_custom_rules(make_auth: MakeAuth, kind: str) -> None:
    async def vip(request: Request, rule: RateLimitRule) -> RateLimitRule:
        return RateLimitRule(max=9) if request.headers.get("x-vip") else RateLimitRule(max=1)

    rules: dict[str, Any] = {"/ok": False, "/err*": RateLimitRule(max=1), "/get-session": vip}
    browser = Browser(make_auth(rate_limit=RateLimit(enabled=True, max=2, custom_rules=rules)))
    assert {browser.get("/ok").status for _ in range(9)} == {200}
    assert [browser.get("/error").status for _ in range(2)] == [200, 429]
    assert [browser.get("/get-session").status for _ in range(2)] == [200, 429]
    assert browser.get("/get-session", x_vip="1").status == 200


class Echo(msgspec.Struct):
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Parrot(Plugin):
    """A plugin with everything that a plugin may have."""

    id: ClassVar[str] = "parrot"

    @post("/parrot/echo")
    async def echo(self, call: Call, body: Echo) -> Echo:
        """Says it again."""
        if body.text == "fail":
            raise APIError(418, "TEAPOT", "short and stout")
        if body.text == "crash":
            raise RuntimeError("secret-in-exception")
        return body

    @get("/parrot/:name/say")
    async def say(self, call: Call) -> dict[str, str]:
        """Says its name."""
        return dict(call.params)

    @get("/parrot/hidden", server_only=True)
    async def hidden(self, call: Call) -> Echo:
        """Not for browsers."""
        return Echo(text="hidden")

    @before("/parrot/echo")
    async def change(self, call: Call) -> object:
        text = call.fields.get("text")
        if text == "refuse":
            raise APIError(403, "REFUSED")
        if text == "short":
            return {"short": "circuit"}
        return Change(body={"text": "changed"}) if text == "change" else None

    @after("/parrot/echo")
    async def decorate(self, call: Call) -> object:
        call.set_header("x-parrot", "\r\nset-cookie: evil=1é")
        error = call.raised()
        return {"replaced": error.code} if error else None

    @on_request()
    async def early(self, call: Call) -> object:
        return Response(204) if call.headers.get("x-early") else None

    @on_response()
    async def late(self, call: Call) -> object:
        assert call.outgoing is not None
        found = call.outgoing
        return found.with_headers(("x-late", "1")) if call.headers.get("x-late") else None


@dataclass(frozen=True, kw_only=True)
class Greeter(Plugin):
    id: ClassVar[str] = "greeter"

    @after(new_session=True)
    async def greet(self, call: Call) -> None:
        call.set_header("x-greeted", "yes")

    @after(sets_cookies=True)
    async def count(self, call: Call) -> None:
        call.set_header("x-counted", "yes")


@pytest.fixture
def parrot(make_auth: MakeAuth, kind: str) -> Browser:
    return Browser(make_auth(plugins=[Parrot()]), kind)


def test_plugin_endpoints_hooks_and_stages(parrot: Browser) -> None:
    assert parrot.post("/parrot/echo", {"text": "hi"}).json == {"text": "hi"}
    assert parrot.post("/parrot/echo", {"text": "change"}).json == {"text": "changed"}
    assert parrot.post("/parrot/echo", {"text": "short"}).json == {"short": "circuit"}
    assert parrot.post("/parrot/echo", {"text": "refuse"}).code == "REFUSED"
    assert parrot.get("/parrot/a%2Fb/say").json == {"name": "a%2Fb"}
    assert parrot.get("/parrot/hidden").status == 404
    assert parrot.get("/ok", x_early="1").status == 204
    assert parrot.get("/nope", x_late="1").header("x-late") == "1"


def test_a_replaced_error_keeps_its_status(parrot: Browser) -> None:
    answer = parrot.post("/parrot/echo", {"text": "fail"})
    assert (answer.status, answer.json) == (418, {"replaced": "TEAPOT"})


def test_a_hook_for_new_sessions_runs_for_no_other_call(make_auth: MakeAuth, kind: str) -> None:
    browser = Browser(make_auth(plugins=[Greeter()]), kind)
    assert browser.sign_up().header("x-greeted") == "yes"
    assert browser.get("/get-session").header("x-greeted") is None
    assert browser.post("/sign-out", {}).header("x-greeted") is None


def test_a_hook_for_cookies_runs_where_one_is_set_or_deleted(
    make_auth: MakeAuth, kind: str
) -> None:
    browser = Browser(make_auth(plugins=[Greeter()]), kind)
    assert browser.sign_up().header("x-counted") == "yes"
    assert browser.get("/get-session").header("x-counted") is None
    assert browser.post("/sign-in/email", {}).header("x-counted") is None
    assert browser.post("/sign-out", {}).header("x-counted") == "yes"


def test_r4_header_values_cannot_break_out(parrot: Browser) -> None:
    answer = parrot.post("/parrot/echo", {"text": "hi"})
    assert answer.header("x-parrot") == "set-cookie: evil=1%C3%A9"
    assert answer.cookies == ()


def test_g3_an_unforeseen_exception_is_an_empty_500_and_a_log_line(
    parrot: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    answer = parrot.post("/parrot/echo", {"text": "crash"})
    assert answer.response == Response(500)
    assert "request failed" in caplog.text


def test_errors_can_be_observed_replaced_and_reraised(make_auth: MakeAuth, kind: str) -> None:
    seen: list[Exception] = []

    def on_error(error: Exception, call: Call) -> None:
        seen.append(error)
        if isinstance(error, RuntimeError):
            raise APIError(503, "LATER")

    options = OnAPIError(on_error=on_error)
    browser = Browser(make_auth(plugins=[Parrot()], on_api_error=options), kind)
    assert browser.post("/parrot/echo", {"text": "crash"}).code == "LATER"
    assert len(seen) == 1
    raising = Browser(make_auth(plugins=[Parrot()], on_api_error=OnAPIError(reraise=True)), kind)
    with pytest.raises(RuntimeError):
        raising.post("/parrot/echo", {"text": "crash"})


def test_whoever_cannot_be_told_of_an_error_makes_no_other_one(
    make_auth: MakeAuth, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def on_error(error: Exception, call: Call) -> None:
        raise ConnectionError("the collector is away")

    options = OnAPIError(on_error=on_error)
    browser = Browser(make_auth(plugins=[Parrot()], on_api_error=options), kind)
    assert browser.post("/parrot/echo", {"text": "crash"}).response == Response(500)
    answer = browser.send("POST", "/parrot/echo", data=b"{", headers=JSON)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert caplog.text.count("on_error failed with ConnectionError") == 2
    assert "collector" not in caplog.text


def test_two_plugins_with_one_endpoint_name_are_refused(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="'echo' is claimed by parrot and by parrot"):
        make_auth(plugins=[Parrot(), Parrot()])


def test_own_hooks_see_every_endpoint(make_auth: MakeAuth, kind: str) -> None:
    seen: list[str] = []

    def before_all(call: Call) -> None:
        assert call.endpoint is not None
        seen.append(f"before {call.endpoint.path}")

    async def after_all(call: Call) -> object:
        seen.append(f"after {type(call.returned).__name__}")
        return {"ok": "yes"}

    hooks = Hooks(before=before_all, after=after_all)
    browser = Browser(make_auth(hooks=hooks), kind)
    assert browser.get("/ok").json == {"ok": "yes"}
    assert seen == ["before /ok", "after Ok"]


def test_validation_comes_before_the_session(browser: Browser) -> None:
    assert browser.post("/revoke-session", {}).status == 400


def test_the_error_page_escapes_what_it_shows(browser: Browser) -> None:
    query = {"error": "<script>", "error_description": "<b>bold</b>"}
    page = browser.get("/error", query)
    text = page.response.body.decode()
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert "UNKNOWN" in text
    assert "<script>" not in text
    assert "&lt;b&gt;bold" in text


def test_in_production_the_error_page_is_the_applications(make_auth: MakeAuth) -> None:
    browser = Browser(make_auth(production=True, rate_limit=RateLimit(enabled=False)))
    assert browser.get("/error", {"error": "x"}).header("location") == "/?error=x"
    query = {"error": "x", "error_description": "why not"}
    location = browser.get("/error", query).header("location")
    assert location == "/?error=x&error_description=why+not"
    own = OnAPIError(error_url="https://app.example/oops?a=1")
    browser = Browser(make_auth(on_api_error=own))
    answer = browser.get("/error", {"error": "x", "error_description": "d e"})
    assert answer.status == 302
    location = "https://app.example/oops?a=1&error=x&error_description=d+e"
    assert answer.header("location") == location
    assert answer.response.body == b""


def test_r6_repeated_query_parameters_are_400(browser: Browser) -> None:
    assert browser.get("/error", {"error": ["a", "b"]}).status == 400


def test_json_answers_have_dates_with_three_digits(browser: Browser, clock: Clock) -> None:
    clock.forward(0.123456)
    user = browser.sign_up().json["user"]
    assert user["createdAt"] == "2030-01-01T00:00:00.123Z"
    assert json.dumps(user).count(".123Z") == 2
