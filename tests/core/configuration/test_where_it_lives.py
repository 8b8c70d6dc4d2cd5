"""Base URL, origins, hosts and cookies have one form, or `Auth` refuses to start (W11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from watchword import (
    Advanced,
    ConfigurationError,
    CookieAttributes,
    CookieOptions,
    CrossSubDomainCookies,
    DynamicBaseURL,
    Mail,
    PasswordReset,
)

HOSTS = DynamicBaseURL(allowed_hosts=["shop.example.com", "b\xfccher.example"], protocol="https")


def refused(make_auth: MakeAuth, option: str, **options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        make_auth(**options)
    text = str(caught.value)
    assert text.startswith(option), text
    assert ". " in text, "what to do instead"
    return text


class TestBaseURL:
    @pytest.mark.parametrize(
        "options",
        [
            {"base_path": "/api/auth/"},
            {"base_url": "http://localhost:3000/api/auth/"},
            {"base_url": "HTTP://LOCALHOST:3000", "base_path": "/api/auth"},
            {"base_url": None, "environ": {"BETTER_AUTH_URL": "http://localhost:3000/api/auth/"}},
        ],
        ids=str,
    )
    def test_a_slash_at_the_end_is_in_no_link(
        self, make_auth: MakeAuth, options: dict[str, Any]
    ) -> None:
        outbox: list[Mail] = []
        reset = PasswordReset(send_reset_password=lambda mail, request: outbox.append(mail))
        browser = Browser(make_auth(password_reset=reset, **options))
        browser.sign_up()
        browser.post("/request-password-reset", {"email": "ada@example.com"})
        browser.auth.blocking.close()
        assert outbox[0].url.startswith("http://localhost:3000/api/auth/reset-password/")

    def test_a_base_path_that_contradicts_the_base_url_is_refused(
        self, make_auth: MakeAuth
    ) -> None:
        url = "https://app.example.com/auth"
        text = refused(make_auth, "base_path", base_url=url, base_path="/api/auth")
        assert "'/auth'" in text
        fallback = DynamicBaseURL(allowed_hosts=["a.example"], fallback=url)
        refused(make_auth, "base_path", base_url=fallback, base_path="/api/auth")
        refused(make_auth, "base_path", base_path="/a//b")
        refused(make_auth, "base_path", environ={"BASE_URL": url}, base_url=None, base_path="/x")

    def test_what_a_mounted_application_sees_of_it_is_no_contradiction(
        self, make_auth: MakeAuth
    ) -> None:
        url = "https://app.example.com/shop/api/auth"
        assert make_auth(base_url=url, base_path="/api/auth").base_path == "/shop/api/auth"
        assert make_auth(base_url=url).base_path == "/shop/api/auth"

    def test_every_host_has_the_path_of_the_fallback(self, make_auth: MakeAuth) -> None:
        dynamic = DynamicBaseURL(allowed_hosts=["a.example"], fallback="https://b.example/auth")
        sites = make_auth(base_url=dynamic).config.sites
        assert {site.base_path for site in sites.examples()} == {"/auth"}


class TestTrustedOrigins:
    @pytest.mark.parametrize(
        ("pattern", "origin"),
        [
            ("https://app.example.com/", "https://app.example.com"),
            ("HTTPS://App.Example.Com", "https://app.example.com"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://app.example.com:80/", "http://app.example.com"),
            ("https://b\xfccher.example", "https://xn--bcher-kva.example"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://*.B\xfccher.example:443/", "https://shop.xn--bcher-kva.example"),
            ("*.Example.com/", "https://shop.example.com"),
            ("https://[::1]:8443", "https://[0:0::1]:8443"),
            ("http://localhost:*", "http://localhost:5173"),
        ],
    )
    def test_what_is_clear_is_brought_into_form(
        self, make_auth: MakeAuth, pattern: str, origin: str
    ) -> None:
        auth = make_auth(trusted_origins=[pattern])
        Browser(auth).sign_up()
        assert Browser(auth, origin=origin).sign_in(cookie="a=b").status == 200

    @pytest.mark.parametrize(
        "pattern",
        [
            "app.example.com",
            "localhost:3000",
            "https://app.example.com/page",
            "https://*.example.com/page",
            "*.example.com:443",
            "https://ada@app.example.com",
            "https://app.example.com:port",
            "https://",
            "https://a_b c.example".replace(" ", "%20"),
            "javascript://x",
            "null",
            "myapp:",
            "myapp://ada@host",
            "://app.example.com",
        ],
    )
    def test_what_can_match_nothing_is_refused(self, make_auth: MakeAuth, pattern: str) -> None:
        assert repr(pattern) in refused(make_auth, "trusted_origins", trusted_origins=[pattern])

    def test_the_remedy_for_a_missing_scheme_is_ready_to_be_copied(
        self, make_auth: MakeAuth
    ) -> None:
        text = refused(make_auth, "trusted_origins", trusted_origins=["localhost:5173"])
        assert "'http://localhost:5173'" in text

    def test_blanks_in_the_variable_do_not_count(self, make_auth: MakeAuth) -> None:
        environ = {"BETTER_AUTH_TRUSTED_ORIGINS": " https://a.example/, https://b.example ,"}
        auth = make_auth(environ=environ)
        Browser(auth).sign_up()
        for origin in ("https://a.example", "https://b.example"):
            assert Browser(auth, origin=origin).sign_in(cookie="a=b").status == 200
        refused(
            make_auth,
            "BETTER_AUTH_TRUSTED_ORIGINS",
            environ={"BETTER_AUTH_TRUSTED_ORIGINS": "https://a.example, b.example"},
        )


class TestHosts:
    @pytest.mark.parametrize(
        ("host", "origin"),
        [
            ("shop.example.com", "https://shop.example.com"),
            ("shop.example.com:443", "https://shop.example.com"),
            ("SHOP.example.com", "https://shop.example.com"),
            ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ],
    )
    def test_a_default_port_and_the_spelling_do_not_matter(
        self, make_auth: MakeAuth, host: str, origin: str
    ) -> None:
        auth = make_auth(base_url=HOSTS)
        assert Browser(auth, origin=origin).get("/ok", host=host).status == 200
        answer = Browser(auth, origin=origin).sign_up(f"ada@{host.partition(':')[0].lower()}")
        assert answer.status == 400, "localhost is no allowed host"
        browser = Browser(auth, origin=origin)
        body = {"name": "A", "email": "a@example.com", "password": "password1234"}
        assert browser.post("/sign-up/email", body, host=host, cookie="a=b").status == 200

    def test_another_port_is_another_host(self, make_auth: MakeAuth) -> None:
        browser = Browser(make_auth(base_url=HOSTS))
        assert browser.get("/ok", host="shop.example.com:8443").status == 400
        assert browser.get("/ok", host="shop.example.com:80").status == 400

    @pytest.mark.parametrize(
        "pattern", ["https://App.example.com/", "app.example.com:443", "APP.example.com"]
    )
    def test_patterns_are_brought_into_form(self, make_auth: MakeAuth, pattern: str) -> None:
        dynamic = DynamicBaseURL(allowed_hosts=[pattern], protocol="https")
        site = next(make_auth(base_url=dynamic).config.sites.examples())
        assert (site.origin, site.trusted_origins[0]) == ("https://app.example.com",) * 2

    @pytest.mark.parametrize("pattern", ["app.example.com/shop", "ftp://a.example", "a b", "[::"])
    def test_patterns_that_no_host_has_are_refused(self, pattern: str) -> None:
        with pytest.raises(ConfigurationError, match=r"base_url\.allowed_hosts"):
            DynamicBaseURL(allowed_hosts=[pattern])


def attributes(**values: Any) -> Advanced:
    return Advanced(default_cookie_attributes=CookieAttributes(**values))


def own(**values: Any) -> Advanced:
    return Advanced(cookies={"session_token": CookieOptions(attributes=CookieAttributes(**values))})


PLAIN, SECURE = "http://app.example.com", "https://app.example.com"
SHARED = Advanced(cross_sub_domain_cookies=CrossSubDomainCookies(domain="example.org"))
DEFAULTS = "advanced.default_cookie_attributes"


class TestCookies:
    @pytest.mark.parametrize(
        ("option", "base_url", "advanced"),
        [
            (f"{DEFAULTS}.partitioned", PLAIN, attributes(partitioned=True)),
            (f"{DEFAULTS}.partitioned", SECURE, attributes(partitioned=True, secure=False)),
            (f"{DEFAULTS}.same_site", PLAIN, attributes(same_site="none")),
            (f"{DEFAULTS}.same_site", SECURE, attributes(same_site="none", secure=False)),
            ("advanced.cookies['session_token']", PLAIN, own(same_site="none")),
            (f"{DEFAULTS}.domain", SECURE, attributes(domain="other.example")),
            (f"{DEFAULTS}.domain", SECURE, attributes(domain="pp.example.com")),
            (f"{DEFAULTS}.domain", SECURE, attributes(domain="com")),
            (f"{DEFAULTS}.domain", "https://192.0.2.7", attributes(domain="2.7")),
            ("advanced.cookies['session_token']", SECURE, own(domain="other.example")),
            ("advanced.cross_sub_domain_cookies.domain", SECURE, SHARED),
            (
                "advanced.cross_sub_domain_cookies.domain",
                DynamicBaseURL(allowed_hosts=["a.example.org", "b.example.net"]),
                SHARED,
            ),
            (f"{DEFAULTS}.path", SECURE, attributes(path="/app")),
            (f"{DEFAULTS}.path", SECURE, attributes(path="api")),
            ("advanced.use_secure_cookies", PLAIN, Advanced(use_secure_cookies=True)),
        ],
    )
    def test_what_no_browser_keeps_is_refused(
        self, make_auth: MakeAuth, option: str, base_url: Any, advanced: Advanced
    ) -> None:
        refused(make_auth, option, base_url=base_url, advanced=advanced)

    @pytest.mark.parametrize(
        ("base_url", "advanced"),
        [
            (SECURE, attributes(partitioned=True, same_site="none")),
            (SECURE, attributes(domain=".Example.com")),
            (SECURE, attributes(path="/api/")),
            ("http://localhost:3000", Advanced(use_secure_cookies=True)),
            (
                DynamicBaseURL(allowed_hosts=["*.example.org", "localhost:*"], protocol="https"),
                SHARED,
            ),
        ],
    )
    def test_what_browsers_keep_is_not(
        self, make_auth: MakeAuth, base_url: Any, advanced: Advanced
    ) -> None:
        make_auth(base_url=base_url, advanced=advanced)
