"""The options of `Auth`: said once, taken by keyword, kept as they are, and never printed whole."""

from __future__ import annotations

import dataclasses
import inspect
import pydoc
from typing import Any

import pytest

from tests.support.browser import SECRET
from watchword import Auth, ConfigurationError, SessionOptions, User
from watchword.configuration.auth_options import AuthOptions

MARK = "do-not-print-me"


class Member(User):
    lang: str = "en"


def made(**options: Any) -> Auth[Any]:
    return Auth(**{"database": "sqlite://", "secret": SECRET, "environ": {}} | options)


def test_the_parameters_are_the_options() -> None:
    parameters = inspect.signature(Auth).parameters
    assert list(parameters) == [option.name for option in dataclasses.fields(AuthOptions)]
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_help_shows_them() -> None:
    shown = pydoc.TextDoc().docclass(Auth)
    for option in dataclasses.fields(AuthOptions):
        assert f"{option.name}: '{option.type}'" in shown, option.name


def test_what_is_no_option_is_a_type_error() -> None:
    nameless: Any = Auth
    with pytest.raises(TypeError, match="'databse'"):
        made(databse="sqlite://")
    with pytest.raises(TypeError, match="positional"):
        nameless("sqlite://")


@pytest.mark.parametrize(
    "options",
    [
        {"secret": MARK * 3},
        {"environ": {"BETTER_AUTH_SECRET": MARK * 3}, "secret": None},
        {"database": f"sqlite:////tmp/{MARK}"},
    ],
)
def test_w12_what_may_hold_a_secret_is_not_printed(options: dict[str, Any]) -> None:
    auth = made(**options)
    for value in (auth, auth.config, auth.config.options, auth.blocking):
        assert MARK not in repr(value)


def test_options_stay_as_they_are() -> None:
    options: Any = made().config.options
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.app_name = "another"
    assert not hasattr(made(), "secret")


def test_every_option_takes_none_for_not_given() -> None:
    nothing = {option.name: None for option in dataclasses.fields(AuthOptions)}
    auth = made(**nothing | {"secret": SECRET, "environ": {}})
    assert auth.config.options.session == SessionOptions()
    assert auth.user_type is User
    assert made(user_type=Member).user_type is Member


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"session": {"expires_in": 5}}, "session: an object of dict is no SessionOptions"),
        ({"email_and_password": True}, "email_and_password: "),
        ({"database": 5}, "database: an object of int is no storage"),
        ({"plugins": [SessionOptions()]}, "plugins: "),
        ({"user_type": SessionOptions}, "user_type: "),
    ],
)
def test_options_are_of_their_kinds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        made(**options)
