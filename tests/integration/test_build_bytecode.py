"""Byte code of an image laid out as the official Python images are: they ship none at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jettison.build.bytecode import EXCHANGE, Compiled, compile_missing
from jettison.edge.process import ProcessOptions, run
from jettison.paths import ImagePath
from jettison.selection import Bytecode, Policy, Selection


class ChrootCompiler:
    """Runs the image's interpreter in its unpacked root, without a container."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        shared = self._root / EXCHANGE.relative
        shared.mkdir(exist_ok=True)
        run(
            (
                *("unshare", "--mount", "sh", "-euc"),
                *('mount --bind "$1" "$2"; root=$3; shift 3; exec chroot "$root" "$@"', "sh"),
                *(str(exchange), str(shared), str(self._root)),
                *argv,
            ),
            timeout_s=120,
            options=ProcessOptions(env={**env, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}),
        )


def unpack(layout: Path, root: Path) -> None:
    def blob(descriptor: Mapping[str, str]) -> Path:
        return layout / "blobs" / descriptor["digest"].replace(":", "/")

    (described,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    for layer in json.loads(blob(described).read_bytes())["layers"]:
        run(("tar", "-xaf", str(blob(layer)), "-C", str(root)), timeout_s=120)


def compile_all(root: Path, library: Path, workdir: Path, processes: int) -> Compiled:
    """Compile a standard library, tests apart."""
    (interpreter,) = (root / "usr/local/bin").glob("python3.?*[0-9]")
    codes = []
    for path in sorted(library.rglob("*.py")):
        if "test" not in str(path.relative_to(library)):
            source = ImagePath.parse(str(path.relative_to(root)))
            codes.append(
                Bytecode(
                    source=source,
                    target=ImagePath(f"{source}c"),
                    stored=None,
                    interpreter=ImagePath.parse(str(interpreter.relative_to(root))),
                )
            )
    selection = Selection(policy=Policy.CLOSURE, kept={}, bytecode=tuple(codes))
    return compile_missing(
        selection,
        (("PYTHONPATH", "/nowhere"),),
        ChrootCompiler(root),
        workdir=workdir,
        processes=processes,
    )


@pytest.mark.needs("bases", "root")
def test_standard_library_compiles_to_the_same_bytes_and_runs_without_sources(
    base_layout: Callable[[str], Path], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    unpack(base_layout("official"), root)
    (library,) = (root / "usr/local/lib").glob("python3.*")
    assert not list(library.rglob("*.pyc"))

    found = compile_all(root, library, tmp_path / "two", processes=2)
    assert found.failures == ()
    assert len(found.codes) > 400
    assert compile_all(root, library, tmp_path / "one", processes=1).codes == found.codes

    for source, code in found.codes.items():
        path = root / source.relative
        path.with_suffix(".pyc").write_bytes(code)
        path.unlink()
    (interpreter,) = (root / "usr/local/bin").glob("python3.?*[0-9]")
    script = "import asyncio, email.mime.text, json; print(json.__file__, json.loads('[1]'))"
    done = run(
        ("chroot", str(root), f"/usr/local/bin/{interpreter.name}", "-I", "-c", script),
        timeout_s=60,
    )
    assert done.text == f"/usr/local/lib/{library.name}/json/__init__.pyc [1]\n"
