"""W12: whatever is printed (a log line, locals in a traceback) shows no password, token or code.

The walks below see every struct and dataclass of the package, so that a new one is held to it too.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import msgspec
import pytest
from rich.pretty import pretty_repr

import watchword
from tests.core.conftest import MakeAuth
from watchword import Account, Column, SignInEmail, SignUpEmail, User, Verification, providers
from watchword.database.records import prepared
from watchword.discreet import Discreet
from watchword.features.email_password_wire import SignedUp

MARK = "do-not-print-me"
NAMES = re.compile(
    r"passw|token|secret|signature|authorization"
    r"|(^|_)(otp|pin|code|key|hash|salt|jwt|cookies|headers|query|environ)($|_)"
)
MISLEADING = {
    "ApiKeyConfig.api_key_headers",  # names alone
    "Advanced.cookies",  # names and attributes
    "Asker.has_cookies",  # yes or no
    *("Description.authorization_url", "Description.token_url"),  # of providers, for everybody
    *("Description.token_headers", "Description.user_info_headers"),  # written in the code
    *("Discovered.authorization_endpoint", "Discovered.token_endpoint"),  # for everybody
    "Dialect.key_text_type",
    *("ErrorCode.code", "ProtocolError.code"),
    "MySQLOptions.ssl_key",  # the path of a file
    "PrivateKey.key_id",  # its public name
    "Refusal.code",  # our own words, and those of a standard
    "Refusal.headers",
    "SignedWith.key_id",
    "Submitted.code",  # of a refusal
    "TokenHeader.key_id",
    "Request.headers",  # prints names alone
    "Tokens.token_type",  # "bearer"
    "Site.cookies",  # names and attributes
}
"""Fields whose names sound like secrets, and that show none."""

NEEDING_A_PROJECT = {"watchword.__main__", "watchword.adapters.django.urls"}
"""A program, and the URLs of the server that a project names: neither has a class."""


@cache
def declared() -> list[type[Any]]:
    """Every class of the package."""
    importlib.import_module("tests.support.django_project")  # some modules need its settings
    names = [module.name for module in pkgutil.walk_packages(watchword.__path__, "watchword.")]
    modules = [importlib.import_module(name) for name in names if name not in NEEDING_A_PROJECT]
    found = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    return [kind for kind in found if kind.__module__.startswith("watchword.")]


def structs() -> list[type[msgspec.Struct]]:
    return [kind for kind in declared() if issubclass(kind, msgspec.Struct)]


def text_fields() -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Fields of dataclasses that hold text, or whatever came with a request."""
    for kind in declared():
        # Those with a `repr` of their own have a test of their own.
        printable = dataclasses.is_dataclass(kind) and hasattr(kind.__repr__, "__wrapped__")
        for item in dataclasses.fields(kind) if printable else ():
            if re.match(r"(str|bytes|object|Headers|HeaderSource|tuple|Mapping)\b", str(item.type)):
                yield f"{kind.__qualname__}.{item.name}", item


def made(kind: type[msgspec.Struct]) -> Any:
    """One of a kind, each field of it recognisable."""
    return kind(**{name: f"{MARK}:{name}" for name in kind.__struct_fields__})


def printed(value: object) -> set[str]:
    """The names of the fields whose values can be read."""
    texts = (repr(value), str(value), pretty_repr(value))
    return {name for text in texts for name in re.findall(f"{MARK}:(\\w+)", text)}


def test_w12_no_struct_shows_a_secret() -> None:
    assert SignInEmail in structs()
    shown = [f"{kind.__qualname__}.{name}" for kind in structs() for name in printed(made(kind))]
    assert {name for name in shown if NAMES.search(name.rpartition(".")[2])} - MISLEADING == set()


def test_w12_every_struct_is_discreet() -> None:
    assert [kind for kind in structs() if not issubclass(kind, Discreet)] == []


def test_w12_no_dataclass_shows_a_secret() -> None:
    shown = {name for name, item in text_fields() if item.repr and NAMES.search(item.name)}
    assert shown - MISLEADING == set()


def test_w12_fields_that_are_hidden_on_the_wire_are_hidden_in_print() -> None:
    class Member(User):
        diagnosis: Annotated[str, Column(returned=False)] = ""
        city: str = ""

    shown = printed(made(prepared(Member, ())))
    assert {"city", "email"} <= shown
    assert "diagnosis" not in shown
    assert not {"access_token", "password"} & printed(made(Account))
    assert not {"identifier", "value"} & printed(made(Verification))


def test_w12_results_of_server_side_calls_can_be_printed(make_auth: MakeAuth) -> None:
    api = make_auth().blocking.api
    ada = SignUpEmail(name="Ada", email="ada@example.com", password="password1234")
    done = api.sign_up_email(ada, return_headers=True)
    token = done.value.token or ""
    found = api.get_session(headers={"cookie": done.cookies[0].partition(";")[0]})
    for value in (ada, done, done.value, done.response, found, [found]):
        for text in (repr(value), pretty_repr(value)):
            assert token not in text
            assert "password1234" not in text
    assert "Ada" in repr(done.value), "the rest is there to be read"


def test_what_is_not_there_is_said_to_be_not_there() -> None:
    assert "token=None" in repr(msgspec.structs.replace(made(SignedUp), token=None))


@pytest.mark.parametrize("name", providers.__all__)
def test_w12_providers_print_no_option_but_their_client(name: str) -> None:
    kind = getattr(providers, name)
    provider = object.__new__(kind)
    for item in dataclasses.fields(kind):
        object.__setattr__(provider, item.name, f"{MARK}:{item.name}")
    assert printed(provider) <= {"client_id", "client_key"}, "which TikTok calls its client id"
