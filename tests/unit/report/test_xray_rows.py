from __future__ import annotations

from jettison.analysis.inventory import Distro, Inventory, Package, PackageType
from jettison.analysis.python_interpreters import Interpreter
from jettison.digest import Digest
from jettison.image import Compression, HealthCheck, Image
from jettison.paths import ImagePath
from jettison.report.xray_rows import config_row, duplicate_rows, image_summary, unowned_row
from jettison.xray.duplicates import Copy, DuplicateGroup
from jettison.xray.users import find_user
from support.images import make_image
from support.layers import Directory, HardLink, Symlink
from support.trees import make_config
from support.xray import MemoryLayers

TREE = MemoryLayers(
    [
        {
            "/usr": Directory(),
            "/usr/owned": b"1234",
            "/usr/a-name-of-it": HardLink(target="/usr/owned"),
            "/usr/free": b"123456",
            "/usr/link": Symlink(target="free"),
        }
    ]
).tree


def inventory(*files: str) -> Inventory:
    package = Package(
        type=PackageType.DEB,
        name="x",
        title="x",
        version="1",
        source="x",
        source_version="1",
        record=ImagePath("/r"),
        files=tuple(map(ImagePath, files)),
    )
    return Inventory((package,), Distro(id="debian"))


def test_a_file_is_owned_by_any_of_its_names() -> None:
    row = unowned_row(TREE, inventory("/usr/owned"))
    assert (row.file_count, row.size_bytes) == (2, 6)
    assert [item.path for item in row.largest] == ["/usr/free", "/usr/link"]
    assert unowned_row(TREE, inventory()).size_bytes == 10


def test_the_image_as_a_whole() -> None:
    for compression, packed in ((Compression.NONE, False), (Compression.GZIP, True)):
        built = make_image(({"/a": b"1"},), compression=compression)
        image = Image.parse("x", built.raw_manifest, built.raw_config)
        row = image_summary(image, Digest.of(b""), 42, TREE)
        assert (row.size_bytes, row.visible_size_bytes) == (42, 10)
        assert (row.file_count, row.directory_count, row.layer_count) == (4, 2, 1)
        assert (row.compressed_size_bytes is not None) == packed


def test_many_copies_are_counted_and_some_are_named() -> None:
    copies = tuple(
        Copy(layer=0, path=ImagePath(f"/{number:03}"), is_visible=True) for number in range(30)
    )
    (row,) = duplicate_rows([DuplicateGroup(digest=Digest.of(b"x"), size_bytes=10, copies=copies)])
    assert (row.count, row.wasted_bytes, len(row.places)) == (30, 290, 20)


def test_settings_are_shown_as_far_as_they_may_be() -> None:
    config = make_config(
        env={"KEY": "s3cret"}, healthcheck=HealthCheck(test=("CMD", "x"), start_interval_s=2.5)
    )
    interpreter = Interpreter(
        version=(3, 10),
        implementation="pypy",
        prefix=ImagePath("/opt"),
        stdlib=ImagePath("/opt/lib/pypy3.10"),
        programs=(),
    )
    row = config_row(
        config,
        find_user("", "", ""),
        (interpreter,),
        inventory().distro,
        lambda name, value: "***" if name == "KEY" else value,
    )
    assert {item.name: item.value for item in row.env}["KEY"] == "***"
    assert row.healthcheck is not None
    assert row.healthcheck.start_interval_s == 2.5
    assert row.user.is_root
    assert [(item.version, item.path) for item in row.pythons] == [
        ("pypy 3.10", "/opt/lib/pypy3.10")
    ]
    assert row.distro is not None
