"""A small document of an X-ray with something in every part, for tests of what shows it."""

from __future__ import annotations

from typing import Final

import msgspec

from jettison.analysis.inventory import PackageType
from jettison.report.slim_document import Stage
from jettison.report.xray_diff_document import (
    ConfigDifference,
    DirectoryDifference,
    FileDifference,
    PackageDifference,
    XrayDiffDocument,
)
from jettison.report.xray_document import (
    Changes,
    ConfigRow,
    DirectoryRow,
    DistroRow,
    DockerfileLine,
    DockerfileRow,
    DuplicateRow,
    EnvRow,
    EstimateCategory,
    EstimateRow,
    FileRow,
    GateRow,
    HealthcheckRow,
    ImageSummary,
    LayerRow,
    PackageRow,
    Place,
    PythonRow,
    RiskRow,
    Unowned,
    UserRow,
    WasteRow,
    XrayDocument,
)
from jettison.xray.compare import Aspect, Change

_DIGEST: Final = "sha256:" + "1" * 64


def xray_document() -> XrayDocument:
    """Two layers: Debian with Perl and Python, and an app with Flask."""
    return XrayDocument(
        image=ImageSummary(
            reference="docker:shop",
            digest=_DIGEST,
            platform="linux/amd64",
            created="2026-11-28T00:00:00Z",
            size_bytes=112_000_000,
            visible_size_bytes=110_000_000,
            compressed_size_bytes=None,
            layer_count=2,
            file_count=5000,
            directory_count=700,
        ),
        layers=(
            _layer(
                0,
                'CMD ["bash"]',
                Changes(count=4500, size_bytes=100_000_000),
                FileRow(
                    path="/usr/bin/perl",
                    size_bytes=3_900_000,
                    layer=0,
                    owner="deb perl-base 5.36.0-7",
                ),
            ),
            _layer(
                1,
                "RUN pip install flask && rm -r /usr/share/doc",
                Changes(count=900, size_bytes=12_000_000),
                FileRow(path="/app/big.bin", size_bytes=2_000_000, layer=1),
            ),
        ),
        packages=(
            _package(PackageType.DEB, "perl-base", "5.36.0-7", 8_000_000, 0),
            _package(PackageType.PYTHON, "Flask", "2.3.3", 600_000, 1),
        ),
        unowned=Unowned(
            file_count=12,
            size_bytes=2_100_000,
            largest=(FileRow(path="/app/big.bin", size_bytes=2_000_000, layer=1),),
        ),
        files=(
            FileRow(
                path="/usr/bin/perl", size_bytes=3_900_000, layer=0, owner="deb perl-base 5.36.0-7"
            ),
            FileRow(path="/app/big.bin", size_bytes=2_000_000, layer=1),
        ),
        directories=(
            DirectoryRow(path="/", size_bytes=110_000_000, file_count=5000),
            DirectoryRow(path="/app", size_bytes=2_100_000, file_count=12),
            DirectoryRow(path="/usr", size_bytes=107_000_000, file_count=4900),
            DirectoryRow(path="/usr/bin", size_bytes=30_000_000, file_count=400),
        ),
        efficiency=0.9821,
        wasted_bytes=4_000_000,
        user_wasted_percent=0.3333,
        waste=(WasteRow(path="/usr/share/doc/x", size_bytes=2_000_000, layers=(0, 1)),),
        duplicates=(
            DuplicateRow(
                digest=_DIGEST,
                size_bytes=2_000_000,
                count=2,
                wasted_bytes=2_000_000,
                places=(
                    Place(path="/app/big.bin", layer=1, is_visible=True),
                    Place(path="/app/copy.bin", layer=1, is_visible=True),
                ),
            ),
        ),
        duplicate_count=1,
        duplicate_bytes=2_000_000,
        config=_config(),
        risks=(
            RiskRow(
                kind="setuid",
                severity="medium",
                path="/usr/bin/su",
                layer=0,
                is_hidden=False,
                detail="runs as root (mode 4755)",
            ),
            RiskRow(
                kind="secret",
                severity="high",
                path="/root/.env",
                layer=0,
                is_hidden=True,
                detail="AWS access key, deleted in layer 1",
            ),
        ),
        dockerfile=DockerfileRow(
            text='FROM scratch\nCMD ["bash"]\nRUN pip install flask && rm -r /usr/share/doc\n',
            lines=(
                DockerfileLine(
                    text="FROM scratch", layer=None, is_base=True, is_guessed=True, reason="no name"
                ),
                DockerfileLine(text='CMD ["bash"]', layer=0, is_base=True, is_guessed=False),
                DockerfileLine(
                    text="RUN pip install flask && rm -r /usr/share/doc",
                    layer=1,
                    is_base=False,
                    is_guessed=False,
                ),
            ),
        ),
        estimate=EstimateRow(
            size_bytes=112_000_000,
            saved_bytes=70_000_000,
            categories=(
                EstimateCategory(
                    name="documentation",
                    size_bytes=20_000_000,
                    file_count=900,
                    examples=("/usr/share/doc",),
                ),
            ),
        ),
        gates=(GateRow(name="size", found="112MB", allowed="100MB", passed=False),),
        stages=(Stage(name="read", seconds=0.4),),
        notices=("a notice",),
    )


