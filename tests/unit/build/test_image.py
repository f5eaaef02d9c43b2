from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from jettison.build.image import BuildOptions, BuiltImage, build_image, pack_image
from jettison.digest import Digest
from jettison.errors import StoreError
from jettison.filetree import FileKind, MemoryRootFS
from jettison.image import Compression, Image
from jettison.paths import ImagePath
from jettison.selection import Bytecode, LayerRole
from support.slimming import file, original, other, rootfs, selection

IMAGE = original({"created": "2024-05-01T10:00:00Z", "config": {"Cmd": ["python"]}}, {"k": "v"})
LINKED = ImagePath("/usr/bin/a")
CODE = Bytecode(
    source=ImagePath("/app/x.py"),
    target=ImagePath("/app/x.pyc"),
    stored=None,
    interpreter=ImagePath("/usr/bin/a"),
)


def sample() -> MemoryRootFS:
    return rootfs(
        other("/lib", FileKind.SYMLINK, mode=0o777, link_target="usr/lib"),
        other("/tmp", FileKind.DIRECTORY, mode=0o1777),
        other("/data", FileKind.DIRECTORY, mode=0o700, uid=5, gid=6),
        file("/usr/bin/a", b"elf" * 1000, mode=0o4755, hardlink=LINKED, mtime=1),
        file("/usr/bin/b", b"elf" * 1000, mode=0o4755, hardlink=LINKED, mtime=1),
        file("/usr/lib/ping", b"x", xattrs={"security.capability": b"\x01\xff"}),
        file("/usr/lib/dropped", b"y" * 100),
        file("/app/x.py", b"print()", uid=7),
        file("/app/views.py", b"print(1)", uid=7),
        file("/site/flask.py", b"flask"),
        file("/site/empty"),
    )


def built(out: Path, **options: object) -> BuiltImage:
    made = sample()
    chosen = selection(
        made.tree,
        [
            *("/lib", "/tmp", "/data", "/usr/bin/a", "/usr/bin/b", "/usr/lib/ping"),
            *("/app/views.py", "/site/flask.py", "/site/empty"),
        ],
        bytecode=[CODE],
        rewritten={"/var/lib/dpkg/status.d/a": b"Package: a\n"},
        roles={
            "/app/x.py": LayerRole.APP,
            "/app/views.py": LayerRole.APP,
            "/site/flask.py": LayerRole.DEPENDENCIES,
            "/site/empty": LayerRole.DEPENDENCIES,
        },
    )
    return build_image(
        made,
        IMAGE,
        chosen,
        out=out,
        options=BuildOptions(
            compiled={CODE.source: b"pyc"},
            **options,  # type: ignore[arg-type]  # any other option
        ),
    )


def names(found: BuiltImage, index: int) -> list[str]:
    with found.open_layer(index) as blob, tarfile.open(fileobj=blob) as tar:
        return tar.getnames()


def test_layout_is_whole_and_its_digests_hold(tmp_path: Path) -> None:
    found = built(tmp_path / "out")
    index = json.loads((tmp_path / "out" / "index.json").read_bytes())
    (described,) = index["manifests"]
    assert described["digest"] == found.digest
    assert described["platform"] == {"architecture": "amd64", "os": "linux"}
    blobs = {path.name: path for path in (tmp_path / "out" / "blobs" / "sha256").iterdir()}
    for name, path in blobs.items():
        assert Digest.of(path.read_bytes()).hex == name
        assert path.stat().st_mode & 0o777 == 0o644
    again = Image.parse(
        "again",
        blobs[found.digest.hex].read_bytes(),
        blobs[found.image.manifest.config.digest.hex].read_bytes(),
    )
    assert len(blobs) == 2 + len(again.manifest.layers) == 5
    for layer, descriptor, diff_id in zip(
        found.layers, again.manifest.layers, again.config.diff_ids, strict=True
    ):
        raw = blobs[descriptor.digest.hex].read_bytes()
        assert len(raw) == descriptor.size_bytes
        assert Digest.of(gzip.decompress(raw)) == diff_id == layer.diff_id
    assert json.loads((tmp_path / "out" / "oci-layout").read_bytes()) == {
        "imageLayoutVersion": "1.0.0"
    }


@pytest.mark.parametrize("compression", list(Compression))
def test_packing_later_gives_the_bytes_of_packing_at_once(
    tmp_path: Path, compression: Compression
) -> None:
    at_once = built(tmp_path / "once", compression=compression)
    plain = built(tmp_path / "plain", compression=Compression.NONE)
    options = BuildOptions(compression=compression)
    later = pack_image(plain, IMAGE, out=tmp_path / "later", options=options)
    assert later.digest == at_once.digest
    assert later.layers == at_once.layers
    assert _files(tmp_path / "later") == _files(tmp_path / "once")
    assert len(_files(tmp_path / "later")) == 7


def test_a_plain_layer_that_was_changed_is_not_packed(tmp_path: Path) -> None:
    plain = built(tmp_path / "plain", compression=Compression.NONE)
    blob = tmp_path / "plain/blobs/sha256" / plain.layers[1].diff_id.hex
    blob.write_bytes(blob.read_bytes().replace(b"flask", b"bottle"))
    with pytest.raises(StoreError, match="layer 1 was changed"):
        pack_image(plain, IMAGE, out=tmp_path / "out", options=BuildOptions())
    assert not (tmp_path / "out/index.json").exists()
    assert (tmp_path / "plain/index.json").exists()


