"""Whatever happens to the bytes of an archive: the same image comes out, or an error of ours."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.errors import JettisonError
from jettison.transport.schemes import parse_target
from support.images import BuiltImage, make_image, make_index
from support.transports import opened, read_layers

IMAGE = make_image([{"/a": b"1" * 2000}, {"/b": bytes(range(256)) * 8}], compression="gzip")
ARM = make_image([{"/arm": b""}], platform="linux/arm64")


def _cut(raw: bytearray, choose: random.Random) -> None:
    del raw[choose.randrange(len(raw)) :]


def _flip(raw: bytearray, choose: random.Random) -> None:
    raw[choose.randrange(len(raw))] ^= 1 << choose.randrange(8)


def _scribble(raw: bytearray, choose: random.Random) -> None:
    at = choose.randrange(len(raw))
    raw[at : at + 64] = choose.randbytes(64)


def _move(raw: bytearray, choose: random.Random) -> None:
    block = 512 * choose.randrange(len(raw) // 512)
    other = 512 * choose.randrange(len(raw) // 512)
    raw[block : block + 512], raw[other : other + 512] = (
        raw[other : other + 512],
        raw[block : block + 512],
    )


def _digits(raw: bytearray, choose: random.Random) -> None:
    """Numbers in headers and documents: sizes, checksums, versions."""
    digits = [at for at, byte in enumerate(raw) if chr(byte).isdigit()]
    for _ in range(3):
        raw[choose.choice(digits)] = choose.choice(b"0123456789-")


@pytest.mark.parametrize("damage", [_cut, _flip, _scribble, _move, _digits])
@pytest.mark.parametrize("scheme", ["oci-archive", "docker-archive"])
def test_damaged_archives_give_the_image_or_an_error_of_ours(
    tmp_path: Path, scheme: str, damage: Callable[[bytearray, random.Random], None]
) -> None:
    path = tmp_path / "a.tar"
    if scheme == "oci-archive":
        make_index([ARM, IMAGE]).write_archive(path, "1")
    else:
        IMAGE.write_docker_archive(path)
    whole = path.read_bytes()
    choose = random.Random(f"{scheme} {damage.__name__}")  # the same each time
    codes = {_exit_code(path, whole, scheme, (damage, choose)) for _ in range(120)}
    assert codes - {0}
    assert codes <= {0, 2, 4}


def _exit_code(
    path: Path,
    whole: bytes,
    scheme: str,
    damage: tuple[Callable[[bytearray, random.Random], None], random.Random],
) -> int:
    raw = bytearray(whole)
    damage[0](raw, damage[1])
    path.write_bytes(raw)
    try:
        with opened(parse_target(f"{scheme}:{path}"), path.parent / "work") as source:
            layers = read_layers(source)
    except JettisonError as err:
        return err.exit_code
    assert layers in (_tars(IMAGE), _tars(ARM))
    return 0


def _tars(image: BuiltImage) -> list[bytes]:
    return [layer.tar for layer in image.layers]
