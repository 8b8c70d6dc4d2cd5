"""Cookie headers: read as the reference reads them, written in its order and encoding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vectors import vectors
from watchword.http.cookies import (
    LONGEST_AGE,
    CookieAttributes,
    parse_cookie_chunks,
    parse_cookies,
    serialize_cookie,
)


def attributes(options: dict[str, Any]) -> CookieAttributes:
    """Attributes from the reference's option names."""
    expires = options.get("expires")
    return CookieAttributes(
        max_age=options.get("maxAge"),
        domain=options.get("domain"),
        path=options.get("path"),
        expires=None if expires is None else datetime.fromisoformat(expires),
        http_only=options.get("httpOnly"),
        secure=options.get("secure"),
        same_site=options.get("sameSite"),
        partitioned=options.get("partitioned"),
    )


# A prefix as an option of its own does not exist here: a name carries its prefix itself.
WRITTEN = [case for case in vectors("set_cookie_serialize") if "prefix" not in case["options"]]


@pytest.mark.parametrize("case", vectors("cookie_header_parse"), ids=lambda case: case["header"])
def test_a_header_is_read_as_the_reference_reads_it(case: dict[str, Any]) -> None:
    assert parse_cookies(case["header"]) == case["primary_parser"]


@pytest.mark.parametrize("case", vectors("cookie_header_parse"), ids=lambda case: case["header"])
def test_a_header_with_pieces_is_read_as_the_reference_reads_it(case: dict[str, Any]) -> None:
    assert parse_cookie_chunks(case["header"]) == case["chunk_parser"]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case["set_cookie"])
def test_a_cookie_is_written_as_the_reference_writes_it(case: dict[str, Any]) -> None:
    line = serialize_cookie(case["name"], case["value"], attributes(case["options"]))

    assert line == case["set_cookie"]


@pytest.mark.parametrize("case", vectors("signed_cookie"), ids=lambda case: case["value"])
def test_a_signed_cookie_is_written_as_the_reference_writes_it(case: dict[str, Any]) -> None:
    line = serialize_cookie(
        "better-auth.session_token",
        f"{case['value']}.{case['signature_base64']}",
        CookieAttributes(max_age=604_800, path="/", http_only=True, same_site="lax"),
    )

    assert line == case["set_cookie"]


def test_the_prefix_of_a_name_decides_over_the_attributes() -> None:
    wanted = CookieAttributes(secure=False, path="/x", domain="example.com")

    assert serialize_cookie("__Host-a", "v", wanted) == "__Host-a=v; Path=/; Secure"
    assert serialize_cookie("__Secure-a", "v", wanted).endswith("Path=/x; Secure")


def test_all_attributes_stand_in_the_protocol_s_order() -> None:
    line = serialize_cookie(
        "a",
        "v",
        CookieAttributes(
            partitioned=True,
            same_site="none",
            secure=True,
            http_only=True,
            expires=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            path="/",
            domain="example.com",
            max_age=60,
        ),
    )

    assert line == (
        "a=v; Max-Age=60; Domain=example.com; Path=/; Expires=Fri, 02 Jan 2026 03:04:05 GMT;"
        " HttpOnly; Secure; SameSite=None; Partitioned"
    )


@pytest.mark.parametrize("age", [LONGEST_AGE + 1, float("inf"), float("nan")])
def test_s3_a_cookie_of_more_than_400_days_is_refused(age: float) -> None:
    with pytest.raises(ValueError, match=r"cookie a: Max-Age .* 34560000"):
        serialize_cookie("a", "v", CookieAttributes(max_age=age))


def test_s3_a_cookie_of_400_days_is_written() -> None:
    line = serialize_cookie("a", "v", CookieAttributes(max_age=LONGEST_AGE))

    assert line == "a=v; Max-Age=34560000"


def test_s3_an_end_in_more_than_400_days_is_refused() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    last, beyond = now + timedelta(days=400), now + timedelta(days=400, seconds=1)

    assert "Expires=" in serialize_cookie("a", "v", CookieAttributes(expires=last), now=now)
    with pytest.raises(ValueError, match="cookie a: Expires"):
        serialize_cookie("a", "v", CookieAttributes(expires=beyond), now=now)


def test_s5_a_planted_odd_pair_hides_no_other_cookie() -> None:
    header = 'bad[]{}@=x; =; ;;; "; a"b=c; session=mine; caf\u00e9=1'

    assert parse_cookies(header)["session"] == "mine"


@given(st.text())
def test_no_header_fails_to_be_read(header: str) -> None:
    assert isinstance(parse_cookies(header), dict)
    assert isinstance(parse_cookie_chunks(header), dict)


@given(st.text())
def test_what_is_written_is_read_again(value: str) -> None:
    text = value.encode("utf-8", "replace").decode("utf-8")
    line = serialize_cookie("name", text, CookieAttributes())

    assert line.isascii()
    assert line.isprintable()
    assert parse_cookies(line).get("name") == text
    assert parse_cookie_chunks(line).get("name") == text


def test_later_attributes_lie_over_earlier_ones() -> None:
    base = CookieAttributes(path="/", secure=True, max_age=60)

    merged = base.merged(CookieAttributes(secure=False, max_age=0))

    assert merged == CookieAttributes(path="/", secure=False, max_age=0)
