"""Requests and responses as values."""

from __future__ import annotations

from copy import copy, deepcopy

import pytest

from watchword import Headers, Request, Response
from watchword.http.response import Constant, varying


def test_a_constant_pair_is_a_pair_like_any_other() -> None:
    pair = Constant("vary", "Cookie")

    assert pair == ("vary", "Cookie")
    assert pair.encoded == (b"vary", b"Cookie")
    for again in (copy(pair), deepcopy(pair)):
        assert again == pair
        assert again.encoded == pair.encoded


def test_what_is_secret_in_a_message_is_not_printed() -> None:
    request = Request(method="GET", path="/reset/t0ken", query="token=t0ken")
    response = Response(200, (("set-cookie", "a=t0ken"),), b"t0ken")

    assert "t0ken" not in f"{request!r} {response!r}"


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Response(200).status = 500  # type: ignore[misc]


def test_a_request_with_other_headers_is_otherwise_the_same() -> None:
    request = Request(method="GET", path="/a", query="b", host="c", client="d")
    other = request.with_headers(Headers([("x", "y")]))

    assert other.headers.get("x") == "y"
    assert other.with_headers(request.headers) == request


def test_headers_of_bytes_are_those_of_text() -> None:
    pairs = [("Cookie", "a=b"), ("cookie", "c=\xe4"), ("X-Other", "1")]
    read = Headers.of_bytes([(k.encode(), v.encode("latin-1")) for k, v in pairs])

    assert read.pairs == Headers(pairs).pairs
    assert read.get("cookie") == "a=b; c=\xe4"


@pytest.mark.parametrize(
    ("given", "vary"),
    [
        ((), "Cookie"),
        ((("vary", "Accept"),), "Accept, Cookie"),
        ((("vary", "cookie"), ("vary", "Accept")), "cookie, Accept"),
        ((("vary", "*"),), "*"),
    ],
)
def test_there_is_one_vary(given: tuple[tuple[str, str], ...], vary: str) -> None:
    assert [pair for pair in varying(given, "Cookie") if pair[0] == "vary"] == [("vary", vary)]
