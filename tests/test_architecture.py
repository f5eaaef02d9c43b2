"""The ladder and the doors of the conventions (S1 to S6), checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

SOURCE: Final = Path(__file__).resolve().parents[1] / "src/jettison"

# Ground is two rows: errors stand below the others.
LADDER: Final = (
    ("errors",),
    ("decisions", "digest", "events", "paths"),
    ("image", "filetree", "dockerfile", "trace"),
    ("analysis",),
    ("selection", "profile", "lint", "scaffold", "sbom"),
    ("scan", "xray"),
    ("report",),
    ("edge", "linux"),
    ("store",),
    ("transport", "runtime", "tracer", "probe", "build", "feed", "history"),
    ("verify",),
    ("workflow",),
    ("monitor", "fleet"),
    ("portal",),
    ("cli",),
    ("__main__",),
)
ROW: Final = {name: number for number, row in enumerate(LADDER) for name in row}
FIRST_EFFECT: Final = ROW["edge"]

# Run by the interpreter of an image and never imported, so not a part of the program.
FOREIGN: Final = frozenset({"build.in_image"})

# Door: a module of the standard library or of others, and who alone may import it.
DOORS: Final = (
    ("subprocess", ("edge.process",)),
    ("multiprocessing", ()),
    ("pty", ()),
    ("ctypes", ("linux",)),
    ("urllib.request", ("edge.http",)),
    ("urllib3", ("edge.http",)),
    ("http.client", ()),
    ("httpcore", ("probe.wire",)),
    # What the client of the Docker Engine raises comes from `requests`.
    ("requests", ("transport.docker_engine",)),
    ("docker", ("transport",)),
    ("cvss", ("scan",)),
    ("semantic_version", ("scan",)),
    ("univers", ("scan",)),
    ("e2b_dockerfile_utils", ("dockerfile",)),
    ("zstandard", ("build", "transport")),
    ("packageurl", ("sbom", "scan")),
    ("cyclonedx", ("sbom", "scan")),
    ("jinja2", ("report.html", "scaffold")),
    # Many patterns in one pass over the text of an image.
    ("hyperscan", ("analysis.secrets",)),
    ("rich", ("report", "cli")),
    ("typer", ("cli",)),
    ("asyncio", ("portal",)),
)

# The pure core opens nothing: no disk, process, socket, clock, environment, randomness.
IMPURE_MODULES: Final = frozenset(
    {
        *("asyncio", "fcntl", "fileinput", "getpass", "glob", "http.client", "multiprocessing"),
        *("random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl"),
        *("subprocess", "tempfile", "threading", "time", "urllib.request", "uuid", "locale"),
    }
)
PURE_OF_OS: Final = frozenset({"fsdecode", "fsencode", "path", "PathLike", "fspath"})
PURE_OF_OS_PATH: Final = frozenset(
    {"basename", "commonpath", "dirname", "isabs", "join", "normpath", "split", "splitext"}
)
# A stage is timed by whoever does the work, through one function that stands beside the events.
# A UUID made of given bytes is a value; formats want one for a serial number.
ALLOWED: Final = frozenset(
    {("events", "time"), ("sbom.cyclonedx", "uuid.UUID"), ("sbom.spdx", "uuid.UUID")}
)
CLOCKS: Final = frozenset({"now", "today", "utcnow"})
VAGUE: Final = frozenset({"utils", "util", "common", "helpers", "helper", "manager", "misc"})
MOST_LINES: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file: its dotted name below `jettison`, its text, its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_pure(self) -> bool:
        return ROW.get(self.package, FIRST_EFFECT) < FIRST_EFFECT

    def imports(self, *, at_run_time: bool = False) -> Iterator[tuple[int, str]]:
        """Line and full name of what is imported; names out of a module as `module.name`."""
        skipped = _type_checking_nodes(self.tree) if at_run_time else frozenset[ast.AST]()
        for node in ast.walk(self.tree):
            if node in skipped:
                continue
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno}: relative import"
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name in FOREIGN:
            continue
        text = path.read_text()
        found.append(Module(name=name, path=path, text=text, tree=ast.parse(text)))
    return tuple(found)


def _type_checking_nodes(tree: ast.Module) -> frozenset[ast.AST]:
    return frozenset(
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for below in ast.walk(statement)
    )


def _is_or_below(name: str, parent: str) -> bool:
    return name == parent or name.startswith(f"{parent}.")


def _own(name: str) -> str | None:
    """The imported name below `jettison`, or None for the world outside."""
    return name.removeprefix("jettison.") if name.startswith("jettison.") else None


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_every_package_has_a_row() -> None:
    names = {module.package for module in modules()} - {""}
    assert "errors" in names
    assert names <= set(ROW)


def test_imports_only_go_down_the_ladder() -> None:
    wrong = []
    for module in modules():
        for line, name in module.imports():
            own = _own(name)
            if own is None or not module.package:
                continue
            package = own.partition(".")[0]
            # `jettison.__version__` belongs to no row.
            if package not in ROW or package == module.package:
                continue
            if ROW[package] >= ROW[module.package]:
                wrong.append(f"{module.name}:{line} imports {own}")
    assert wrong == []


def test_no_import_cycles() -> None:
    known = {module.name for module in modules()}
    graph: dict[str, set[str]] = {}
    for module in modules():
        targets = set()
        for _, name in module.imports(at_run_time=True):
            own = _own(name)
            if own is not None:
                targets.add(own if own in known else own.rpartition(".")[0])
        graph[module.name] = (targets & known) - {module.name, ""}
    assert _find_cycle(graph) == ()
    assert _find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ("a", "b", "c", "a")


def _find_cycle(graph: dict[str, set[str]]) -> tuple[str, ...]:
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if name in way:
            return (*way[way.index(name) :], name)
        if name in done:
            return ()
        for target in sorted(graph[name]):
            if found := visit(target, (*way, name)):
                return found
        done.add(name)
        return ()

    for start in sorted(graph):
        if found := visit(start, ()):
            return found
    return ()


@pytest.mark.parametrize(("door", "keepers"), DOORS)
def test_each_effect_has_one_door(door: str, keepers: tuple[str, ...]) -> None:
    wrong = [
        f"{module.name}:{line} imports {name}"
        for module in modules()
        if not any(_is_or_below(module.name, keeper) for keeper in keepers)
        for line, name in module.imports()
        if _is_or_below(name, door)
    ]
    assert wrong == []


def test_only_the_terminal_face_prints_or_exits() -> None:
    wrong = [
        f"{module.name}:{line} calls {name}"
        for module in modules()
        if module.package != "cli"
        for line, name in _calls(module.tree)
        if name in ("print", "input", "exit", "quit", "sys.exit")
        or name.startswith(("sys.stdout.write", "sys.stderr.write"))
        # A forked child and a signal end their process; both are the kernel's business.
        or (name == "SystemExit" and module.package != "linux")
    ]
    assert wrong == []


def test_the_core_opens_nothing() -> None:
    wrong = [
        f"{module.name}:{line} {what}"
        for module in modules()
        if module.is_pure
        for line, what in _effects(module)
    ]
    assert wrong == []


def test_effects_are_seen() -> None:
    text = (
        "import time, os\nfrom datetime import datetime\nopen('x')\nos.environ['A']\n"
        "datetime.now()\nos.path.exists('x')\nos.fsdecode(b'x')\n"
    )
    module = Module(name="image.x", path=SOURCE, text=text, tree=ast.parse(text))
    assert sorted(line for line, _ in _effects(module)) == [1, 3, 4, 5, 6]


def _effects(module: Module) -> Iterator[tuple[int, str]]:
    for line, name in module.imports():
        if (module.name, name) in ALLOWED:
            continue
        if any(_is_or_below(name, impure) for impure in IMPURE_MODULES):
            yield line, f"imports {name}"
        if name.startswith("os.") and name.split(".")[1] not in PURE_OF_OS:
            yield line, f"imports {name}"
        if name == "pathlib.Path" and module.is_pure:
            yield line, "imports pathlib.Path"
    for line, name in _calls(module.tree):
        if name == "open":
            yield line, "calls open()"
        if name.rpartition(".")[2] in CLOCKS and "date" in name:
            yield line, f"calls {name}()"
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        name = ast.unparse(node)
        if name.startswith("os.path."):
            if name.split(".")[2] not in PURE_OF_OS_PATH:
                yield node.lineno, f"uses {name}"
        elif name.startswith("os.") and name.split(".")[1] not in PURE_OF_OS:
            yield node.lineno, f"uses {name}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "jettison")
def test_module_is_small_and_well_named(module: Module) -> None:
    assert len(module.text.splitlines()) <= MOST_LINES
    assert not VAGUE & set(module.name.split("."))


def test_packages_reexport_without_doing_anything() -> None:
    wrong = []
    for module in modules():
        if module.path.name != "__init__.py":
            continue
        for node in module.tree.body:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not is_docstring and not isinstance(
                node, ast.ImportFrom | ast.Assign | ast.AnnAssign
            ):
                wrong.append(f"{module.name}:{node.lineno} {type(node).__name__}")
    assert wrong == []
