"""`jettison` as a program, run to its end or stopped on the way, and what it made of sample apps.

Each app is slimmed once by each worker; `SlimCase` reads the outcome as a stranger would.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from jettison.digest import Digest
from support.abilities import REPOSITORY
from support.apps import SampleApp, build_app
from support.layers import Layer, layer_from_tar
from support.rootfs import make_small_rootfs

PROGRAM: Final = Path(sysconfig.get_path("scripts")) / "jettison"
_SCHEMAS: Final = REPOSITORY / "docs/schemas"
_SLIM_S: Final = 240.0
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"

# What has to be said of an app beside its probe file.
_WATCHING: Final = {"worker": ("--no-http", "--continue-after", "1")}


def jettison(
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    timeout_s: float = _SLIM_S,
) -> subprocess.CompletedProcess[str]:
    """Run `jettison …` to its end; a variable of None is taken away."""
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        env=_environment(env),
        cwd=cwd or Path(os.environ["HOME"]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@contextmanager
def started(
    *arguments: str | Path, env: Mapping[str, str | None] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """`jettison …` while it runs, in a process group of its own as a shell would start it."""
    process = subprocess.Popen(
        [str(PROGRAM), *map(str, arguments)],
        env=_environment(env),
        cwd=cwd or Path(os.environ["HOME"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def find_leftovers() -> dict[str, list[str]]:
    """What runs of this test left: processes, mounts, temporary files; empty where all is clean.

    Other tests and other people may run at the same time, so only what bears this test's own
    directories is looked at.
    """
    home, temporary = os.environ["HOME"], Path(os.environ["TMPDIR"])
    found = {
        "processes": [str(pid) for pid in _processes_of(f"HOME={home}".encode())],
        "mounts": [
            line
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if str(temporary.parent) in line
        ],
        "temporary files": [str(item) for item in temporary.rglob("*")],
    }
    return {kind: items for kind, items in found.items() if items}


def _processes_of(variable: bytes) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        # Our own environment was changed after the start, so it does not count.
        with suppress(OSError):
            if variable in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def _environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    merged: dict[str, str | None] = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def check_document(document: object, name: str) -> None:
    """Check a document against its published schema."""
    schema = json.loads((_SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)


@dataclass(frozen=True)
class Layout:
    """An OCI layout of one image, read without a line of jettison."""

    directory: Path

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """Of the manifest, as `index.json` lists it."""
        (descriptor,) = json.loads((self.directory / "index.json").read_bytes())["manifests"]
        return dict(descriptor)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest, decoded."""
        return dict(json.loads(self.blob(self.descriptor["digest"]).read_bytes()))

    @cached_property
    def config(self) -> dict[str, Any]:
        """The whole image config, decoded."""
        return dict(json.loads(self.blob(self.manifest["config"]["digest"]).read_bytes()))

    def blob(self, digest: str) -> Path:
        """Where a blob is stored."""
        return self.directory / "blobs" / digest.replace(":", "/")

    @cached_property
    def files(self) -> dict[str, tarfile.TarInfo]:
        """What a container sees: absolute path → entry of the layer that has it."""
        found: dict[str, tarfile.TarInfo] = {}
        for layer in self.manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as tar:
                members = {_absolute(member.name): member for member in tar.getmembers()}
            below = tuple(found)
            for path in members:
                parent, _, name = path.rpartition("/")
                if name == _OPAQUE:
                    _hide(found, below, parent)
                elif name.startswith(_WHITEOUT):
                    hidden = f"{parent}/{name.removeprefix(_WHITEOUT)}"
                    found.pop(hidden, None)
                    _hide(found, below, hidden)
            for path, member in members.items():
                if not path.rpartition("/")[2].startswith(_WHITEOUT):
                    if path in found and found[path].isdir() and not member.isdir():
                        _hide(found, below, path)
                    found[path] = member
        return found

    def read(self, wanted: Callable[[str], bool]) -> dict[str, bytes]:
        """The content of all regular files whose path is wanted, in one pass over the layers."""
        found: dict[str, bytes] = {}
        for layer in self.manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as tar:
                for member in tar:
                    path = _absolute(member.name)
                    if member.isreg() and wanted(path) and path in self.files:
                        stream = tar.extractfile(member)
                        assert stream is not None
                        found[path] = stream.read()
        return found