def _files(layout: Path) -> dict[str, bytes]:
    paths = (path for path in layout.rglob("*") if path.is_file())
    return {str(path.relative_to(layout)): path.read_bytes() for path in paths}


def test_layers_hold_what_their_role_says(tmp_path: Path) -> None:
    found = built(tmp_path)
    assert [layer.role for layer in found.layers] == list(LayerRole)
    runtime = names(found, 0)
    assert runtime == sorted(runtime)
    assert "usr/bin/a" in runtime
    assert "usr/lib/dropped" not in runtime
    assert "var/lib/dpkg/status.d/a" in runtime
    assert names(found, 1) == [".", "site", "site/empty", "site/flask.py"]
    assert names(found, 2) == [".", "app", "app/views.py", "app/x.pyc"]


def test_entries_survive_with_bytes_links_and_attributes(tmp_path: Path) -> None:
    found = built(tmp_path)
    with found.open_layer(0) as blob, tarfile.open(fileobj=blob) as tar:
        read = {member.name: member for member in tar.getmembers()}
        stream = tar.extractfile("usr/bin/b")
        assert stream is not None
        assert stream.read() == b"elf" * 1000
    assert read["usr/bin/a"].isreg()
    assert (read["usr/bin/b"].islnk(), read["usr/bin/b"].linkname) == (True, "usr/bin/a")
    assert read["usr/bin/a"].mode == 0o4755
    assert read["lib"].linkname == "usr/lib"
    assert read["tmp"].mode == 0o1777
    assert (read["data"].mode, read["data"].uid, read["data"].gid) == (0o700, 5, 6)
    assert read["usr/lib/ping"].pax_headers == {"SCHILY.xattr.security.capability": "\x01\udcff"}


def test_sizes_and_counts_are_of_what_was_written(tmp_path: Path) -> None:
    found = built(tmp_path)
    # a and b share one file; then ping, the record, flask, views and the byte code.
    assert found.size_bytes == 3000 + 1 + 11 + 5 + 8 + 3
    assert found.file_count == 9
    assert found.compressed_size_bytes == sum(
        (tmp_path / "blobs" / "sha256" / layer.descriptor.digest.hex).stat().st_size
        for layer in found.layers
    )
    assert found.tree["/app/x.pyc"].uid == 7
    assert "/usr/lib/dropped" not in found.tree
    assert found.tree["/usr/bin/b"].hardlink == "/usr/bin/a"


@pytest.mark.parametrize("compression", list(Compression))
def test_two_builds_give_the_same_bytes(tmp_path: Path, compression: Compression) -> None:
    one = built(tmp_path / "one", compression=compression, threads=1)
    two = built(tmp_path / "two", compression=compression, threads=2)
    assert one.digest == two.digest
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one", tmp_path / "two")
    ]
    assert files[0] == files[1]


def test_manifest_says_where_it_came_from(tmp_path: Path) -> None:
    manifest = json.loads(built(tmp_path).image.raw_manifest)
    assert manifest["annotations"]["k"] == "v"
    assert manifest["annotations"]["io.jettison.policy"] == "closure"
    assert manifest["annotations"]["io.jettison.original.config"] == IMAGE.manifest.config.digest


def test_code_change_leaves_the_lower_layers_alone(tmp_path: Path) -> None:
    found = []
    for number, code in enumerate((b"print(1)", b"print(2)")):
        made = rootfs(file("/bin/python", b"elf"), file("/app/x.py", code))
        chosen = selection(
            made.tree, ["/bin/python", "/app/x.py"], roles={"/app/x.py": LayerRole.APP}
        )
        out = tmp_path / str(number)
        found.append(build_image(made, IMAGE, chosen, out=out, options=BuildOptions()))
    one, two = found
    assert one.layers[0].diff_id == two.layers[0].diff_id
    assert one.layers[1].diff_id != two.layers[1].diff_id


def test_half_written_layer_leaves_no_blob_and_no_index(tmp_path: Path) -> None:
    entry, _ = file("/a", b"12345")
    made = rootfs((entry, b"123"))
    with pytest.raises(StoreError, match="/a: 5 bytes expected, 3 found"):
        build_image(made, IMAGE, selection(made.tree, ["/a"]), out=tmp_path, options=BuildOptions())
    assert list((tmp_path / "blobs" / "sha256").iterdir()) == []
    assert not (tmp_path / "index.json").exists()


def test_host_that_cannot_write_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file stands here")
    with pytest.raises(StoreError, match=r"build .*out: "):
        built(tmp_path / "out")


def test_memory_does_not_grow_with_the_image(tmp_path: Path) -> None:
    import tracemalloc

    size = 64 << 20

    class Large(MemoryRootFS):
        def open(self, path: ImagePath) -> io.BytesIO:
            class Zeros(io.BytesIO):
                left = size

                def read(self, wanted: int | None = -1) -> bytes:
                    taken = min(wanted or 0, self.left)
                    self.left -= taken
                    return bytes(taken)

            return Zeros()

    entry, _ = file("/model.bin")
    from dataclasses import replace

    made = Large(rootfs((replace(entry, size_bytes=size), b"")).tree, {})
    tracemalloc.start()
    try:
        build_image(
            made, IMAGE, selection(made.tree, ["/model.bin"]), out=tmp_path, options=BuildOptions()
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20
