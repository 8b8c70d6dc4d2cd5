"""A body is read once, as it is, only if the core wants it, and never beyond the limit."""

from __future__ import annotations

import itertools

import pytest

from tests.adapters.drivers import Client
from tests.adapters.echo import EchoAuth

FORM = [("Content-Type", "application/x-www-form-urlencoded")]
JSON = [("Content-Type", "application/json")]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_the_bytes_arrive_untouched(client: Client, auth: EchoAuth, method: str) -> None:
    body = b"resource=a&resource=b&%zz\r\n\x00\xff" + bytes(range(256))
    client.send(method, "/api/auth/ok", FORM, body=body)
    assert auth.last.data == body


def test_a_chunked_body_arrives_whole(client: Client, auth: EchoAuth) -> None:
    client.send("POST", "/api/auth/ok", JSON, chunks=[b'{"a"', b": ", b"1}"])
    assert auth.last.data == b'{"a": 1}'


def test_no_body_is_empty(client: Client, auth: EchoAuth) -> None:
    client.send("POST", "/api/auth/ok")
    assert auth.last.data == b""


def test_the_body_is_left_alone_if_the_core_does_not_read_it(
    client: Client, auth: EchoAuth
) -> None:
    auth.script.reads = 0
    answer = client.send("POST", "/api/auth/ok", JSON, body=b"x" * 500)
    assert answer.status == 200
    assert client.reads_first or answer.pulled == 0


@pytest.mark.parametrize("length", [999, 1000])
def test_a_body_up_to_the_limit_is_read(client: Client, auth: EchoAuth, length: int) -> None:
    assert client.send("POST", "/api/auth/ok", FORM, body=b"x" * length).status == 200
    assert client.send("POST", "/api/auth/ok", FORM, chunks=[b"x" * length]).status == 200
    assert [seen.data for seen in auth.script.seen] == [b"x" * length] * 2


def test_a_body_announced_as_too_long_is_not_touched(client: Client, auth: EchoAuth) -> None:
    answer = client.send("POST", "/api/auth/ok", FORM, body=b"x" * 1001)
    assert answer.status == 413
    assert client.reads_first or answer.pulled == 0


def test_an_endless_body_is_left_at_the_limit(client: Client, auth: EchoAuth) -> None:
    # Who reads all of it first is told by a server in front of it that it ends.
    pieces = [b"x" * 90] * 100 if client.reads_first else itertools.repeat(b"x" * 90)
    answer = client.send("POST", "/api/auth/ok", FORM, chunks=pieces)
    assert answer.status == 413
    assert client.reads_first or 1000 < answer.pulled <= 1000 + 90


def test_half_a_body_is_refused(client: Client, auth: EchoAuth) -> None:
    headers = [*FORM, ("Content-Length", "40")]
    answer = client.send("POST", "/api/auth/ok", headers, chunks=None, body=b"newPassword=corr")
    assert answer.status == 400
    assert auth.script.seen == []


@pytest.mark.parametrize(
    "length", ["-1", "+5", "abc", "1_0", "5, 6", "\u0665".encode().decode("latin-1")]
)
def test_a_wrong_content_length_is_a_bad_request(
    client: Client, auth: EchoAuth, length: str
) -> None:
    answer = client.send("POST", "/api/auth/ok", [*FORM, ("Content-Length", length)], body=b"a=1&b")
    assert answer.status == 400
    assert client.reads_first or answer.pulled == 0


def test_a_body_can_be_read_twice(client: Client, auth: EchoAuth) -> None:
    auth.script.reads = 2
    assert client.send("POST", "/api/auth/ok", JSON, body=b"[1]").status == 200
    assert auth.last.data == b"[1]"
