"""The inventory of a built image against other readers of the same records."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from jettison.analysis.inventory import Inventory, PackageType
from jettison.analysis.inventory_read import read_inventory
from jettison.analysis.python_packages import normalize
from jettison.events import EventSink, Silent
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import ReadImage, read_image
from support.apps import build_app

pytestmark = pytest.mark.needs("bases", "userns")

_STATUS = "/var/lib/dpkg/status"
_FIELDS = "db:Status-Abbrev Package Version Architecture source:Package source:Version"
_QUERY = "|".join(f"${{{name}}}" for name in _FIELDS.split()) + "\n"
_METADATA = re.compile(r"/([^/]+\.dist-info)/METADATA")


class Found(NamedTuple):
    """What the isolated process hands back; `records` are files by path."""

    inventory: Inventory
    records: dict[str, bytes]


def look(read: ReadImage, events: EventSink) -> Found:
    records = {}
    for path in read.rootfs.tree:
        if path == _STATUS or _METADATA.search(path):
            with read.rootfs.open(path) as stream:
                records[str(path)] = stream.read()
    return Found(read_inventory(read.rootfs), records)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The app with its virtual environment, on a Python that no package manager installed."""
    app = build_app("flask_gunicorn", "official")
    request = SourceRequest(
        target=app.target,
        platform=Platform.of_machine(platform.machine()),
        limits=UnpackLimits(),
        store=tmp_path_factory.mktemp("store"),
    )
    return read_image(request, look, events=Silent())


def test_os_packages_are_those_of_dpkg(found: Found, tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(found.records[_STATUS])
    argv = ("dpkg-query", f"--admindir={tmp_path}", "--show", f"--showformat={_QUERY}")
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    rows = {tuple(line.split("|")[1:]) for line in said.splitlines() if line.startswith("ii")}
    assert len(rows) > 50
    assert {
        (item.name, item.version, item.architecture, item.source, item.source_version)
        for item in found.inventory.packages
        if item.type is PackageType.DEB
    } == rows


def test_python_packages_are_those_of_importlib(found: Found, tmp_path: Path) -> None:
    expected = []
    for number, (path, text) in enumerate(sorted(found.records.items())):
        match = _METADATA.search(path)
        if match is not None:
            directory = tmp_path / str(number) / match[1]
            directory.mkdir(parents=True)
            (directory / "METADATA").write_bytes(text)
            (item,) = importlib.metadata.distributions(path=[str(directory.parent)])
            expected.append((normalize(item.name), item.version, path.removesuffix("/METADATA")))
    assert len({name for name, _, _ in expected}) > 8
    assert sorted(
        (item.name, item.version, str(item.record))
        for item in found.inventory.packages
        if item.type is PackageType.PYTHON
    ) == sorted(expected)


def test_the_interpreter_and_what_pip_carries_are_told_apart(found: Found) -> None:
    (python,) = (item for item in found.inventory.packages if item.type is PackageType.BINARY)
    assert python.name == "python"
    assert re.fullmatch(r"3\.\d+\.\d+", python.version)
    assert "/usr/local/bin/python3" in python.files
    urllib3 = [item for item in found.inventory.bundled if item.name == "urllib3"]
    assert {item.parent for item in urllib3} == {"pip"}
    # One pip in the virtual environment, one beside the interpreter.
    assert len(urllib3) == 2
