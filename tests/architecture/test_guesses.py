"""L6: a password is compared in one place, where the guess is counted first."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.syntax import all_modules

_COUNTED = "watchword.features.email_password"


def comparisons(tree: ast.AST) -> Iterator[int]:
    """The lines of calls of `passwords.verify(...)`, whatever `passwords` belongs to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "verify":
            owner = ast.unparse(node.value).rpartition(".")[2]
            yield from [node.lineno] if owner == "passwords" else []


def test_l6_nobody_else_compares_passwords() -> None:
    found = {
        name: list(comparisons(ast.parse(path.read_text())))
        for name, path in all_modules().items()
        if name != _COUNTED
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_rule_sees_a_comparison() -> None:
    assert list(comparisons(ast.parse("await call.config.passwords.verify(stored, given)")))
    assert list(comparisons(ast.parse("await passwords.verify(call, stored, given)")))
