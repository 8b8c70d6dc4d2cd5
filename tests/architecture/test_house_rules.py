"""The rules of the house, held by walking the syntax trees."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping, Set
from pathlib import Path

import pytest

from tests.architecture.syntax import (
    CORE,
    ROOT,
    Import,
    all_modules,
    core_modules,
    imports,
    sister_modules,
)

FLOORS: list[tuple[str, ...]] = [
    # From the ground up. A module imports only from its own floor's folder mates and from below.
    ("http", "errors", "discreet", "configuration.safe_ranges"),
    ("crypto",),
    ("database",),
    ("records",),
    ("results", "submitted", "observability.logs"),
    ("runtime",),
    ("configuration.durations", "configuration.option_checks"),
    (
        "configuration.account_options",
        "configuration.work_limits",
        "configuration.rate_limit_options",
        "configuration.outgoing_options",
    ),
    ("configuration.options", "resource"),
    ("cookies",),
    ("configuration.site", "endpoint", "credential"),
    ("plugin_base",),
    ("configuration",),
    ("call",),
    ("observability",),
    ("sessions",),
    ("server_api",),
    ("verifications",),
    ("pipeline",),
    ("oauth",),
    ("providers",),
    ("features",),
    ("plugin",),
    ("plugins",),
    ("mail",),
    ("configuration.auth_options",),
    ("configuration.compilation", "configuration.contradictions"),
    ("pipeline.server_calls",),
    ("users",),
    ("mail.hand", "api", "server"),
    ("auth",),
    ("client",),
    ("__init__",),
    ("importing",),
    ("testing",),
    ("cli",),
    ("__main__",),
]
"""Names below `watchword`. A folder stands for all of its modules that have no floor of their own:
those few that build a server (compilation) or that the ground needs (ranges of options)."""

LOOPS_AND_THREADS = {"asyncio", "threading", "multiprocessing", "concurrent", "anyio", "trio"}
LOCKS_OF_MEMORY = {"rate_counters.py"}
"""May import threading: the counters in memory are shared by the threads of a WSGI server."""
DRIVER_OF_TESTS = "watchword.testing.storage_contract.driving"
"""May import both: no server loads it."""
RECURSIVE = "watchword.call"
NAMES_OF_IT = {
    "watchword.configuration.options",
    "watchword.credential",
    "watchword.endpoint",
    "watchword.plugin_base",
}
"""The one exception. Application and plugin authors write functions that take a `Call`; what
declares these functions is itself on every call (`call.endpoint`, `call.config.options.hooks`). The
type is recursive, so its lower modules name it, for type checkers only. Instead of it there could
only be a copy of `Call` as a protocol, which editors would show to the authors."""
LATE = {
    ("watchword.database.hidden", "pydantic_core"),
    ("watchword.plugins.phone_number.numbers", "phonenumbers"),
}
"""(importer, imported) pairs that may stand inside a function: optional extras, nothing else."""
LONGEST = 400
COMPILED = {".py", ".pyc"}


def floor_of(name: str) -> int:
    below = name.removeprefix("watchword").strip(".") or "__init__"
    floors = {one: number for number, floor in enumerate(FLOORS) for one in floor}
    while below not in floors:
        below, dot, _ = below.rpartition(".")
        assert dot, f"{name} has no floor"
    return floors[below]


def test_every_core_module_has_a_floor() -> None:
    for name in core_modules():
        assert floor_of(name) >= 0


def test_imports_run_down_the_floors() -> None:
    modules = core_modules()
    wrong = [
        f"{name} (floor {floor_of(name)}) imports {target} (floor {floor_of(target)})"
        for name, path in modules.items()
        for found in imports(path)
        for target in [found.within(modules)]
        if found.top == "watchword" and floor_of(target) > floor_of(name)
        if not is_recursive(name, target, found)
    ]
    assert wrong == []


def is_recursive(name: str, target: str, found: Import) -> bool:
    """Whether it is the exception, for type checkers only."""
    return found.for_checkers and target == RECURSIVE and name in NAMES_OF_IT


def test_every_module_that_may_name_calls_does() -> None:
    modules = core_modules()
    for name in NAMES_OF_IT:
        found = list(imports(modules[name]))
        assert any(is_recursive(name, one.within(modules), one) for one in found), name


def test_there_are_no_import_cycles() -> None:
    """Nor would there be any if what only type checkers import were imported."""
    modules = all_modules()
    graph = {
        name: {
            target
            for found in imports(path)
            for target in [found.within(modules)]
            if found.top == "watchword" and not is_recursive(name, target, found)
        }
        - {name}
        for name, path in modules.items()
    }
    assert cycle_in(graph) == ()


def test_cycles_are_found() -> None:
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == ()
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ("a", "b", "c", "b")


def cycle_in(graph: Mapping[str, Set[str]]) -> tuple[str, ...]:
    """The way into a cycle and around it; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
        if name in trail:
            return (*trail, name)
        for target in () if name in done else sorted(graph.get(name, ())):
            if found := visit(target, (*trail, name)):
                return found
        done.add(name)
        return ()

    return next(filter(None, (visit(name, ()) for name in graph)), ())


