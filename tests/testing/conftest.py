"""A server of the kit, for tests of the kit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from watchword import Auth, PasswordReset, testing

ADDRESS = "https://app.example.com"


def goes_out(mail: Any, request: Any) -> None:
    raise AssertionError("a test sent a mail")


@pytest.fixture
def auth() -> Iterator[Auth[Any]]:
    reset = PasswordReset(send_reset_password=goes_out, reset_page=f"{ADDRESS}/new-password")
    made = testing.auth(base_url=ADDRESS, password_reset=reset)
    yield made
    made.blocking.close()
