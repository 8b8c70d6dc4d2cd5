"""The URL below which all endpoints are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.http.base_url import join_base_url

CASES = vectors("base_url")


@pytest.mark.parametrize("case", [case for case in CASES if "result" in case], ids=str)
def test_a_base_url_is_joined_as_the_reference_joins_it(case: dict[str, Any]) -> None:
    assert join_base_url(case["baseURL"], case["basePath"]) == case["result"]


@pytest.mark.parametrize(
    "text", [case["baseURL"] for case in CASES if "error" in case] + ["", "//h", "/x", "http:///"]
)
def test_what_is_no_base_url_is_named(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        join_base_url(text)

    assert repr(text) in str(caught.value)
