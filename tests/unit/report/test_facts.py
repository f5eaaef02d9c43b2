from __future__ import annotations

from dataclasses import replace

import pytest

from jettison.filetree import FileKind, LayerTree, merge_layers
from jettison.image import History
from jettison.paths import ImagePath
from jettison.report.facts import (
    PackageCounts,
    describe_image,
    find_shells,
    is_exec_layer,
    unpacked_size_bytes,
)
from support.slimming import file, original, other

DASH = ImagePath("/usr/bin/dash")


def layers() -> list[LayerTree]:
    base = [
        other("/bin", FileKind.SYMLINK, link_target="usr/bin"),
        file("/usr/bin/dash", b"d" * 10, mode=0o755),
        other("/usr/bin/sh", FileKind.SYMLINK, link_target="dash"),
        file("/usr/bin/bash", b"b" * 20, mode=0o755),
        file("/usr/bin/su", b"s" * 5, mode=0o4755),
        file("/usr/bin/wall", b"w" * 5, mode=0o2755),
        file("/usr/bin/same1", b"x" * 100, hardlink=ImagePath("/usr/bin/same1")),
        file("/usr/bin/same2", b"x" * 100, hardlink=ImagePath("/usr/bin/same1")),
        file("/var/locked", b"", mode=0o4644),
        other("/var/log", FileKind.DIRECTORY, mode=0o2775),
    ]
    above = [file("/usr/bin/su", b"s" * 7, mode=0o4755), file("/app/sh", b"", mode=0o755)]
    return [
        LayerTree(entries=tuple(sorted((item for item, _ in made), key=lambda item: item.path)))
        for made in (base, above)
    ]


def test_image_in_numbers() -> None:
    image = original(
        {
            "history": [
                {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
                {"created_by": "RUN /bin/sh -c pip install flask # buildkit"},
                {"created_by": "RUN true", "empty_layer": True},
            ]
        }
    )
    facts = describe_image(image, layers(), merge_layers(layers()), PackageCounts(os=3, python=4))
    assert facts.reference == "sample"
    assert facts.digest == image.digest
    assert facts.size_bytes == (10 + 20 + 5 + 5 + 100) + 7  # both layers' su, same1 once
    assert facts.compressed_size_bytes == 4
    assert facts.file_count == 10
    assert (facts.os_package_count, facts.python_package_count) == (3, 4)
    assert facts.setuid_count == 2  # su and wall; a file without x and a directory are no programs
    assert facts.shell_count == 2  # sh is dash
    assert (facts.exec_layer_count, facts.layer_count) == (1, 1)


def test_shells_are_real_programs_in_program_directories() -> None:
    assert find_shells(merge_layers(layers())) == ("/usr/bin/bash", "/usr/bin/dash")


def test_hard_links_are_counted_once() -> None:
    base = layers()[0]
    assert unpacked_size_bytes(base) == 140
    alone = replace(base, entries=tuple(item for item in base.entries if item.size_bytes != 100))
    assert unpacked_size_bytes(alone) == 40


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RUN /bin/sh -c pip install -r requirements.txt # buildkit", True),
        ("RUN |1 VERSION=3 /bin/sh -c make # buildkit", True),
        ("/bin/sh -c apt-get update && apt-get install -y python3", True),
        ("/bin/bash -o pipefail -c make install", True),
        ("/bin/sh -c #(nop) COPY dir:1 in /app ", False),
        ("COPY . /app # buildkit", False),
        ("ADD rootfs.tar.xz / # buildkit", False),
        ("WORKDIR /app", False),
        ("# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'", False),
        ("jettison slim: runtime layer", False),
        ("", False),
    ],
)
def test_exec_layers_are_those_of_run(line: str, *, expected: bool) -> None:
    assert is_exec_layer(History(created_by=line)) is expected
    assert not is_exec_layer(History(created_by=line, empty_layer=True))
