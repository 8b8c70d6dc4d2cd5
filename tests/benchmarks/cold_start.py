"""How long a fresh interpreter takes to have a server, and what it loads for it.

`python tests/benchmarks/cold_start.py` lists the modules with their own times and who asked first.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNS = 21

MINIMAL = """
import watchword
watchword.Auth(
    database="sqlite:///never-opened.db",
    secret="bench-K7pQ2vX9mB4tR8wZ1cY6nH3jL5sD0fGa",
    base_url="http://localhost:3000",
    environ={},
)
"""
"""The least that is a server. It opens its database with the first request."""

_LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")


@dataclass(frozen=True)
class Loaded:
    """A module, the one whose import loaded it, and microseconds without what it loaded itself."""

    name: str
    by: str
    own_time: int


def cold_start(compiled: str) -> tuple[str, str, str]:
    """Milliseconds that `import watchword` and a minimal `Auth` add to the interpreter's start.

    They are the processor's, beside those of the clock, which count what else the machine does.

    `compiled` is a folder for bytecode, which is there after the first run of an installed package.
    """
    programs = {"bare": "pass", "import": "import watchword", "auth": MINIMAL}
    spent: dict[str, list[float]] = {name: [] for name in programs}
    waited: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        interpreted(program, compiled)
    for _ in range(RUNS):
        for name, program in programs.items():
            started, busy = time.perf_counter(), _children()
            interpreted(program, compiled)
            spent[name].append((_children() - busy) * 1000)
            waited[name].append((time.perf_counter() - started) * 1000)
    bare, imported, whole = (statistics.median(spent[name]) for name in programs)
    clock = statistics.median(waited["auth"]) - statistics.median(waited["bare"])
    figure = f"{whole - bare:.0f} ms (import alone {imported - bare:.0f} ms; by the clock "
    return ("import watchword and a minimal Auth", f"{figure}{clock:.0f} ms)", "<= 120 ms")


def loaded_modules(compiled: str, program: str = MINIMAL) -> list[Loaded]:
    """What a program loads that the interpreter alone does not, in the order of loading."""
    interpreted(program, compiled)
    bare = {name for name, _, _ in _traced("pass", compiled)}
    found: list[Loaded] = []
    waiting: list[tuple[int, Loaded]] = []
    for name, depth, own_time in _traced(program, compiled):
        # A module is told of after those that it loaded, which are further to the right.
        while waiting and waiting[-1][0] > depth:
            _, inner = waiting.pop()
            found.append(Loaded(inner.name, name, inner.own_time))
        waiting.append((depth, Loaded(name, "the program", own_time)))
    found += [module for _, module in waiting]
    return [module for module in found if module.name not in bare]


def interpreted(program: str, compiled: str, *options: str) -> str:
    """What a fresh interpreter writes to stderr while it runs a program, with bytecode at hand."""
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, *options, "-c", program],
        check=True,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environ,
    )
    return done.stderr


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _traced(program: str, compiled: str) -> list[tuple[str, int, int]]:
    lines = _LINE.finditer(interpreted(program, compiled, "-X", "importtime"))
    return [(line[4], len(line[3]) // 2, int(line[1])) for line in lines]


def main() -> None:
    """Print what is loaded, dearest first, and the sums of packages."""
    with tempfile.TemporaryDirectory() as compiled:
        modules = loaded_modules(compiled)
    print("| us | module | loaded by |\n|---|---|---|")
    for module in sorted(modules, key=lambda one: one.own_time, reverse=True):
        print(f"| {module.own_time} | {module.name} | {module.by} |")
    sums: dict[str, int] = {}
    for module in modules:
        top = module.name.partition(".")[0]
        sums[top] = sums.get(top, 0) + module.own_time
    print("\n| us | package |\n|---|---|")
    for top, spent in sorted(sums.items(), key=lambda item: item[1], reverse=True)[:25]:
        print(f"| {spent} | {top} |")
    print(f"\n{len(modules)} modules, {sum(sums.values()) / 1000:.0f} ms under -X importtime")


if __name__ == "__main__":
    main()