def _absolute(name: str) -> str:
    return os.path.normpath(f"/{name}")


def _hide(found: dict[str, tarfile.TarInfo], below: Sequence[str], path: str) -> None:
    for name in below:
        if name.startswith(f"{path}/"):
            found.pop(name, None)


@dataclass(frozen=True)
class SlimCase:
    """One sample app, slimmed by the command line."""

    app: SampleApp
    layout: Path
    report: Path
    done: subprocess.CompletedProcess[str]

    @cached_property
    def document(self) -> dict[str, Any]:
        """What stdout received."""
        assert self.done.returncode == 0, self.done.stderr
        return dict(json.loads(self.done.stdout))

    def artifact(self, name: str) -> Any:
        """One of the JSON files in the report directory."""
        return json.loads((self.report / name).read_bytes())

    @cached_property
    def original(self) -> Layout:
        """The image as it was."""
        return Layout(self.app.layout)

    @cached_property
    def slimmed(self) -> Layout:
        """The image as it is now."""
        return Layout(self.layout)


_CASES: dict[tuple[str, str], SlimCase] = {}


def slim_app(name: str, base: str, factory: pytest.TempPathFactory) -> SlimCase:
    """The app slimmed to an OCI layout with the default policy; once, then remembered.

    Shape: the store of layers is kept as well, in a directory of the session's.
    """
    if (name, base) not in _CASES:
        app = build_app(name, base)
        directory = factory.getbasetemp() / "slimmed"
        place = directory / f"{name}-{base or 'default'}"
        place.mkdir(parents=True)
        done = jettison(
            *slim_arguments(app, f"oci:{place / 'layout'}"),
            *("--report-dir", place / "report", "--format", "json"),
            env={"XDG_CACHE_HOME": str(directory / "cache")},
        )
        _CASES[name, base] = SlimCase(app, place / "layout", place / "report", done)
    return _CASES[name, base]


def slim_arguments(app: SampleApp, output: str, target: str = "") -> list[str]:
    """`slim`, what this app needs, and one output."""
    probes = ["--probe-file", str(app.probes)] if app.probes else []
    return ["slim", target or app.target, *probes, *_WATCHING.get(app.name, ()), "-o", output]


def small_layer(factory: pytest.TempPathFactory) -> Layer:
    """A shell and some tools of the host, as a layer; made once."""
    if not _SMALL:
        directory = make_small_rootfs(factory.mktemp("small") / "rootfs")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.add(directory, "")
        _SMALL.append(layer_from_tar(out.getvalue()))
    return _SMALL[0]


_SMALL: list[Layer] = []


def extend(base: Path, directory: Path, layer: Layer, config: Mapping[str, object]) -> Path:
    """A layout of the image in `base` with one more layer and another inner config."""
    shutil.copytree(base, directory, copy_function=os.link)
    below = Layout(base)
    document = dict(below.config)
    document["config"] = dict(config)
    document["rootfs"] = {
        "type": "layers",
        "diff_ids": [*below.config["rootfs"]["diff_ids"], layer.diff_id],
    }
    document["history"] = [*below.config.get("history", ()), {"created_by": "one more layer"}]
    raw_config = json.dumps(document).encode()
    descriptor = {
        **below.manifest["config"],
        "digest": Digest.of(raw_config),
        "size": len(raw_config),
    }
    layers = [*below.manifest["layers"], layer.descriptor]
    raw = json.dumps({**below.manifest, "config": descriptor, "layers": layers}).encode()
    index = {
        "schemaVersion": 2,
        "manifests": [{**below.descriptor, "digest": Digest.of(raw), "size": len(raw)}],
    }
    for data in (raw_config, raw, layer.blob):
        (directory / "blobs/sha256" / Digest.of(data).hex).write_bytes(data)
    # A link to the base's own would be written through.
    (directory / "index.json").unlink()
    (directory / "index.json").write_text(json.dumps(index))
    return directory


def archive_of(layout: Path, archive: Path) -> Path:
    """The layout as an OCI archive."""
    with tarfile.open(archive, "w") as tar:
        tar.add(layout, "")
    return archive