def xray_diff_document() -> XrayDiffDocument:
    """The image before and after an update, with one difference of every kind."""
    before = xray_document().image
    return XrayDiffDocument(
        before=before,
        after=msgspec.structs.replace(before, reference="docker:shop:2", size_bytes=100_000_000),
        shared_layer_count=1,
        files=(
            FileDifference(
                path="/app/big.bin", change=Change.REMOVED, before_bytes=2_000_000, after_bytes=0
            ),
            FileDifference(
                path="/app/main.py",
                change=Change.CHANGED,
                before_bytes=100,
                after_bytes=120,
                aspects=(Aspect.CONTENT, Aspect.MODE),
            ),
        ),
        directories=(
            DirectoryDifference(
                path="/app", added_bytes=120, removed_bytes=2_000_100, file_count=2
            ),
        ),
        packages=(
            PackageDifference(
                type=PackageType.PYTHON,
                name="flask",
                change=Change.CHANGED,
                before=("2.3.3",),
                after=("3.0.0",),
                before_bytes=600_000,
                after_bytes=650_000,
            ),
        ),
        config=(ConfigDifference(name="user", before=None, after="app"),),
        stages=(Stage(name="compare", seconds=0.1),),
        notices=("a notice",),
    )


def _layer(index: int, instruction: str, added: Changes, largest: FileRow) -> LayerRow:
    return LayerRow(
        index=index,
        digest=_DIGEST,
        diff_id=_DIGEST,
        media_type="application/vnd.oci.image.layer.v1.tar",
        instruction=instruction,
        created="",
        is_base=index == 0,
        size_bytes=added.size_bytes,
        compressed_size_bytes=None,
        added=added,
        modified=Changes(count=3 * index, size_bytes=1000 * index),
        deleted=Changes(count=40 * index, size_bytes=2_000_000 * index),
        largest=(largest,),
    )


def _package(
    kind: PackageType, title: str, version: str, size_bytes: int, layer: int
) -> PackageRow:
    return PackageRow(
        type=kind,
        name=title.lower(),
        title=title,
        version=version,
        size_bytes=size_bytes,
        file_count=100,
        missing_count=0,
        layer=layer,
        source=title.lower(),
        source_version=version,
        architecture="amd64",
        location="/var/lib/dpkg/status",
        licenses=("MIT",),
        is_requested=True,
    )


def _config() -> ConfigRow:
    return ConfigRow(
        user=UserRow(
            configured="", name="root", uid=0, gid=0, is_root=True, problem="no USER is set"
        ),
        exposed_ports=("8000/tcp",),
        env=(EnvRow(name="PATH", value="/usr/bin"), EnvRow(name="API_KEY", value="***")),
        entrypoint=("gunicorn",),
        cmd=("app:app",),
        shell=(),
        working_dir="/app",
        healthcheck=HealthcheckRow(
            test=("CMD", "true"),
            interval_s=30.0,
            timeout_s=3.0,
            start_period_s=5.0,
            start_interval_s=1.0,
            retries=3,
        ),
        stop_signal="SIGTERM",
        stop_timeout_s=10,
        labels={"maintainer": "me"},
        volumes=("/data",),
        onbuild=(),
        distro=DistroRow(
            id="debian", version_id="12", codename="bookworm", name="Debian GNU/Linux 12"
        ),
        pythons=(PythonRow(version="3.11", path="/usr/bin/python3.11"),),
    )
