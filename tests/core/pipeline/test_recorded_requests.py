"""The reference's recorded requests against its default server, replayed.

Statuses, codes and the shape of bodies must agree; human-readable messages are our own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Answer, handle
from tests.support.vectors import vectors
from watchword import BytesBody, Headers, Request

DIFFERENT = {
    "empty json body": "an empty body is no body, as through the reference's Node adapter",
}
ELSEWHERE = (
    "/sign-in/social",
    "/callback/",
    "/link-social",
    "/get-access-token",
    "/account-info",
)
"""Endpoints that are not served."""

CASES = [
    case
    for case in vectors("http")
    if case["name"] not in DIFFERENT and not case["request"]["path"].startswith(ELSEWHERE)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_recorded_request(make_auth: MakeAuth, kind: str, case: dict[str, Any]) -> None:
    auth = make_auth(trusted_origins=["https://*.example.com"])
    answer = Answer(handle(auth, _request(case["request"]), kind))
    assert answer.status == case["status"]
    assert answer.header("content-type") == case["headers"].get("content-type")
    assert answer.header("location") == case["headers"].get("location")
    assert _masked(answer.response.body.decode()) == _masked(case["body"])


def _request(recorded: dict[str, Any]) -> Request:
    path, _, query = recorded["path"].partition("?")
    headers = {"host": "localhost:3000", **recorded["headers"]}
    if recorded["json"]:
        headers["content-type"] = "application/json"
    return Request(
        method=recorded["method"],
        path=f"/api/auth{path}",
        query=query,
        host="localhost:3000",
        headers=Headers.of(headers),
        body=BytesBody((recorded["body"] or "").encode()),
    )


def _masked(body: str) -> Any:
    if not body:
        return ""
    value = json.loads(body)
    if isinstance(value, dict) and "message" in value:
        value["message"] = "..."
    return value
