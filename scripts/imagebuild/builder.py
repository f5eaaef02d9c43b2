"""Interpret a Dockerfile: stages, layers by cache key, and the image config that results."""

from __future__ import annotations

import copy
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagebuild.cache import Cache, Layer, key_of
from imagebuild.dockerfile import Context, Instruction, expand, pairs, parse
from imagebuild.packing import digest_of, pack
from imagebuild.sandbox import Step, find_ids, overlay, run_in

# Raised when the same recipe would give another layer than before.
_FORMAT = 1
_CREATED = "2025-01-01T00:00:00Z"
_SOURCE_MTIME = 1_735_689_600
_SHELL = ("/bin/sh", "-c")
_UNITS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


@dataclass
class Stage:
    """An image while it grows: what stands in it so far, and its config."""

    key: str = ""
    layers: list[Layer] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    has_own_cmd: bool = False

    @property
    def env(self) -> dict[str, str]:
        """The image's variables."""
        return dict(item.split("=", 1) for item in self.config.get("Env", ()))

    @property
    def workdir(self) -> str:
        """Where RUN runs and relative paths start."""
        return str(self.config.get("WorkingDir") or "/")

    def copy(self) -> Stage:
        """A stage that goes on from here."""
        grown = copy.deepcopy(self)
        grown.has_own_cmd = False
        return grown

    def record(self, created_by: str, *, empty: bool = True) -> None:
        """Add a line of history, as BuildKit words it."""
        self.history.append(
            {
                "created": _CREATED,
                "created_by": created_by,
                "comment": "buildkit.dockerfile.v0",
                **({"empty_layer": True} if empty else {}),
            }
        )


@dataclass(frozen=True)
class Builder:
    """Builds Dockerfiles; `resolve` finds the stage that a FROM outside of the file names."""

    cache: Cache
    resolve: Callable[[str], Stage]

    def build(self, directory: Path) -> Stage:
        """The last stage of `directory/Dockerfile`.

        Raises: SystemExit when a step fails.
        """
        path = directory / "Dockerfile"
        context = Context(directory)
        stages: dict[str, Stage] = {}
        stage = Stage()
        for instruction in parse(path.read_text(), name=str(path)):
            if instruction.name == "FROM":
                source, *rest = instruction.text.split()
                stage = stages[source].copy() if source in stages else self.resolve(source).copy()
                if rest:
                    stages[rest[-1]] = stage
                stages[str(len(stages))] = stage
            elif instruction.name == "RUN":
                self._run(stage, instruction)
            elif instruction.name == "COPY":
                self._copy(stage, instruction, context, stages)
            elif instruction.name == "WORKDIR":
                self._workdir(stage, expand(instruction.text, stage.env))
            else:
                configure(stage, instruction)
        return stage

    def add_layer(
        self, stage: Stage, created_by: str, depends_on: object, fill: Callable[[Path, Path], None]
    ) -> None:
        """Append the layer that `fill(root, building)` makes, or the cached one.

        `root` is the merged tree, `building` a directory for temporary things.
        """
        key = key_of(_FORMAT, stage.key, created_by, depends_on)
        with self.cache.lock(key):
            layer = self.cache.find(key)
            if layer is None:
                sys.stderr.write(f"--- {created_by[:110]}\n")
                layer = self._make_layer(key, stage, fill)
        stage.key = key
        stage.layers.append(layer)
        stage.record(created_by, empty=False)

    def _make_layer(self, key: str, stage: Stage, fill: Callable[[Path, Path], None]) -> Layer:
        with self.cache.new_layer(key) as building:
            files = building / "fs"
            lower = [layer.files for layer in stage.layers]
            with overlay(lower, files, building / "work") as root:
                fill(root, building)
            diff_id = pack(files, building / "layer.tar.gz")
            blob = building / "layer.tar.gz"
            size = blob.stat().st_size
            return self.cache.keep(building, Layer(key, building, diff_id, digest_of(blob), size))

    def _run(self, stage: Stage, instruction: Instruction) -> None:
        argv = instruction.exec_form or [*_SHELL, instruction.text]
        step = Step(env=stage.env, user=stage.config.get("User", ""), cwd=stage.workdir)
        self.add_layer(
            stage,
            f"RUN {' '.join(argv)} # buildkit",
            (argv, stage.env, step.user, step.cwd),
            lambda root, _: run_in(root, argv, step, self.cache),
        )

    def _workdir(self, stage: Stage, text: str) -> None:
        place = os.path.normpath(Path(stage.workdir) / text)
        stage.config["WorkingDir"] = place
        self.add_layer(
            stage, f"WORKDIR {place}", "", lambda root, _: _make_directories(root, place, (0, 0))
        )

    def _copy(
        self, stage: Stage, instruction: Instruction, context: Context, stages: dict[str, Stage]
    ) -> None:
        *sources, target = instruction.exec_form or instruction.text.split()
        target = str(Path(stage.workdir) / target) + ("/" if target.endswith(("/", ".")) else "")
        owner = instruction.flags.get("chown", "0:0")
        created_by = f"COPY {' '.join(sources)} {target} # buildkit"
        origin = instruction.flags.get("from")
        if origin is not None:
            other = stages[origin] if origin in stages else self.resolve(origin)

            def fill(root: Path, building: Path) -> None:
                lower = [layer.files for layer in other.layers]
                (building / "from").mkdir()
                with overlay(lower, building / "from", building / "from-work/work") as source:
                    place = Place(root, target, find_ids(root, owner), keep=True)
                    _copy_all(source, sources, place, lambda _: False)
                shutil.rmtree(building / "from")

            self.add_layer(stage, created_by, (other.key, owner), fill)
            return
        depends_on = (_listing(context, sources), owner)
        self.add_layer(
            stage,
            created_by,
            depends_on,
            lambda root, _: _copy_all(
                context.directory,
                sources,
                Place(root, target, find_ids(root, owner)),
                context.is_ignored,
            ),
        )


