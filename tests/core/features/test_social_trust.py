"""Which providers are trusted: a list that is held against those that there are, or a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from tests.core.conftest import MakeAuth
from tests.support.browser import Browser
from tests.support.social import World, error_of, registered, sign_in, social_auth
from watchword import AccountLinking, AccountOptions, ConfigurationError, Plugin, Request


def trusting(trusted: Any) -> AccountOptions:
    return AccountOptions(linking=AccountLinking(trusted_providers=trusted))


@dataclass(frozen=True, kw_only=True)
class Own(Plugin):
    id: ClassVar[str] = "own"

    def provider_ids(self) -> list[str]:
        return ["okta"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("gogle", "nearest is 'google'"), ("Google", "nearest is 'google'"), ("oktaa", "'okta'")],
)
def test_an_id_that_no_provider_has_is_refused_at_start_up(
    make_auth: MakeAuth, world: World, name: str, remedy: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        social_auth(make_auth, world, account=trusting(["google", name]), plugins=[Own()])
    assert refused.value.option == "account.linking.trusted_providers"
    assert repr(name) in str(refused.value)
    assert remedy in str(refused.value)


def test_an_id_without_any_provider_is_refused(make_auth: MakeAuth) -> None:
    with pytest.raises(ConfigurationError, match="providers here are: none"):
        make_auth(account=trusting(["google"]))


def test_providers_of_plugins_are_known(make_auth: MakeAuth, world: World) -> None:
    social_auth(make_auth, world, account=trusting(["google", "okta"]), plugins=[Own()])


def of_request(request: Request | None) -> list[str]:
    assert request is not None
    return ["google"] if request.path.endswith("/callback/google") else []


async def in_time(request: Request | None) -> list[str]:
    return ["google"]


def others(request: Request | None) -> list[str]:
    return ["github"]


def nothing(request: Request | None) -> Any:
    return None


def text(request: Request | None) -> Any:
    return "google and more"


def failing(request: Request | None) -> list[str]:
    raise RuntimeError("ada@example.com")


@pytest.mark.parametrize(
    ("function", "linked"),
    [
        (of_request, True),
        (in_time, True),
        (others, False),
        (nothing, False),
        (text, False),
        (failing, False),
    ],
)
def test_a_function_says_whom_to_trust(
    make_auth: MakeAuth,
    world: World,
    rows: Any,
    kind: str,
    function: Any,
    linked: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    auth = social_auth(make_auth, world, account=trusting(function))
    registered(auth, rows, verified=True)
    world.claims["email_verified"] = False
    browser = Browser(auth, kind)
    assert error_of(sign_in(browser)) == (None if linked else "account_not_linked")
    assert ("trusted_providers failed with RuntimeError" in caplog.text) == (function is failing)
    assert "ada@example.com" not in caplog.text
