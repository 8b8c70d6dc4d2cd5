"""What a minimal server loads: nothing that its configuration does not use.

`python tests/benchmarks/cold_start.py` says who loads what, and what it costs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.syntax import all_modules
from tests.benchmarks.cold_start import MINIMAL, Loaded, loaded_modules

ROOMS_OF_OTHERS = {"adapters", "cli", "importing", "mail", "plugins", "testing", "users"}
"""Parts of watchword that a server without plugins does not need."""

OTHER_CONFIGURATIONS = {
    # the world of event loops
    *("runtime.asynchronous", "runtime.callback_loop", "storage.connections.per_loop"),
    *("storage.sqlite.asynchronous", "storage.sqlite.in_memory_async"),
    # other storages
    *("storage.memory", "storage.mysql", "storage.postgres", "storage.redis", "storage.sqlalchemy"),
    *("sessions.in_secondary", "sessions.revocation_marks"),
    # identity providers, and requests to other servers
    *("oauth", "providers", "runtime.outgoing_blocking", "runtime.outgoing_async"),
    *("features.social.flow", "features.social.person", "features.social.resolution"),
    *("features.social.stored_tokens", "features.social.linking"),
    "features.social.account_tokens",
    # encrypted cookies, other systems' hashes, traces
    *("crypto.encrypted_session_data", "crypto.jwe", "crypto.symmetric"),
    # passwords, before the first one is given
    "crypto.argon2_hashes",
    "crypto.foreign_argon2",
    *("crypto.foreign_bcrypt", "crypto.foreign_firebase", "crypto.foreign_keyed"),
    *("crypto.foreign_passwords", "crypto.foreign_pbkdf2", "crypto.foreign_scrypt"),
    *("observability.spans", "observability.traced_engine", "observability.wrapping"),
}
"""Modules and folders of watchword, by their names below it."""

PACKAGES = {"msgspec", "typing_extensions", "watchword"} | {
    "org",  # `copy` asks for it under Jython
}
"""All that is loaded and is not Python's own."""

HEAVY = {
    *("asyncio", "email", "multiprocessing", "selectors", "socketserver", "ssl", "subprocess"),
    *("difflib", "html", "http", "importlib.metadata", "urllib.request"),
    *("pathlib", "pydoc", "shutil", "tempfile", "unittest", "xml", "zipfile", "zoneinfo"),
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
    if package != "watchword":
        return False
    return any(
        rest == one or rest.startswith(f"{one}.") for one in ROOMS_OF_OTHERS | OTHER_CONFIGURATIONS
    )


def test_of_watchword_only_what_is_used(loaded: list[Loaded]) -> None:
    names = {module.name for module in loaded}
    assert {"watchword.auth", "watchword.storage.sqlite.blocking"} <= names
    assert told([module for module in loaded if unused(module.name)]) == []


def test_the_lists_name_what_exists() -> None:
    known = {name.removeprefix("watchword.") for name in all_modules()}
    assert known >= ROOMS_OF_OTHERS | OTHER_CONFIGURATIONS


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
    assert by["watchword.storage.sqlite.driver"].startswith("watchword.storage.")
