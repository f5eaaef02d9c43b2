"""Find the Pythons of an image without running them: installations, virtual environments, paths.

What an environment can import from its search path is python_modules' work.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.filetree import FileTree, RootFS
from jettison.paths import ImagePath

_STDLIB: Final = re.compile(r"(?:python|pypy)(\d)\.(\d{1,2})t?")
_PROGRAM: Final = re.compile(r"(?:platform-)?(?:python|pypy)(?:(\d)(?:\.(\d{1,2}))?)?t?[dmu]*")
_SITE_NAMES: Final = ("site-packages", "dist-packages")
_MAX_CONFIG_BYTES: Final = 1 << 20
_MAPPING: Final = re.compile(r"^(?:MAPPING|NAMESPACES)\b[^=\n]*=\s*(\{.*?\})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """One installation of Python.

    Shape: `stdlib` is the real directory that holds `os.py` or `os.pyc`; `programs` the real
    paths of its executables, empty where it is only embedded; `version` as in
    `sys.version_info[:2]`; `implementation` as in `sys.implementation.name`.
    """

    version: tuple[int, int]
    implementation: str
    prefix: ImagePath
    stdlib: ImagePath
    programs: tuple[ImagePath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFile:
    """A `.pth` file: directories that it adds, and the code that it runs at each start."""

    path: ImagePath
    directories: tuple[ImagePath, ...]
    code: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A Python as programs start it: an interpreter with its paths.

    Shape: `prefix` is the virtual environment's or the interpreter's own; `search_path` has
    existing real directories and archives, in the order of `sys.path`, without what a program adds
    itself; `site_dirs` those of them into which packages are installed.
    """

    interpreter: Interpreter
    prefix: ImagePath
    search_path: tuple[ImagePath, ...]
    site_dirs: tuple[ImagePath, ...]
    path_files: tuple[PathFile, ...]
    is_virtual: bool


def find_interpreters(tree: FileTree) -> tuple[Interpreter, ...]:
    """Every directory that holds a standard library, with its executables, in path order."""
    found: list[Interpreter] = []
    for entry in tree.values():
        match = _STDLIB.fullmatch(entry.path.name) if entry.is_directory else None
        if match is None or not {"os.py", "os.pyc"} & set(tree.children(entry.path)):
            continue
        prefix = entry.path.parent.parent
        version = (int(match[1]), int(match[2]))
        found.append(
            Interpreter(
                version=version,
                implementation="pypy" if entry.path.name.startswith("pypy") else "cpython",
                prefix=prefix,
                stdlib=entry.path,
                programs=tuple(sorted(set(_programs(tree, prefix, version)))),
            )
        )
    return tuple(found)


def find_environments(
    rootfs: RootFS, interpreters: Sequence[Interpreter], python_path: Iterable[str] = ()
) -> tuple[Environment, ...]:
    """Every interpreter as it is, and every virtual environment; `python_path` is PYTHONPATH."""
    tree = rootfs.tree
    extra = tuple(item for item in python_path if item.startswith("/"))
    own = {
        interpreter: _environment(rootfs, interpreter, _own_site_dirs(tree, interpreter), extra)
        for interpreter in interpreters
    }
    virtual: list[Environment] = []
    for entry in tree.values():
        if entry.path.name != "pyvenv.cfg" or not entry.is_file:
            continue
        settings = _read_settings(rootfs, entry.path)
        prefix = entry.path.parent
        interpreter = _find_base(tree, prefix, settings, interpreters)
        if interpreter is None:
            continue
        major, minor = interpreter.version
        sites = [
            f"{prefix}/{lib}/{name}{major}.{minor}/site-packages"
            for lib in ("lib", "lib64")
            for name in ("python", "pypy")
        ]
        if settings.get("include-system-site-packages", "").lower() == "true":
            sites += own[interpreter].site_dirs
        virtual.append(_environment(rootfs, interpreter, sites, extra, prefix=prefix))
    return (*own.values(), *virtual)


def find_started(
    tree: FileTree, path: str, environments: Sequence[Environment]
) -> Environment | None:
    """The environment that executing `path` starts; None if it is no known Python.

    Shape: `path` as the process named it, since a link in a virtual environment's `bin` leads out
    of it. Source: CPython, Modules/getpath.py.
    """
    found = tree.resolve(path)
    if found.entry is None or not found.entry.is_file:
        return None
    named = tree.resolve(path.rpartition("/")[0] or "/").path / path.rpartition("/")[2]
    for step in (named, *found.links, found.path):
        if _PROGRAM.fullmatch(step.name):
            around = (step.parent, step.parent.parent)
            for environment in environments:
                if environment.is_virtual and environment.prefix in around:
                    return environment
    for environment in environments:
        if not environment.is_virtual and found.path in environment.interpreter.programs:
            return environment
    return None


def _programs(tree: FileTree, prefix: ImagePath, version: tuple[int, int]) -> Iterator[ImagePath]:
    others = {
        match[2]
        for name in tree.children(prefix / "lib")
        if (match := _STDLIB.fullmatch(name)) and match[1] == str(version[0])
    }
    for directory in dict.fromkeys(
        tree.resolve(prefix / name).path for name in ("bin", "libexec", "sbin")
    ):
        for name in tree.children(directory):
            if not _PROGRAM.fullmatch(name):
                continue
            found = tree.resolve(directory / name)
            if found.entry is None or not found.entry.is_executable:
                continue
            match = _PROGRAM.fullmatch(found.path.name)
            if match is None or match[1] not in (None, str(version[0])):
                continue
            if match[2] == str(version[1]) or (match[2] is None and len(others) == 1):
                yield found.path


