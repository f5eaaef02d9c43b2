"""skopeo writes what jettison reads, and reads what jettison writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jettison.edge.process import CommandError, run
from jettison.transport.schemes import destination, parse_target
from jettison.transport.sinks import write_sink
from support.images import make_image, make_index
from support.transports import opened, read_layers, typical_image

pytestmark = pytest.mark.needs("skopeo")

IMAGE = typical_image()
TARS = [layer.tar for layer in IMAGE.layers]


def _skopeo(*arguments: str) -> str:
    return run(("skopeo", "--insecure-policy", *arguments), timeout_s=120).text


@pytest.mark.parametrize("form", ["oci:{}:1", "oci-archive:{}:1", "docker-archive:{}:app:1"])
@pytest.mark.parametrize("origin", ["oci", "docker-archive"])
def test_what_skopeo_writes_is_read(tmp_path: Path, form: str, origin: str) -> None:
    layout = IMAGE.write_layout(tmp_path / "layout", "1")
    archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=["app:1"])
    source = f"oci:{layout}:1" if origin == "oci" else f"docker-archive:{archive}:app:1"
    place = form.format(tmp_path / "out")
    _skopeo("copy", "--quiet", source, place)
    with opened(parse_target(place), tmp_path / "work") as found:
        assert read_layers(found) == TARS
        assert found.image.config.diff_ids == tuple(layer.diff_id for layer in IMAGE.layers)
        assert found.image.config.env[1] == ("GREETING", "hullo")


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_what_skopeo_packs_is_read(tmp_path: Path, packing: str) -> None:
    layout = typical_image(compression="none").write_layout(tmp_path / "layout", "1")
    place = f"oci:{tmp_path / 'out'}:1"
    flags = ("--dest-compress-format", packing, "--dest-compress-level", "1")
    _skopeo("copy", "--quiet", "--dest-compress", *flags, f"oci:{layout}:1", place)
    with opened(parse_target(place), tmp_path / "work") as found:
        assert read_layers(found) == TARS


def test_a_multi_platform_image_that_skopeo_copies_is_read(tmp_path: Path) -> None:
    arm = make_image([{"/arm": b""}], platform="linux/arm64")
    layout = make_index([IMAGE, arm]).write_layout(tmp_path / "layout", "1")
    place = f"oci-archive:{tmp_path / 'out.tar'}:1"
    _skopeo("copy", "--quiet", "--all", f"oci:{layout}:1", place)
    with opened(parse_target(place), tmp_path / "work") as found:
        assert found.digest == IMAGE.digest


@pytest.mark.parametrize("form", ["oci:{}:1", "oci-archive:{}", "docker-archive:{}"])
def test_what_is_written_skopeo_reads_and_copies(tmp_path: Path, form: str) -> None:
    place = destination(parse_target(form.format(tmp_path / "out")), name="app.slim:2")
    written = write_sink(place, IMAGE.write_layout(tmp_path / "layout"), overwrite=False)
    shown: dict[str, Any] = json.loads(_skopeo("inspect", str(place)))
    assert shown["Architecture"] == "amd64"
    assert shown["Env"] == ["PATH=/usr/bin", "GREETING=hullo"]
    assert len(shown["Layers"]) == 3
    if not form.startswith("docker-archive"):
        assert shown["Digest"] == written.digest
        assert shown["Layers"] == [str(layer.digest) for layer in IMAGE.layers]
    assert _skopeo("inspect", "--config", "--raw", str(place)).encode() == IMAGE.raw_config
    # Copying checks every blob against its digest.
    _skopeo("copy", "--quiet", str(place), f"dir:{tmp_path / 'copied'}")


def test_skopeo_sees_damage_where_we_do(tmp_path: Path) -> None:
    """The referee is awake: what we refuse, it refuses as well."""
    layout = IMAGE.write_layout(tmp_path / "layout", "1")
    digest = IMAGE.layers[0].digest
    blob = layout / "blobs" / digest.algorithm / digest.hex
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    with pytest.raises(CommandError, match=r"Digest did not match|does not match|gzip"):
        _skopeo("copy", "--quiet", f"oci:{layout}:1", f"dir:{tmp_path / 'copied'}")
