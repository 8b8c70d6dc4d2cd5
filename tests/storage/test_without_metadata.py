"""Storages are found where the distribution left no `*.dist-info`: zipapps, frozen programs."""

from __future__ import annotations

import importlib.metadata
import tomllib

import pytest

from tests.architecture.syntax import ROOT
from watchword.configuration.compilation import _STORAGES, open_storage
from watchword.errors import ConfigurationError
from watchword.storage.sqlite import SQLiteStorage


@pytest.fixture(autouse=True)
def no_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry_points(group: str) -> list[importlib.metadata.EntryPoint]:
        return []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


@pytest.mark.parametrize(
    ("url", "system"),
    [
        ("sqlite://", "sqlite"),
        ("mysql://db/a", "mysql"),
        ("mariadb://db/a", "mysql"),
        ("postgresql://db/a", "postgresql"),
        ("postgres://db/a", "postgresql"),
    ],
)
def test_what_is_built_in_is_found(url: str, system: str) -> None:
    assert getattr(open_storage(url), "system", None) == system


def test_what_is_not_known_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match="mariadb, mysql, postgres, postgresql, sqlite"):
        open_storage("oracle://db/a")


def test_schemes_of_others_are_found_by_their_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = importlib.metadata.EntryPoint("lite", "watchword.storage.sqlite:SQLiteStorage", "x")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [theirs])  # pyright: ignore
    assert isinstance(open_storage("lite:///a.db"), SQLiteStorage)


def test_the_entry_points_say_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["watchword.storage"] == _STORAGES
