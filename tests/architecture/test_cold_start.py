"""What a minimal server loads: nothing that its configuration does not use.

`python tests/benchmarks/cold_start.py` says who loads what, and what it costs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.syntax import all_modules
from tests.benchmarks.cold_start import MINIMAL, Loaded, loaded_modules

ROOMS_OF_OTHERS = {"adapters", "cli", "importing", "plugins", "testing"}
"""Parts of watchword that a server without plugins does not need."""

OTHER_CONFIGURATIONS = {
    # the world of event loops
    *("asynchronous", "callback_loop", "per_loop", "sqlite_async", "sqlite_memory_async"),
    # other storages
    *("memory", "mysql", "postgres", "redis", "redis_engine", "sqlalchemy"),
    *("secondary_sessions", "revocation_marks"),
    # encrypted cookies, other systems' hashes, traces
    *("encrypted_session_data", "jwe", "symmetric"),
    *("foreign_bcrypt", "foreign_firebase", "foreign_keyed", "foreign_passwords"),
    *("foreign_pbkdf2", "foreign_scrypt", "engine", "wrapping"),
}
"""Modules of watchword by the last part of their names, wherever they live."""

PACKAGES = {"msgspec", "typing_extensions", "idna", "watchword"} | {
    *("argon2", "_argon2_cffi_bindings", "_cffi_backend"),
    "org",  # `copy` asks for it under Jython
}
"""All that is loaded and is not Python's own."""

HEAVY = {
    *("asyncio", "email", "multiprocessing", "selectors", "socketserver", "ssl", "subprocess"),
    *("difflib", "http.client", "http.cookies", "importlib.metadata", "urllib.request"),
    *("pydoc", "shutil", "tempfile", "unittest", "xml", "zipfile", "zoneinfo"),
}
"""What of Python's own takes milliseconds, or belongs to worlds that nobody asked for."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[Loaded]:
    """What a program loads whose server is made and not asked yet."""
    compiled: Path = tmp_path_factory.mktemp("bytecode")
    return loaded_modules(str(compiled), MINIMAL)


def told(modules: list[Loaded]) -> list[str]:
    return [f"{module.by} loads {module.name}" for module in modules]


def unused(name: str) -> bool:
    package, _, rest = name.partition(".")
    return package == "watchword" and (
        rest.partition(".")[0] in ROOMS_OF_OTHERS or rest.rpartition(".")[2] in OTHER_CONFIGURATIONS
    )


def test_of_watchword_only_what_is_used(loaded: list[Loaded]) -> None:
    names = {module.name for module in loaded}
    assert {"watchword.auth", "watchword.storage.sqlite_blocking"} <= names
    assert told([module for module in loaded if unused(module.name)]) == []


def test_the_lists_name_what_exists() -> None:
    parts = [name.split(".") for name in all_modules()]
    assert {name[1] for name in parts if len(name) > 1} >= ROOMS_OF_OTHERS
    assert {name[-1] for name in parts} >= OTHER_CONFIGURATIONS


def test_of_other_packages_only_what_every_server_needs(loaded: list[Loaded]) -> None:
    known = PACKAGES | sys.stdlib_module_names
    strangers = [module for module in loaded if module.name.partition(".")[0] not in known]
    assert told(strangers) == []


def test_of_pythons_own_nothing_dear(loaded: list[Loaded]) -> None:
    dear = [
        module
        for module in loaded
        if any(module.name == name or module.name.startswith(f"{name}.") for name in HEAVY)
    ]
    assert told(dear) == []


def test_a_module_is_told_with_the_one_that_loads_it(loaded: list[Loaded]) -> None:
    by = {module.name: module.by for module in loaded}
    assert by["watchword.auth"] == "watchword"
    assert by["watchword"] == "the program"
    assert by["watchword.storage.sqlite_driver"].startswith("watchword.storage.")
