"""What the modules of the house import, read from their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "watchword"
SISTERS = {"adapters": ROOT / "adapters", "storage": ROOT / "storage"}


@dataclass(frozen=True)
class Import:
    """One name that a module imports."""

    module: str
    """Absolute name of the module that is imported from."""
    name: str
    """What is taken from it; empty for `import module`."""
    level: int
    """Leading dots; 0 for an absolute import."""
    nested: bool
    """Stands inside a function."""
    for_checkers: bool
    """Stands below `if TYPE_CHECKING:`, so it never runs."""

    @property
    def top(self) -> str:
        return self.module.split(".")[0]

    def within(self, modules: dict[str, Path]) -> str:
        """The module among `modules` that this loads; the name as it stands if it is none."""
        whole = f"{self.module}.{self.name}"
        return whole if self.name and whole in modules else self.module


def core_modules() -> dict[str, Path]:
    """The modules of core by absolute name."""
    inside = (path for path in sorted(CORE.rglob("*.py")))
    return {
        module_name(path): path for path in inside if path.relative_to(CORE).parts[0] not in SISTERS
    }


def sister_modules(folder: str) -> dict[str, Path]:
    """The modules of adapters/ or storage/ by absolute name."""
    return {module_name(path): path for path in sorted(SISTERS[folder].rglob("*.py"))}


def all_modules() -> dict[str, Path]:
    """Every module that the wheel holds."""
    return core_modules() | sister_modules("adapters") | sister_modules("storage")


def module_name(path: Path) -> str:
    """`core/watchword/http/json.py` is `watchword.http.json`; a package goes by its folder."""
    base = CORE if CORE in path.parents else ROOT
    parts = ["watchword", *path.relative_to(base).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, text: str | None = None) -> Iterator[Import]:
    """Everything a module imports, wherever it stands. `text` stands in for the file's own."""
    parts = module_name(path).split(".")
    package = parts if path.name == "__init__.py" else parts[:-1]
    tree = ast.parse(path.read_text() if text is None else text)
    yield from _below(tree, package, nested=False, for_checkers=False)


def _below(
    node: ast.AST, package: list[str], *, nested: bool, for_checkers: bool
) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, "", 0, nested, for_checkers)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            yield Import(module, alias.name, node.level, nested, for_checkers)
    elif isinstance(node, ast.If) and _asks_for_checkers(node.test):
        for child in node.body:
            yield from _below(child, package, nested=nested, for_checkers=True)
        for child in node.orelse:
            yield from _below(child, package, nested=nested, for_checkers=for_checkers)
    else:
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from _below(child, package, nested=nested or inside, for_checkers=for_checkers)


def _asks_for_checkers(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))
