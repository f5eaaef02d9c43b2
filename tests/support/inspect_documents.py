"""Sample documents of `copy` and `inspect`."""

from __future__ import annotations

from typing import Final

from jettison.report.copy_document import BlobCounts, CopyDocument, Place
from jettison.report.inspect_document import (
    ImageConfigRow,
    IndexRow,
    InspectDocument,
    PlatformRow,
    StoredLayer,
)
from jettison.report.slim_document import Stage
from jettison.report.xray_document import EnvRow, HealthcheckRow

ONE: Final = "sha256:" + "1" * 64
TWO: Final = "sha256:" + "2" * 64


def copy_document(*, digest: str = ONE, mounted: int = 0) -> CopyDocument:
    """An index in a registry that came from a layout."""
    return CopyDocument(
        source=Place(reference="oci:app:1", digest=ONE),
        destination=Place(reference="registry:hub.example/app:1", digest=digest),
        is_digest_kept=digest == ONE,
        media_type="application/vnd.oci.image.index.v1+json",
        platforms=("linux/amd64", "linux/arm64"),
        blobs=BlobCounts(sent=3, present=1, mounted=mounted, sent_bytes=12_300_000),
        stages=(Stage(name="copy", seconds=0.5),),
        notices=("all 2 platforms are copied; --platform takes one",),
    )


def inspect_document() -> InspectDocument:
    """One image of an index."""
    return InspectDocument(
        reference="registry:hub.example/app:1",
        digest=ONE,
        config_digest=TWO,
        media_type="application/vnd.oci.image.manifest.v1+json",
        platform="linux/amd64",
        created="2024-01-02T03:04:05Z",
        size_bytes=12_300_000,
        index=IndexRow(
            digest=TWO,
            media_type="application/vnd.oci.image.index.v1+json",
            images=(
                PlatformRow(platform="linux/amd64", digest=ONE),
                PlatformRow(platform="linux/arm64", digest=TWO),
            ),
        ),
        config=ImageConfigRow(
            user="app",
            env=(EnvRow(name="PATH", value="/usr/bin"), EnvRow(name="API_TOKEN", value="***")),
            entrypoint=("gunicorn", "app:create app()"),
            cmd=("--bind", "0.0.0.0:8000"),
            working_dir="/app",
            exposed_ports=("8000/tcp",),
            volumes=("/data",),
            labels={"org.example.a": "b\x1b[31m"},
            healthcheck=HealthcheckRow(
                test=("CMD", "true"),
                interval_s=5.0,
                timeout_s=1.0,
                start_period_s=0.0,
                start_interval_s=0.0,
                retries=3,
            ),
            stop_signal="SIGINT",
            stop_timeout_s=None,
            shell=(),
        ),
        layers=(
            StoredLayer(
                digest=ONE,
                diff_id=TWO,
                media_type="application/vnd.oci.image.layer.v1.tar+gzip",
                size_bytes=12_300_000,
                instruction="RUN pip install --no-cache-dir -r requirements.txt # buildkit",
            ),
        ),
        notices=(),
    )
