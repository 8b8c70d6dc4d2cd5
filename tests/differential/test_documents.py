"""The OpenAPI documents of this server and of the reference list the same operations.

Those of plugins that only one of the two has installed are left out.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.support.reference import REFERENCE, reference_server
from tests.support.services import conformance_server, require_node

PATH = "/api/auth/open-api/generate-schema"
NO_BODY = {
    ("post", path)
    for path in (
        "/callback/{id}",
        "/get-session",
        "/revoke-other-sessions",
        "/revoke-sessions",
        "/sign-out",
        "/two-factor/send-otp",
    )
}
"""Where the reference lists an empty body and we list none: either is read."""
OURS = {("get", "/sign-in/link")}
"""Endpoints of the core that the reference does not have."""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    require_node(REFERENCE)
    folder = tmp_path_factory.mktemp("documents")
    with (
        conformance_server("plugins", "asgi", f"{folder}/ours.db") as ours,
        reference_server("plugins", f"{folder}/theirs.db") as theirs,
    ):
        return read(ours), read(theirs)


def read(origin: str) -> Any:
    with urllib.request.urlopen(origin + PATH) as answer:
        return json.load(answer)


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def tags(document: Any) -> set[str]:
    return {tag for one in operations(document).values() for tag in one["tags"]}


def shared(document: Any, other: Any) -> set[tuple[str, str]]:
    return {key for key, one in operations(document).items() if set(one["tags"]) <= tags(other)}


def test_the_same_operations_are_listed(documents: tuple[Any, Any]) -> None:
    ours, theirs = documents
    assert shared(ours, theirs) - OURS == shared(theirs, ours) > set()
    assert tags(ours) <= tags(theirs)


def test_the_same_operations_have_bodies(documents: tuple[Any, Any]) -> None:
    left, right = map(operations, documents)
    differ = {
        key
        for key in left.keys() & right.keys()
        if ("requestBody" in left[key]) != ("requestBody" in right[key])
    }
    assert differ == NO_BODY


def test_the_same_tables_are_described(documents: tuple[Any, Any]) -> None:
    ours, theirs = (document["components"]["schemas"].keys() for document in documents)
    assert {"User", "Session", "Account", "Verification", "TwoFactor", "Passkey"} <= ours & theirs
