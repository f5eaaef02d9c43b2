"""The sample apps work as built: what slimming is compared with has to be right itself."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apps import SampleApp
from support.referee import Ruling

pytestmark = pytest.mark.needs("bases", "runc", "root")

APPS = (
    ("flask_sample", "slim"),
    ("flask_gunicorn", "official"),
    ("django_app", "slim"),
    ("fastapi_app", "slim"),
    ("lazy_app", "official"),
    ("worker", "slim"),
    ("shell_entrypoint", "slim"),
)


@pytest.mark.parametrize(("name", "base"), APPS)
def test_app_passes_its_unprobed_checks(
    name: str,
    base: str,
    sample_app: Callable[..., SampleApp],
    referee: Callable[..., Ruling],
) -> None:
    app = sample_app(name, base=base)
    ruling = referee(app.layout, app.unprobed)
    assert ruling.problems == ()
    assert ruling.checks > 0


def test_referee_sees_what_is_wrong(
    tmp_path: Path, sample_app: Callable[..., SampleApp], referee: Callable[..., Ruling]
) -> None:
    checks = tmp_path / "checks.yaml"
    checks.write_text(
        "steps:\n"
        "  - {path: /, expect: {json: {$.title: Another}}}\n"
        "  - {path: /rotate, expect: {status: 404, body: nowhere}}\n"
        "exec:\n"
        "  - argv: [no-such-program]\n"
        "stop: {status: 7}\n"
    )
    ruling = referee(sample_app("shell_entrypoint").layout, checks)
    assert len(ruling.problems) == 5
    assert "$.title is 'Entrypoint', not 'Another'" in ruling.problems[0]


def test_official_base_is_laid_out_like_the_official_images(
    base_layout: Callable[[str], Path],
) -> None:
    layout = base_layout("official")
    manifest = _read(layout, json.loads((layout / "index.json").read_bytes())["manifests"][0])
    config = _read(layout, manifest["config"])
    assert config["config"]["Env"][0].startswith("PATH=/usr/local/bin:")
    names = _names(layout, manifest)
    assert "usr/local/lib/libpython3.11.so.1.0" in names
    assert "usr/local/lib/python3.11/os.py" in names
    assert {"usr/local/bin/python", "usr/local/bin/pip"} <= names
    assert not [name for name in names if name.endswith(".pyc") or "/test/" in name]
    assert not [name for name in names if name.startswith("usr/share/doc/python3.11/")]


def test_somebody_else_s_image_can_be_the_base(
    base_layout: Callable[[str], Path],
    sample_app: Callable[..., SampleApp],
    referee: Callable[..., Ruling],
) -> None:
    app = sample_app("shell_entrypoint", base=f"oci:{base_layout('slim')}")
    assert referee(app.layout, app.unprobed).problems == ()


def test_no_layer_holds_the_certificates_of_this_machine(
    sample_app: Callable[..., SampleApp],
) -> None:
    layout = sample_app("lazy_app").layout
    manifest = _read(layout, json.loads((layout / "index.json").read_bytes())["manifests"][0])
    config = _read(layout, manifest["config"])
    names = _names(layout, manifest)
    assert "etc/ssl/certs/ca-certificates.crt" in names
    assert not [name for name in names if name.startswith(("run/", "dev/", "proc/"))]
    assert not [item for item in config["config"]["Env"] if "CERT" in item or "PIP_" in item]


def _read(layout: Path, descriptor: Any) -> Any:
    digits = descriptor["digest"].removeprefix("sha256:")
    return json.loads((layout / "blobs/sha256" / digits).read_bytes())


def _names(layout: Path, manifest: Any) -> set[str]:
    names: set[str] = set()
    for layer in manifest["layers"]:
        blob = layout / "blobs/sha256" / layer["digest"].removeprefix("sha256:")
        with tarfile.open(blob) as tar:
            names.update(os.path.normpath(name) for name in tar.getnames())
    return names
