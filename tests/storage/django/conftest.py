"""Databases of the tests in Django's settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.django_project import database, settings_of, sqlite_settings

IN_PART = ("races", "single_use", "transactions")
"""What of the contract is asked of MySQL once more: the statements are those of `MySQLStorage`, and
what is left is how they are put together."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or item.path.parent != Path(__file__).parent:
        return False
    part = item.function.__module__
    shared = part.startswith("watchword.testing.storage_contract.")
    return shared and "mysql" in item.name and part.rpartition(".")[2] not in IN_PART


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def alias(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind, by its name in Django's settings."""
    if request.param == "sqlite":
        given = sqlite_settings(tmp_path / "test.db")
    else:
        given = settings_of(request.getfixturevalue(f"{request.param}_url"))
    with database(given) as made:
        yield made
