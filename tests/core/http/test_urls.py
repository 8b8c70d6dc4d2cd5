"""URLs are read as browsers read them; what a browser would not open is nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.http.query import append_query
from watchword.http.urls import is_safe_relative, normalize_pathname, parse_url, stays_on_site


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example/x?y#z", "https://app.example"),
        ("HTTPS://APP.Example:443/", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("https://app.example:/x", "https://app.example"),
        ("  https://app.example\n", "https://app.example"),
        ("ht\ttps://app\n.exam\rple", "https://app.example"),
        ("https:app.example", "https://app.example"),
        ("https:/app.example", "https://app.example"),
        ("https:///app.example", "https://app.example"),
        ("https://user:pw@evil.example", "https://evil.example"),
        ("https://app.example@evil.example", "https://evil.example"),
        ("https://a@b@evil.example", "https://evil.example"),
        ("https://app.example#@evil.example", "https://app.example"),
        ("https://app.example?@evil.example", "https://app.example"),
        ("https://\uff41\uff50\uff50.example", "https://app.example"),
        ("https://app\u3002example", "https://app.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://app.example.", "https://app.example."),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0x7f.1", "http://127.0.0.1"),
        ("http://0177.0.0.01", "http://127.0.0.1"),
        ("http://127.1", "http://127.0.0.1"),
        ("http://\uff11\uff12\uff17.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.1.", "http://127.0.0.1"),
        ("http://0x.0x.0", "http://0.0.0.0"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"),
        ("myapp://callback/x", "myapp://callback"),
        ("ws://app.example:80", "ws://app.example"),
    ],
)
def test_an_origin_is_what_a_browser_would_go_to(text: str, origin: str) -> None:
    url = parse_url(text)

    assert url is not None
    assert url.origin == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "app.example",
        "//app.example",
        "/x",
        "https://",
        "https:///",
        "http://?x",
        "https://:443",
        "https://user@",
        "https://app.example:65536",
        "https://app.example:-1",
        "https://app.example:8 0",
        "https://app.example:\uff18\uff10",
        "https://app.example:80:80",
        "https:\\\\app.example",
        "https:/\\app.example",
        "https://app.example\\x",
        "https://app.example\\@evil.example",
        "https://evil.example\\@app.example",
        "https://app.example/x\\y",
        "myapp://callback\\@evil",
        "https://a b",
        "https://a<b",
        "https://a>b",
        "https://a^b",
        "https://a|b",
        "https://a%b",
        "https://%61pp.example",
        "https://app.example\u00e9%2eapp.example",
        "https://a%20b",
        "https://a%00b",
        "https://a%2fb",
        "https://a%5cb",
        "https://a%40b",
        "https://a%23b",
        "https://a%25b",
        "https://a\u2100b",
        "https://a\uff05b",
        "https://a\uff0fb.example",
        "https://a\uff20b",
        "https://a\ufffdb",
        "https://\ud800",
        "https://\u00ad",
        "http://1.2.3.4.5",
        "http://256.0.0.1",
        "http://1.2.3.256",
        "http://4294967296",
        "http://0x100000000",
        "http://09.0.0.1",
        "http://app.1",
        "http://1..2",
        "http://[::1",
        "http://[::1]x",
        "http://[::g]",
        "http://[::1%25eth0]",
        "http://[1.2.3.4]",
        "http://[]",
        "https://[app.example]",
        "mailto:x@y.example",
        "javascript:alert(1)",
        "data:text/html,x",
    ],
    ids=ascii,
)
def test_r2_what_a_browser_would_not_open_is_no_url(text: str) -> None:
    assert parse_url(text) is None


@given(st.text())
def test_no_text_fails_to_be_read(text: str) -> None:
    for candidate in (text, f"https://{text}", f"myapp://{text}"):
        url = parse_url(candidate)
        assert url is None or isinstance(url.origin, str)
        is_safe_relative(candidate)


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_an_origin_read_again_is_the_same_origin(host: str) -> None:
    url = parse_url(f"https://{host}")

    if url is not None:
        again = parse_url(url.origin)
        assert again is not None
        assert again.origin == url.origin


@given(st.text(st.sampled_from("\\@:/?#%2f5cC.e;[]&\u3002\uff0f\uff20 \u00e9")))
def test_r2_an_escaped_url_leads_where_the_url_did(rest: str) -> None:
    url = parse_url(f"https://app.example{rest}/x")

    if url is not None:
        # As this library and web frameworks escape what they redirect to.
        for escaped in (
            append_query(f"https://app.example{rest}/x", {"error": "X"}),
            quote(f"https://app.example{rest}/x", safe=":/%#?=@[]!$&'()*+,;"),
        ):
            again = parse_url(escaped)
            assert again is None or again.origin == url.origin


@pytest.mark.parametrize("case", vectors("normalize_pathname"), ids=lambda case: case["url"])
def test_p1_one_path_counts_for_all_its_spellings(case: dict[str, Any]) -> None:
    url = parse_url(case["url"])

    assert url is not None
    assert normalize_pathname(url.path, case["basePath"]) == case["path"]


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/b?c=/d#//e", "/a//b", "/é", "/a/../b", "/a?x=%2f", "/a@b", "/a/.//b"]
)
def test_r1_a_path_of_this_site_is_safe(path: str) -> None:
    assert is_safe_relative(path)
    assert stays_on_site(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "?a",
        "#a",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/a\n",
        "/a\r\nSet-Cookie: x=y",
        "/a\0",
        "/a\x7f",
        "/a\x85",
        "/%2fevil.example",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/a/%5C..",
        "\t//evil.example",
        " /a",
        "https://evil.example",
        "javascript:alert(1)",
    ],
    ids=ascii,
)
def test_r1_a_path_that_may_lead_elsewhere_is_not_safe(path: str) -> None:
    assert not is_safe_relative(path)


@pytest.mark.parametrize(
    "path",
    [
        "/.//evil.example",
        "/..//evil.example",
        "/a/..//evil.example",
        "/%2e//evil.example",
        "/%2E%2e//evil.example?x",
        "/./..//evil.example#x",
        "/..//evil.example/..",
    ],
)
def test_r3_a_path_that_resolves_to_another_host_is_not_safe(path: str) -> None:
    assert not is_safe_relative(path)
    assert not stays_on_site(path)
