"""Query strings: read and extended as browsers do."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.http.query import append_query, parse_query

APPENDED = vectors("append_query")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2&b=x&a=3", {"a": ["1", "2", "3"], "b": "x"}),
        ("z", {"z": ""}),
        ("z=", {"z": ""}),
        ("=v", {"": "v"}),
        ("&&a=1&", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("q=a+b%20c%2B", {"q": "a b c+"}),
        ("n%61me=%C3%A9", {"name": "é"}),
        ("a=%zz&b=%", {"a": "%zz", "b": "%"}),
        ("a=%ff%41", {"a": "\ufffdA"}),
        ("a=%ed%a0%80", {"a": "\ufffd\ufffd\ufffd"}),
        ("__proto__=1&constructor=2", {"__proto__": "1", "constructor": "2"}),
        ("a=1;b=2", {"a": "1;b=2"}),
    ],
)
def test_a_query_is_read_as_browsers_read_it(raw: str, found: dict[str, Any]) -> None:
    assert parse_query(raw) == found


@given(st.text())
def test_no_query_fails_to_be_read(raw: str) -> None:
    assert isinstance(parse_query(raw), dict)


@pytest.mark.parametrize(
    "case", [case for case in APPENDED if "result" in case], ids=lambda case: case["url"]
)
def test_parameters_are_appended_as_the_reference_appends_them(case: dict[str, Any]) -> None:
    assert append_query(case["url"], case["params"]) == case["result"]


@pytest.mark.parametrize(
    "case", [case for case in APPENDED if "error" in case], ids=lambda case: case["url"]
)
def test_nothing_is_appended_to_what_is_no_target(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        append_query(case["url"], case["params"])


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1),
        st.text(st.characters(codec="utf-8"), min_size=1),
        min_size=1,
    )
)
def test_r4_parameters_add_one_query_and_nothing_else(params: dict[str, str]) -> None:
    url = append_query("/done?kept=1#top", params)

    head, query = url.removesuffix("#top").split("?")
    assert head == "/done"
    assert url.isascii()
    assert url.isprintable()
    assert parse_qsl(query, keep_blank_values=True) == [("kept", "1"), *params.items()]


@pytest.mark.parametrize(
    "url", ["/a\r\nSet-Cookie: x=y", "/a\0", "/a\tb", "https://h.com/\r\nX: y", "/é?ü=ö#ä"]
)
def test_r4_nothing_of_a_target_can_end_a_header(url: str) -> None:
    appended = append_query(url, {"error": "X"})

    assert appended.isascii()
    assert appended.isprintable()
    assert "error=X" in appended


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://fa\u00df.example/x", "https://xn--fa-hia.example/x"),
        ("https://\uff41\uff50\uff50.example", "https://app.example/"),
        ("HTTPS:App.Example?a=b", "https://app.example/?a=b"),
        ("https://somebody@app.example:443/#top", "https://app.example/#top"),
        ("  https://app.example", "https://app.example/"),
    ],
)
def test_r2_a_host_is_written_as_it_is_read(url: str, written: str) -> None:
    """Others encode names in their own ways, some of them to the name of another host."""
    assert append_query(url, {}) == written