def test_core_knows_no_framework_no_driver_and_no_loop() -> None:
    forbidden = LOOPS_AND_THREADS | {
        *("flask", "quart", "starlette", "fastapi", "litestar", "django", "asgiref", "werkzeug"),
        "uvicorn",
        *("sqlite3", "aiosqlite", "psycopg", "pymysql", "asyncmy", "redis", "sqlalchemy"),
    }
    for name, path in core_modules().items():
        drives = path.parent.name == "runtime" or name == DRIVER_OF_TESTS
        allowed = LOOPS_AND_THREADS if drives else set[str]()
        if path.name in LOCKS_OF_MEMORY:
            allowed = {"threading"}
        for found in imports(path):
            assert found.top not in forbidden - allowed, f"{name} imports {found.module}"
            inside = f"{found.module}.{found.name}."
            assert not inside.startswith(("watchword.adapters.", "watchword.storage.")), name


@pytest.mark.parametrize("folder", ["adapters", "storage"])
def test_sister_folders_do_not_import_each_other(folder: str) -> None:
    other = {"adapters": "storage", "storage": "adapters"}[folder]
    for name, path in sister_modules(folder).items():
        for found in imports(path):
            inside = f"{found.module}.{found.name}."
            assert not inside.startswith(f"watchword.{other}."), f"{name} imports {found.module}"


def test_imports_stand_at_the_top() -> None:
    late = [
        f"{name} imports {found.module} inside a function"
        for name, path in all_modules().items()
        for found in imports(path)
        if found.nested and (name, found.module) not in LATE
    ]
    assert late == []


def test_files_can_be_read_in_one_sitting() -> None:
    for name, path in all_modules().items():
        assert len(path.read_text().splitlines()) <= LONGEST, name
        assert path.stem not in {"utils", "helpers", "common", "misc", "manager"}, name


def test_the_links_hold_the_house_together() -> None:
    for name in ("adapters", "storage"):
        assert (CORE / name).resolve() == ROOT / name


def test_importing_watchword_loads_nothing_that_is_not_used() -> None:
    program = (
        "import sys, watchword; "
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    frameworks = {"flask", "werkzeug", "starlette", "fastapi", "litestar", "django", "asgiref"}
    servers = {"uvicorn", "anyio", "quart", "hypercorn"}
    drivers = {"sqlite3", "aiosqlite", "psycopg", "pymysql", "asyncmy", "redis", "sqlalchemy"}
    others = {"httpx2", "rich", "cyclopts", "pytest", "opentelemetry"}
    assert loaded & (frameworks | servers | drivers | others) == set()
    assert "watchword" in loaded


def wheel_path(name: str, path: Path) -> str:
    suffix = "/__init__.py" if path.name == "__init__.py" else ".py"
    return name.replace(".", "/") + suffix


def test_the_wheel_holds_all_three_roots(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps"]
    command += ["--no-build-isolation", "--quiet", "--wheel-dir", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("watchword-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    modules = {name for name in names if name.endswith(".py")}
    assert modules == {
        "pytest_watchword.py",
        *(wheel_path(name, path) for name, path in all_modules().items()),
    }
    data = (file for file in CORE.rglob("*") if file.is_file() and file.suffix not in COMPILED)
    assert {f"watchword/{file.relative_to(CORE).as_posix()}" for file in data} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "core/"))]
