"""Which URLs and hosts are trusted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.http.origins import (
    host_matches,
    is_loopback_host,
    is_valid_forwarded_host,
    origin_matches,
)

# The reference takes this path at first and relies on nobody resolving it later (R3).
STRICTER = {"/..//evil.com"}


@pytest.mark.parametrize(
    "case", vectors("origin_match"), ids=lambda case: ascii(f"{case['url']} {case['pattern']}")
)
def test_a_url_is_trusted_as_the_reference_trusts_it(case: dict[str, Any]) -> None:
    found = origin_matches(case["url"], case["pattern"], allow_relative=case["allowRelativePaths"])

    assert found is (case["match"] and case["url"] not in STRICTER)


@pytest.mark.parametrize("case", vectors("allowed_host_match"), ids=str)
def test_a_host_is_allowed_as_the_reference_allows_it(case: dict[str, Any]) -> None:
    assert host_matches(case["host"], case["pattern"]) is case["match"]


@pytest.mark.parametrize("case", vectors("forwarded_host_valid"), ids=lambda case: case["host"])
def test_a_forwarded_host_is_valid_as_in_the_reference(case: dict[str, Any]) -> None:
    assert is_valid_forwarded_host(case["host"]) is case["accepted"]


@pytest.mark.parametrize("case", vectors("classify_host"), ids=lambda case: case["host"])
def test_a_loopback_host_is_known(case: dict[str, Any]) -> None:
    assert is_loopback_host(case["host"]) is case["isLoopbackHost"]


@pytest.mark.parametrize("host", ["127.evil.example", "localhost.evil.example", "notlocalhost"])
def test_a_host_that_only_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback_host(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.com",
        "https://evilapp.example",
        "https://app.example@evil.com",
        "https://evil.com/https://app.example",
        "https://evil.com?https://app.example",
        "https://evil.com#https://app.example",
        "https://evil.com\\@app.example",
        "https://evil.com\\.app.example",
        "https://app.example.",
        "https://app.example,https://evil.com",
        "https://app.example, https://app.example",
        "https://app.example https://evil.com",
        "https://app.example%00.evil.com",
        "https://app.example%2eevil.com",
        "https://app.example\x00",
        "null",
        "",
    ],
    ids=ascii,
)
def test_o2_no_other_origin_passes_for_a_trusted_one(url: str) -> None:
    assert not origin_matches(url, "https://app.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://example",
        "https://evilexample",
        "http://x.example",
        "https://x.example:8443",
        "https://evil.com/.example",
        "https://evil.com?.example",
        "https://evil.com#.example",
        "https://evil.com@.example.evil.com",
        "https://evil.com\\.example",
        "https://evil.com\\@x.example.evil.com",
        "https://evil.com/@x.example",
        "https://evil.com%2f.example",
        "https://evil.com%00.example",
        "https://evil.com\uff0f.example",
        "https://.example",
        "https://x..example",
        "https://x.example.",
    ],
    ids=ascii,
)
def test_o3_a_wildcard_trusts_labels_and_nothing_else(url: str) -> None:
    assert not origin_matches(url, "https://*.example")


@pytest.mark.parametrize("url", ["https://x.example", "https://y.x.example/p", "HTTPS://X.EXAMPLE"])
def test_o3_a_wildcard_trusts_one_or_more_labels(url: str) -> None:
    assert origin_matches(url, "https://*.example")


@pytest.mark.parametrize(
    "url",
    [
        "myapp://callback.evil",
        "myapp://callback@evil",
        "myapp://user@callback",
        "myapp://callback:80",
        "myapp://evil",
        "myapp://evil/callback",
        "myapp://",
        "myapp:///callback",
        "myapp2://callback",
        "xmyapp://callback",
        "https://callback",
        "myapp:callback",
        "myapp://callback\\@evil",
        "myapp://call\tback",
        "myapp://callback\n",
        " myapp://callback",
    ],
    ids=ascii,
)
def test_o4_a_custom_scheme_trusts_its_authority_only(url: str) -> None:
    assert not origin_matches(url, "myapp://callback")


@pytest.mark.parametrize(
    "url", ["myapp://callback", "MyApp://Callback/x?y#z", "myapp://callback?x"]
)
def test_o4_a_custom_scheme_trusts_its_authority(url: str) -> None:
    assert origin_matches(url, "myapp://callback")


@pytest.mark.parametrize("url", ["myapp://anything/at/all", "myapp://", "MYAPP://x"])
def test_o4_an_entry_without_host_trusts_the_whole_scheme(url: str) -> None:
    assert origin_matches(url, "myapp://")


@pytest.mark.parametrize(
    "url",
    [
        "myapp://x/cb/%2e%2e/z",
        "myapp://x/cb/..%2f../z",
        "myapp://x/cb%2f..%2fz",
        "myapp://x/cb\\..\\z",
    ],
)
def test_o4_a_trusted_path_is_not_left_by_dots(url: str) -> None:
    assert not origin_matches(url, "myapp://x/cb")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil%2f.app.example",
        "https://evil%23.app.example",
        "https://evil^.app.example",
        "https://evil|.app.example",
        "https://evil<.app.example",
        "https://evil .app.example",
        "https://evil%25.app.example",
        "https://evil\u2100.app.example",
        "https://[evil].app.example",
    ],
    ids=ascii,
)
def test_r2_a_host_that_no_domain_may_be_is_trusted_by_no_pattern(url: str) -> None:
    for pattern in ("https://*.app.example", "*.app.example", "https://*", "*", "**", url):
        assert not origin_matches(url, pattern)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "java\tscript://app.example/%0aalert(1)",
        " javascript://app.example/%0aalert(1)",
        "\x01javascript://app.example",
        "data:text/html,x",
        "data://app.example,x",
        "vbscript://app.example",
        "blob:https://app.example/1",
        "blob://app.example/1",
        "file:///etc/passwd",
        "file://app.example/x",
        "FILE://app.example",
    ],
    ids=ascii,
)
def test_r5_a_dangerous_scheme_is_trusted_by_no_pattern(url: str) -> None:
    for pattern in ("*", "*://*", "https://app.example", "javascript://", "data://", "file://"):
        assert not origin_matches(url, pattern)
    for pattern in ("vbscript://", "blob://", "javascript://*", "app.example", "*.example"):
        assert not origin_matches(url, pattern)


@pytest.mark.parametrize("url", ["other://x.example", "ftp://x.example", "wss://x.example"])
def test_r5_a_pattern_without_scheme_trusts_web_sites_only(url: str) -> None:
    for pattern in ("*.example", "*", "x.exampl?"):
        assert not origin_matches(url, pattern)
        assert origin_matches("http://x.example", pattern)


def test_r3_a_path_is_trusted_only_where_paths_are_allowed() -> None:
    assert origin_matches("/x", "https://app.example", allow_relative=True)
    assert not origin_matches("/x", "*")
    assert not origin_matches("//evil.example", "*", allow_relative=True)


def test_a_wildcard_pattern_may_escape_a_wildcard() -> None:
    assert origin_matches("myapp://a/x", r"myapp://?/*")
    assert not origin_matches("myapp://a/x", r"myapp://\?/*")


@pytest.mark.parametrize("pattern", ["*" * 50 + "a", "https://" + "*a" * 25])
def test_a_long_pattern_does_not_take_long(pattern: str) -> None:
    assert not origin_matches("https://" + "a" * 60 + ".b", pattern)


@pytest.mark.parametrize(
    "host",
    ["", "a", "a.b:0", "[::1]", "x" * 63 + ".example"],
)
def test_the_shape_of_a_forwarded_host(host: str) -> None:
    assert is_valid_forwarded_host(host) is bool(host)


@pytest.mark.parametrize(
    "host",
    [
        "a\n",
        "a\0",
        "a:b",
        ".a",
        "a.",
        "x" * 64 + ".example",
        "javascript:alert",
        "a'b",
        'a"b',
        "a@b",
        "::1",
        "[::1",
        "[zz]",
        "é.example",
        "a:\uff11",
    ],
    ids=ascii,
)
def test_h2_a_forwarded_host_of_odd_shape_is_not_taken(host: str) -> None:
    assert not is_valid_forwarded_host(host)


@pytest.mark.parametrize(
    ("url", "pattern", "trusted"),
    [
        ("http://10.1.2.3", "10.*", True),
        ("http://10.1.2.300", "10.*", False),
        ("http://10.1.2.evil.example", "http://10.1.2.*", False),
        ("exp://10.0.0.5:8081/--/cb", "exp://10.0.0.*:*/**", True),
        ("exp://me@10.0.0.5/cb", "exp://*", False),
        ("myapp://a/b/c", "myapp://a/**", True),
        ("myapp://a/../b", "myapp://a/*", True),
        ("myapp://a/b%2fc", "myapp://a/*", False),
        ("other://a/b", "*://a/b", False),
        ("https://a.example", "*://a.example", True),
    ],
)
def test_addresses_and_schemes_of_applications(url: str, pattern: str, trusted: bool) -> None:
    assert origin_matches(url, pattern) is trusted
