"""W13: one function gives each kind of identifier its spelling, and one looks it up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.syntax import all_modules

_SPELLING = "watchword.features.identifiers"
_LOOK_UP = "watchword.features.addresses"
_CHANGING = {"lower", "upper", "casefold", "swapcase", "title", "capitalize", "normalize"}
_ADDRESS = re.compile(r"e_?mail|address|\bnew\b|update_to", re.IGNORECASE)
_SEARCHING = {"find_one", "find_many", "find_joined", "count"}


def respelled(tree: ast.AST) -> Iterator[str]:
    """Calls that give what is called an address another spelling."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in _CHANGING and _ADDRESS.search(ast.unparse(node)):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def looked_up(tree: ast.AST) -> Iterator[str]:
    """Searches for a user by nothing but an address."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        names = {one.arg for one in node.keywords}
        of_users = bool(node.args) and ast.unparse(node.args[0]) == "User"
        if node.func.attr in _SEARCHING and of_users and "email" in names and "id" not in names:
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_w13_nobody_else_gives_an_address_its_spelling() -> None:
    found = {
        name: list(respelled(ast.parse(path.read_text())))
        for name, path in all_modules().items()
        if name != _SPELLING
    }
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_w13_nobody_else_looks_a_user_up_by_address() -> None:
    found = {
        name: list(looked_up(ast.parse(path.read_text())))
        for name, path in all_modules().items()
        if name != _LOOK_UP
    }
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "text",
    [
        "email = body.email.lower()",
        'email = (email or ask("E-mail")).strip().lower()',
        "known[read.email.casefold()] = read",
        "new_email = unicodedata.normalize('NFKC', new_email)",
    ],
)
def test_the_rule_sees_other_spellings(text: str) -> None:
    assert list(respelled(ast.parse(text)))


def test_the_rule_sees_other_look_ups() -> None:
    assert list(looked_up(ast.parse("await call.db.find_one(User, email=email)")))
    assert not list(looked_up(ast.parse("await call.db.find_one(User, id=id, email=email)")))
