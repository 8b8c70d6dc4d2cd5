"""The rules of the house, held by walking the syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "watchword"

FLOORS: list[tuple[str, ...]] = [
    # From the ground up. A module imports only from its own floor's folder mates and from below.
    ("http", "errors"),
    ("crypto",),
    ("database",),
    ("records",),
    ("runtime",),
    ("options",),
    ("cookies", "results"),
    ("site", "endpoint"),
    ("plugin",),
    ("configuration",),
    ("call",),
    ("validation", "session_store"),
    ("verifications", "sessions", "additional_fields", "origin_check"),
    ("rate_limit", "body", "router", "responding"),
    ("features", "plugins"),
    ("pipeline", "compilation"),
    ("api",),
    ("auth",),
    ("__init__",),
]
"""Names of modules or folders below `watchword`."""

LOOPS_AND_THREADS = {"asyncio", "threading", "multiprocessing", "concurrent", "anyio", "trio"}
LOCKS_OF_MEMORY = {"rate_limit.py"}
"""May import threading: the counters in memory are shared by the threads of a WSGI server."""
LONGEST = 400


def sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        if folder == CORE and inside[0] in ("adapters", "storage"):
            continue
        yield path


def imports(path: Path, *, checkers_only: bool = False) -> Iterator[tuple[str, bool]]:
    """Absolute names that a module imports, and whether inside a function."""
    tree = ast.parse(path.read_text())
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    nested = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    package = ["watchword", *path.relative_to(CORE).parts[:-1]] if CORE in path.parents else []
    for node in ast.walk(tree):
        if (id(node) in hidden) and not checkers_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in nested
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, node.module or ""]).strip("."), id(node) in nested


def floor_of(name: str) -> int:
    top = name.removeprefix("watchword").strip(".").split(".")[0] or "__init__"
    return next(number for number, floor in enumerate(FLOORS) if top in floor)


def core_modules() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sources(CORE):
        parts = list(path.relative_to(CORE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(["watchword", *parts])] = path
    return found


def test_every_core_module_has_a_floor() -> None:
    for name in core_modules():
        assert floor_of(name) >= 0


def test_imports_run_down_the_floors() -> None:
    wrong = [
        f"{name} (floor {floor_of(name)}) imports {target} (floor {floor_of(target)})"
        for name, path in core_modules().items()
        for target, _ in imports(path)
        if target.startswith("watchword") and floor_of(target) > floor_of(name)
    ]
    assert wrong == []


def test_there_are_no_import_cycles() -> None:
    modules = core_modules()
    graph = {
        name: {
            target if target in modules else target.rpartition(".")[0]
            for target, _ in imports(path)
            if target.startswith("watchword.")
        }
        - {name}
        for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for target in graph.get(name, ()):
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_core_knows_no_framework_no_driver_and_no_loop() -> None:
    forbidden = LOOPS_AND_THREADS | {
        *("flask", "starlette", "fastapi", "litestar", "werkzeug", "uvicorn"),
        *("sqlite3", "aiosqlite", "psycopg", "pymysql", "asyncmy", "redis", "sqlalchemy"),
    }
    for path in sources(CORE):
        allowed = LOOPS_AND_THREADS if path.parent.name == "runtime" else set[str]()
        if path.name in LOCKS_OF_MEMORY:
            allowed = {"threading"}
        for name, _ in imports(path):
            top = name.split(".")[0]
            assert top not in forbidden - allowed, f"{path.name} imports {name}"
            assert not name.startswith(("watchword.adapters", "watchword.storage")), path.name


@pytest.mark.parametrize("folder", ["adapters", "storage"])
def test_sister_folders_import_core_absolutely_and_not_each_other(folder: str) -> None:
    other = {"adapters": "storage", "storage": "adapters"}[folder]
    for path in sources(ROOT / folder):
        for name, _ in imports(path):
            assert not name.startswith(f"watchword.{other}"), f"{path.name} imports {name}"


def test_imports_stand_at_the_top() -> None:
    for folder in (CORE, ROOT / "adapters", ROOT / "storage"):
        for path in sources(folder):
            late = [name for name, nested in imports(path) if nested]
            assert late == [], f"{path.name} imports inside a function: {late}"


def test_files_can_be_read_in_one_sitting() -> None:
    for folder in (CORE, ROOT / "adapters", ROOT / "storage"):
        for path in sources(folder):
            assert len(path.read_text().splitlines()) <= LONGEST, path
            assert path.stem not in {"utils", "helpers", "common", "misc", "manager"}, path


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
    unwanted = {"flask", "starlette", "litestar", "fastapi", "sqlite3", "httpx2", "redis", "rich"}
    assert loaded & unwanted == set()


def test_the_wheel_holds_all_three_roots(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps"]
    command += ["--no-build-isolation", "--quiet", "--wheel-dir", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("watchword-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("py.typed", "auth.py", "adapters/flask.py", "storage/sqlite.py"):
        assert f"watchword/{wanted}" in names
    assert not [name for name in names if name.startswith(("tests/", "core/"))]
