"""E-mail addresses in the protocol's syntax (security I4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.vectors import vectors
from watchword.pipeline.validation import is_email


@pytest.mark.parametrize("case", vectors("email_validity"), ids=lambda case: repr(case["email"]))
def test_email_validity(case: dict[str, Any]) -> None:
    assert is_email(case["email"]) is case["valid"]


@pytest.mark.parametrize(
    "text",
    [
        "a@b.co\n",
        "a@b.co\0",
        "Ada <a@b.co>",
        "a@b.co, c@d.co",
        "a(comment)@b.co",
        "\u212aelvin@b.co",
        "a\u200b@b.co",
        "\uff41@b.co",
        "a@b\u3002co",
        "a@" + "b" * 10_000,
    ],
)
def test_i4_look_alikes_and_lists_are_no_addresses(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("ada@example.xn--p1ai", True),
        ("ada@xn--e1afmkfd.XN--P1AI", True),
        ("ada@example.xn--", False),
        ("ada@example.xn--p1ai-", False),
        ("ada@example.x1", False),
    ],
)
def test_addresses_below_international_top_levels_are_addresses(address: str, good: bool) -> None:
    assert is_email(address) is good
