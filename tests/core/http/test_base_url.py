"""The URL below which all endpoints are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.http.base_url import join_base_url

CASES = vectors("base_url")


@pytest.mark.parametrize("case", [case for case in CASES if "result" in case], ids=str)
def test_a_base_url_is_joined_as_the_reference_joins_it(case: dict[str, Any]) -> None:
    # Here no URL ends with a slash: with one, every link would have two.
    assert join_base_url(case["baseURL"], case["basePath"]) == case["result"].rstrip("/")


@pytest.mark.parametrize(
    ("base_url", "base_path", "joined"),
    [
        ("https://h", "/api/auth/", "https://h/api/auth"),
        ("https://h", "api/auth//", "https://h/api/auth"),
        ("https://h/auth/", None, "https://h/auth"),
        ("HTTPS://Shop.Example:443/Auth", None, "https://shop.example/Auth"),
        ("http://h:80", None, "http://h/api/auth"),
        ("https://b\xfccher.example", None, "https://xn--bcher-kva.example/api/auth"),
        ("https://h", "/caf%C3%A9", "https://h/caf%C3%A9"),
    ],
)
def test_there_is_one_form(base_url: str, base_path: str | None, joined: str) -> None:
    assert join_base_url(base_url, base_path) == joined


@pytest.mark.parametrize(
    ("base_url", "base_path"),
    [
        ("https://h?x=1", None),
        ("https://h/?", None),
        ("https://h/#top", None),
        ("https://h/a//b", None),
        ("https://h\\a", None),
        ("https://h", "/a/../b"),
        ("https://h", "/a b"),
        ("https://h", "/caf\xe9"),
        ("https://h", "/a?b"),
        ("https://h", "/a//b"),
    ],
)
def test_what_no_request_can_have_as_its_base_is_refused(
    base_url: str, base_path: str | None
) -> None:
    with pytest.raises(ValueError, match=r"."):
        join_base_url(base_url, base_path)


def test_a_password_in_a_base_url_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="user's name or password") as caught:
        join_base_url("https://ada:hunter22@h")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    "text", [case["baseURL"] for case in CASES if "error" in case] + ["", "//h", "/x", "http:///"]
)
def test_what_is_no_base_url_is_named(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        join_base_url(text)

    assert repr(text) in str(caught.value)
