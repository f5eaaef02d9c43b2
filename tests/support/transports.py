"""What every place that images come from or go to must do, whatever it is made of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from jettison.errors import (
    ImageNotFoundError,
    InvalidImageError,
    TagExistsError,
    TransportError,
)
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Compression, Platform
from jettison.transport.schemes import Target, destination
from jettison.transport.sinks import check_sink, write_sink
from jettison.transport.sources import Source, open_source
from support.images import BuiltImage, File, Symlink, make_image
from support.waiting import wait_until

AMD64 = Platform(os="linux", architecture="amd64")

_LIMITS = UnpackLimits()

CONFIG: dict[str, object] = {
    "Env": ["PATH=/usr/bin", "GREETING=hullo"],
    "Cmd": ["/app/main.py"],
    "User": "1000:1000",
    "Healthcheck": {"Test": ["CMD", "/bin/true"], "Interval": 1_000_000_000},
    "OnBuild": ["RUN true"],
    "StopSignal": "SIGINT",
}


def typical_image(*, compression: Compression | str = Compression.GZIP) -> BuiltImage:
    """Three layers, one of them empty, and a config with fields that peers lose."""
    return make_image(
        [
            {"/lib": Symlink(target="usr/lib"), "/usr/lib/a": File(data=b"a" * 70_000, mode=0o755)},
            {"/app/main.py": b"print(1)\n", "/usr/lib/.wh.a": b""},
            {},
        ],
        CONFIG,
        compression=compression,
    )


@contextmanager
def opened(
    target: Target,
    workdir: Path,
    *,
    platform: Platform = AMD64,
    limits: UnpackLimits = _LIMITS,
    in_place: bool = False,
) -> Iterator[Source]:
    """`open_source` with what most tests ask for."""
    workdir.mkdir(exist_ok=True)
    with open_source(
        target, platform=platform, workdir=workdir, limits=limits, in_place=in_place
    ) as source:
        yield source


def read_layers(source: Source) -> list[bytes]:
    """The uncompressed tars of all layers, base first."""
    found = []
    for index in range(len(source.image.manifest.layers)):
        with source.open_layer(index) as stream:
            found.append(stream.read())
    return found


def in_child(source: Source) -> list[bytes]:
    """`read_layers` in a forked process, as a run reads them."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with os.fdopen(writer, "wb") as out:
                for tar in read_layers(source):
                    out.write(len(tar).to_bytes(8) + tar)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    found = []
    with os.fdopen(reader, "rb") as pipe:
        while size := pipe.read(8):
            found.append(pipe.read(int.from_bytes(size)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return found


def _open_files() -> list[str]:
    return sorted(str(item.readlink()) for item in Path("/proc/self/fd").iterdir() if item.exists())


class SourceContract:
    """Subclasses bring `put` and `missing`; `keeps_manifest` where the medium has manifests."""

    keeps_manifest: ClassVar[bool] = True
    in_place: ClassVar[bool] = False

    def put(self, image: BuiltImage, directory: Path) -> Target:
        """Place the image somewhere, and say where."""
        raise NotImplementedError

    def missing(self, directory: Path) -> Target:
        """A place of the same kind where nothing is."""
        raise NotImplementedError

    @pytest.fixture
    def image(self) -> BuiltImage:
        """The image that is placed."""
        return typical_image()

    @pytest.fixture
    def source(self, image: BuiltImage, tmp_path: Path) -> Iterator[Source]:
        """The image, opened."""
        target = self.put(image, tmp_path)
        with opened(target, tmp_path / "work", in_place=self.in_place) as source:
            yield source

    def test_the_documents_are_those_that_were_put_there(
        self, source: Source, image: BuiltImage
    ) -> None:
        assert source.image.raw_config == image.raw_config
        assert source.image.config.platform == AMD64
        assert source.notices == ()
        if self.keeps_manifest:
            assert source.image.raw_manifest == image.raw_manifest
            assert source.digest == image.digest
        else:
            assert source.digest == source.image.manifest.config.digest

    def test_the_layers_are_those_that_were_put_there(
        self, source: Source, image: BuiltImage
    ) -> None:
        assert read_layers(source) == [layer.tar for layer in image.layers]

    def test_a_layer_may_be_read_twice_and_two_at_once(
        self, source: Source, image: BuiltImage
    ) -> None:
        with source.open_layer(0) as first, source.open_layer(1) as second:
            head = first.read(512)
            assert second.read() == image.layers[1].tar
            assert head + first.read() == image.layers[0].tar
        assert read_layers(source)[0] == image.layers[0].tar

    def test_a_source_opened_before_a_fork_is_read_after_it(
        self, source: Source, image: BuiltImage
    ) -> None:
        assert in_child(source) == [layer.tar for layer in image.layers]

    def test_an_image_that_unpacks_to_more_than_allowed_is_refused(
        self, image: BuiltImage, tmp_path: Path
    ) -> None:
        target = self.put(image, tmp_path)
        limits = UnpackLimits(max_bytes=sum(len(layer.tar) for layer in image.layers) - 1)
        with (
            opened(target, tmp_path / "work", limits=limits, in_place=self.in_place) as source,
            pytest.raises(InvalidImageError, match="over its limit") as caught,
        ):
            read_layers(source)
        assert "--max-unpacked-size" in caught.value.hint

    def test_another_platform_than_asked_for_is_said(
        self, image: BuiltImage, tmp_path: Path
    ) -> None:
        target = self.put(image, tmp_path)
        arm = Platform.parse("linux/arm64")
        with opened(target, tmp_path / "work", platform=arm, in_place=self.in_place) as source:
            (notice,) = source.notices
        assert notice == f"{target} is an image for linux/amd64, not for linux/arm64"

    def test_no_file_stays_open(self, image: BuiltImage, tmp_path: Path) -> None:
        target = self.put(image, tmp_path)
        before = _open_files()
        with opened(target, tmp_path / "work", in_place=self.in_place) as source:
            # A server of the test's own may need a moment to see that its client has gone.
            wait_until(lambda: _open_files() == before)
            with source.open_layer(0):
                assert _open_files() != before
            read_layers(source)
            wait_until(lambda: _open_files() == before)

    def test_an_image_that_is_not_there_is_not_found(self, tmp_path: Path) -> None:
        with (
            pytest.raises(ImageNotFoundError),
            opened(self.missing(tmp_path), tmp_path / "work", in_place=self.in_place),
        ):
            pass


class SinkContract:
    """Subclasses bring `target`, a complete one at which nothing is yet."""

    keeps_manifest: ClassVar[bool] = True

    def target(self, directory: Path) -> Target:
        """Where to write."""
        raise NotImplementedError

    @pytest.fixture
    def place(self, tmp_path: Path) -> Target:
        """Where to write."""
        return destination(self.target(tmp_path), name="jettison-test.slim")

    @pytest.mark.parametrize("compression", list(Compression))
    def test_what_is_written_reads_back(
        self, place: Target, tmp_path: Path, compression: Compression
    ) -> None:
        image = typical_image(compression=compression)
        check_sink(place, overwrite=False)
        written = write_sink(place, image.write_layout(tmp_path / "layout"), overwrite=False)
        assert written.target == place
        assert written.digest == image.digest
        with opened(place, tmp_path / "work") as source:
            assert source.image.raw_config == image.raw_config
            assert read_layers(source) == [layer.tar for layer in image.layers]
            assert written.image_id == source.image.manifest.config.digest
            if self.keeps_manifest:
                assert source.digest == written.digest

    def test_somebody_elses_image_is_replaced_only_if_asked(
        self, place: Target, tmp_path: Path
    ) -> None:
        theirs = typical_image().write_layout(tmp_path / "theirs")
        ours = make_image([{"/ours": b""}])
        layout = ours.write_layout(tmp_path / "ours")
        write_sink(place, theirs, overwrite=False)
        for refusing in (check_sink, lambda *a, **k: write_sink(a[0], layout, **k)):
            with pytest.raises(TagExistsError, match="exists already") as caught:
                refusing(place, overwrite=False)
        assert str(place) in caught.value.message
        assert "--force" in caught.value.hint
        assert self._config(place, tmp_path / "1") == typical_image().raw_config

        check_sink(place, overwrite=True)
        write_sink(place, layout, overwrite=True)
        assert self._config(place, tmp_path / "2") == ours.raw_config

    def test_what_jettison_made_is_replaced(self, place: Target, tmp_path: Path) -> None:
        history = [
            {"created_by": "RUN make", "empty_layer": True},
            {"created_by": "jettison slim: app layer"},
        ]
        first = make_image([{"/1": b""}], extra={"history": history})
        second = make_image([{"/2": b""}], extra={"history": history})
        write_sink(place, first.write_layout(tmp_path / "first"), overwrite=False)
        write_sink(place, second.write_layout(tmp_path / "second"), overwrite=False)
        assert self._config(place, tmp_path / "work") == second.raw_config

    def test_what_was_built_from_a_slimmed_image_is_not_ours(
        self, place: Target, tmp_path: Path
    ) -> None:
        history = [{"created_by": "jettison slim: app layer"}, {"created_by": "RUN make"}]
        theirs = make_image([{"/1": b""}, {"/2": b""}], extra={"history": history})
        write_sink(place, theirs.write_layout(tmp_path / "theirs"), overwrite=False)
        with pytest.raises(TagExistsError):
            check_sink(place, overwrite=False)

    def test_a_damaged_layout_leaves_what_was_there(self, place: Target, tmp_path: Path) -> None:
        before = make_image([{"/before": b""}])
        write_sink(place, before.write_layout(tmp_path / "before"), overwrite=False)
        image = make_image([{"/after": b"x" * 1000}, {"/more": b"y" * 1000}])
        layout = image.write_layout(tmp_path / "layout")
        digest = image.layers[1].digest
        blob = layout / "blobs" / digest.algorithm / digest.hex
        blob.write_bytes(blob.read_bytes()[:-1] + b"!")
        with pytest.raises((InvalidImageError, TransportError)):
            write_sink(place, layout, overwrite=True)
        assert self._config(place, tmp_path / "work") == before.raw_config

    def _config(self, place: Target, workdir: Path) -> bytes:
        with opened(place, workdir) as source:
            read_layers(source)
            return source.image.raw_config