def _own_site_dirs(tree: FileTree, interpreter: Interpreter) -> list[str]:
    """Where distributions, the author with pip, and users install packages."""
    major, minor = interpreter.version
    prefix = str(interpreter.prefix).rstrip("/")
    versioned = interpreter.stdlib.name
    found = [f"{interpreter.stdlib}/{name}" for name in _SITE_NAMES]
    for lib in ("lib", "lib64"):
        found += [f"{prefix}/{lib}/{versioned}/{name}" for name in _SITE_NAMES]
        if prefix == "/usr":
            # Debian's and Fedora's patches to site.py.
            found += [f"/usr/local/{lib}/{versioned}/{name}" for name in _SITE_NAMES]
    if prefix == "/usr":
        found.append(f"/usr/lib/python{major}/dist-packages")
    # PEP 370 names the directory after the version; whose home it is shows only at run time.
    user = f"/.local/lib/python{major}.{minor}/site-packages"
    found += [entry.path for entry in tree.values() if entry.path.endswith(user)]
    return found


def _find_base(
    tree: FileTree,
    prefix: ImagePath,
    settings: dict[str, str],
    interpreters: Sequence[Interpreter],
) -> Interpreter | None:
    """Whose virtual environment it is: by its `python` link, else by `home`, else by version."""
    real = tree.resolve(prefix / "bin/python").path
    for interpreter in interpreters:
        if real in interpreter.programs:
            return interpreter
    home = tree.resolve(settings.get("home", "/")).path.parent
    version = settings.get("version_info") or settings.get("version") or ""
    numbers = version.split(".")[:2]
    by_version = [item for item in interpreters if [str(part) for part in item.version] == numbers]
    for interpreter in (*by_version, *interpreters):
        if interpreter.prefix == home:
            return interpreter
    return by_version[0] if by_version else None


def _environment(
    rootfs: RootFS,
    interpreter: Interpreter,
    sites: Iterable[str],
    python_path: tuple[str, ...],
    *,
    prefix: ImagePath | None = None,
) -> Environment:
    tree = rootfs.tree
    site_dirs = _existing(tree, sites)
    path_files = tuple(found for site in site_dirs for found in _path_files(rootfs, site))
    major, minor = interpreter.version
    standard = (
        f"{interpreter.stdlib.parent}/python{major}{minor}.zip",
        interpreter.stdlib,
        f"{interpreter.stdlib}/lib-dynload",
    )
    added = (directory for item in path_files for directory in item.directories)
    return Environment(
        interpreter=interpreter,
        prefix=prefix or interpreter.prefix,
        search_path=_existing(tree, (*python_path, *standard, *site_dirs, *added)),
        site_dirs=site_dirs,
        path_files=path_files,
        is_virtual=prefix is not None,
    )


def _existing(tree: FileTree, paths: Iterable[str]) -> tuple[ImagePath, ...]:
    """Real directories and archives, each once."""
    found: dict[ImagePath, None] = {}
    for path in paths:
        entry = tree.resolve(path).entry
        if entry is not None and (entry.is_directory or entry.is_file):
            found[entry.path] = None
    return tuple(found)


def _path_files(rootfs: RootFS, site: ImagePath) -> Iterator[PathFile]:
    """Source: CPython, Lib/site.py, `addpackage`; setuptools, `editable_wheel`."""
    for name in rootfs.tree.children(site):
        if name.startswith("__editable__") and name.endswith("_finder.py"):
            yield PathFile(
                path=site / name, directories=_mapped(_read(rootfs, site / name)), code=b""
            )
        if not name.endswith(".pth") or name.startswith("."):
            continue
        directories: list[ImagePath] = []
        code: list[str] = []
        for line in _read(rootfs, site / name).splitlines():
            if line.startswith(("import ", "import\t")):
                code.append(line)
            elif line.strip() and not line.startswith("#"):
                directories.append(site / line.strip())
        yield PathFile(
            path=site / name,
            directories=tuple(directories),
            code="\n".join(code).encode("utf-8", "surrogateescape"),
        )


def _mapped(source: str) -> tuple[ImagePath, ...]:
    """The directories above the packages that an editable install's finder maps."""
    found: list[ImagePath] = []
    for match in _MAPPING.finditer(source):
        try:
            mapping = ast.literal_eval(match[1])
        except (ValueError, SyntaxError):
            continue
        for value in mapping.values():
            paths = value if isinstance(value, list) else [value]
            found += [ImagePath.parse(path).parent for path in paths if isinstance(path, str)]
    return tuple(dict.fromkeys(found))


def _read_settings(rootfs: RootFS, path: ImagePath) -> dict[str, str]:
    pairs = (line.partition("=") for line in _read(rootfs, path).splitlines())
    return {key.strip().lower(): value.strip() for key, sign, value in pairs if sign}


def _read(rootfs: RootFS, path: ImagePath) -> str:
    entry = rootfs.tree.resolve(path).entry
    if entry is None or not entry.is_file:
        return ""
    with rootfs.open(entry.path) as stream:
        return stream.read(_MAX_CONFIG_BYTES).decode("utf-8", "surrogateescape")