@dataclass(frozen=True)
class Place:
    """Where COPY writes, and as whom; `keep` keeps modes and times, as from another stage."""

    root: Path
    target: str
    owner: tuple[int, int]
    keep: bool = False


def _copy_all(
    source: Path, names: Iterable[str], place: Place, is_ignored: Callable[[str], bool]
) -> None:
    found = [path for name in names for path in _matches(source, name)]
    is_directory = place.target.endswith("/") or len(found) > 1
    for path in found:
        if path.is_dir() and not path.is_symlink():
            _make_directories(place.root, place.target, place.owner)
            base = place.root / place.target.strip("/")
            for below in sorted(path.rglob("*")):
                if not is_ignored(str(below.relative_to(source))):
                    _copy_one(below, base / below.relative_to(path), place)
            continue
        parent = place.target if is_directory else str(Path(place.target).parent)
        _make_directories(place.root, parent, place.owner)
        name = path.name if is_directory else Path(place.target).name
        _copy_one(path, place.root / parent.strip("/") / name, place)


def _matches(source: Path, name: str) -> list[Path]:
    clean = os.path.normpath(name.lstrip("/"))
    found = [source] if clean == "." else sorted(source.glob(clean))
    if not found:
        raise SystemExit(f"COPY: {name} is not there")
    return found


def _copy_one(source: Path, target: Path, place: Place) -> None:
    status = source.lstat()
    if not stat.S_ISDIR(status.st_mode):
        target.unlink(missing_ok=True)
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(os.readlink(source))  # noqa: PTH115  # Path would tidy the target up
    elif stat.S_ISDIR(status.st_mode):
        target.mkdir(exist_ok=True)
    else:
        shutil.copyfile(source, target)
    os.chown(target, *place.owner, follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return
    # A clone's modes depend on the umask it was made with; the image's must not.
    executable = stat.S_ISDIR(status.st_mode) or status.st_mode & 0o100
    target.chmod(stat.S_IMODE(status.st_mode) if place.keep else 0o755 if executable else 0o644)
    mtime = int(status.st_mtime) if place.keep else _SOURCE_MTIME
    os.utime(target, (mtime, mtime))


def _make_directories(root: Path, path: str, owner: tuple[int, int]) -> None:
    here = root
    for part in Path(path.strip("/")).parts:
        here = here / part
        if not here.is_dir():
            here.mkdir()
            here.chmod(0o755)
            os.chown(here, *owner)


def _listing(context: Context, names: Iterable[str]) -> list[tuple[str, str]]:
    """What a COPY would take: names, kinds and digests."""
    found = []
    for name in names:
        for top in _matches(context.directory, name):
            for path in (top, *sorted(top.rglob("*"))):
                relative = str(path.relative_to(context.directory))
                if context.is_ignored(relative) or path.is_dir():
                    continue
                mark = "x" if path.stat().st_mode & 0o100 else "-"
                found.append((relative, mark + digest_of(path)))
    return found


def configure(stage: Stage, instruction: Instruction) -> None:
    """Apply an instruction that changes only the config."""
    config, name = stage.config, instruction.name
    text = instruction.text if name in ("CMD", "ENTRYPOINT", "HEALTHCHECK") else ""
    text = text or expand(instruction.text, stage.env)
    argv = instruction.exec_form or [*_SHELL, text]
    shown = f"{name} {text}"
    if name == "ENV":
        merged = stage.env | dict(pairs(text))
        config["Env"] = [f"{key}={value}" for key, value in merged.items()]
        shown = f"ENV {' '.join(f'{key}={value}' for key, value in pairs(text))}"
    elif name == "USER":
        config["User"] = text
    elif name == "EXPOSE":
        ports = [port if "/" in port else f"{port}/tcp" for port in text.split()]
        config.setdefault("ExposedPorts", {}).update({port: {} for port in ports})
        shown = f"EXPOSE [{' '.join(ports)}]"
    elif name == "CMD":
        config["Cmd"], stage.has_own_cmd = argv, True
        shown = f"CMD [{' '.join(_quoted(item) for item in argv)}]"
    elif name == "ENTRYPOINT":
        config["Entrypoint"] = argv
        if not stage.has_own_cmd:
            config.pop("Cmd", None)
        shown = f"ENTRYPOINT [{' '.join(_quoted(item) for item in argv)}]"
    elif name == "HEALTHCHECK":
        config["Healthcheck"] = _healthcheck(instruction)
    elif name == "VOLUME":
        names = instruction.exec_form or text.split()
        config.setdefault("Volumes", {}).update({volume: {} for volume in names})
    elif name == "LABEL":
        config.setdefault("Labels", {}).update(dict(pairs(text)))
    else:
        config["StopSignal"] = text
    stage.record(shown)


def _healthcheck(instruction: Instruction) -> dict[str, Any]:
    text = instruction.text.removeprefix("CMD").strip()
    command = Instruction("CMD", {}, text, instruction.line)
    found: dict[str, Any] = {"Test": ["CMD", *(command.exec_form or ())]}
    if command.exec_form is None:
        found["Test"] = ["CMD-SHELL", text]
    for flag, key in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start-period", "StartPeriod"),
    ):
        if flag in instruction.flags:
            found[key] = _nanoseconds(instruction.flags[flag])
    if "retries" in instruction.flags:
        found["Retries"] = int(instruction.flags["retries"])
    return found


def _nanoseconds(text: str) -> int:
    number = text.rstrip("msh")
    return int(float(number) * _UNITS[text[len(number) :]])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
