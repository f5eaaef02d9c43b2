"""What slimming would leave out, of literal images."""

from __future__ import annotations

import pytest

from jettison.analysis.inventory import Package, PackageType
from jettison.analysis.inventory_read import read_inventory
from jettison.filetree import LayerTree
from jettison.paths import ROOT, ImagePath
from jettison.selection.facts import Facts
from jettison.trace import Operation
from jettison.xray.ballast import Ballast, kind_of
from jettison.xray.estimate import Estimate, estimate_saving, rehearse
from support.layers import Content
from support.pythons import make_distribution, make_python
from support.trees import Symlink, make_config, make_image_of, make_rootfs

_SITE = "/usr/local/lib/python3.11/site-packages"


def estimate(content: Content, cmd: tuple[str, ...], *lower: LayerTree) -> Estimate | None:
    rootfs = make_rootfs(content)
    top = LayerTree(entries=tuple(rootfs.tree.values()))
    image = make_image_of(make_config(cmd=cmd, working_dir="/app"))
    facts = Facts(rootfs)
    return estimate_saving(image, (*lower, top), facts, read_inventory(rootfs, facts.ownership))


def sizes(found: Estimate | None) -> dict[str, int]:
    assert found is not None
    return {item.kind.value: item.size_bytes for item in found.kinds}


def _app() -> dict[str, object]:
    return {
        **make_python(),
        **make_distribution(_SITE, "wanted", {"wanted/__init__.py": "x=1"}, requested=True),
        **make_distribution(_SITE, "unwanted", {"unwanted/__init__.py": "y" * 5000}),
        **make_distribution(_SITE, "pip", {"pip/__init__.py": "z" * 300}, requested=True),
        "/app/main.py": b"import wanted\n",
        "/usr/share/doc/thing/README": b"d" * 70,
        "/usr/include/thing.h": b"h" * 60,
        "/usr/lib/libthing.a": b"a" * 50,
        "/usr/share/locale/de/LC_MESSAGES/x.mo": b"m" * 40,
        "/var/cache/apt/pkgcache.bin": b"c" * 30,
        "/usr/local/bin/unused": b"u" * 20,
    }


def test_what_the_command_does_not_need_is_counted_by_kind() -> None:
    found = estimate(_app(), ("python", "main.py"))  # type: ignore[arg-type]  # a literal tree
    kinds = sizes(found)
    assert kinds["documentation"] == 70
    assert kinds["headers"] == 60
    assert kinds["static libraries"] == 50
    assert kinds["locales"] == 40
    assert kinds["caches"] == 30
    assert kinds["other files"] >= 20
    assert kinds["unreached distributions"] >= 5000
    assert kinds["package managers"] >= 300
    assert found is not None
    examples = {item.kind: item.examples for item in found.kinds}
    assert examples[Ballast.DISTRIBUTIONS] == ("unwanted 1.0",)
    assert examples[Ballast.HEADERS] == ("/usr/include/thing.h",)
    assert all(item.ground for item in found.kinds)


def test_nothing_is_counted_twice_and_what_stays_is_not_counted() -> None:
    content = _app()
    found = estimate(content, ("python", "main.py"))  # type: ignore[arg-type]  # a literal tree
    assert found is not None
    assert found.saved_bytes == sum(item.size_bytes for item in found.kinds)
    tree = make_rootfs(content).tree  # type: ignore[arg-type]  # as above
    stays = {f"{_SITE}/wanted/__init__.py", "/app/main.py", "/usr/local/bin/python3.11"}
    left = found.size_bytes - found.saved_bytes
    assert left >= sum(tree[path].size_bytes for path in stays)
    assert left <= found.size_bytes - 5000


def test_what_later_layers_hide_is_counted_in_the_layer_that_has_it() -> None:
    lower = LayerTree(entries=tuple(make_rootfs({"/app/main.py": b"1" * 900}).tree.values()))
    content: Content = {**make_python(), "/app/main.py": b"x"}
    rootfs = make_rootfs({"/app/main.py": b"1" * 900}, content)
    layers = (lower, LayerTree(entries=tuple(rootfs.tree.values())))
    facts = Facts(rootfs)
    found = estimate_saving(
        make_image_of(make_config(cmd=("python", "/app/main.py"))),
        layers,
        facts,
        read_inventory(rootfs),
    )
    assert sizes(found)["hidden by later layers"] == 900


@pytest.mark.parametrize("cmd", [(), ("nowhere",)])
def test_an_image_that_does_not_say_what_it_runs_has_no_estimate(cmd: tuple[str, ...]) -> None:
    assert estimate({"/bin/sh": b"#!"}, cmd) is None


def test_the_rehearsal_names_programs_and_files_of_the_command() -> None:
    tree = make_rootfs(
        {
            "/app/entry.sh": b'#!/bin/sh\nexec "$@"\n',
            "/app/serve.py": b"",
            "/usr/local/bin/python3": b"x",
            "/usr/local/bin/python": Symlink(target="python3"),
        }
    ).tree
    config = make_config(
        entrypoint=("./entry.sh",), cmd=("python", "serve.py", "--port"), working_dir="/app"
    )
    trace = rehearse(config, tree)
    assert trace is not None
    assert [path for path, _ in trace.processes[0].programs] == [
        "/app/entry.sh",
        "/usr/local/bin/python",
    ]
    assert {(item.path, item.operation) for item in trace.accesses} == {
        ("/app/entry.sh", Operation.EXEC),
        ("/app/serve.py", Operation.OPEN),
        ("/usr/local/bin/python", Operation.EXEC),
    }


def _deb(name: str, source: str) -> Package:
    return Package(
        type=PackageType.DEB,
        name=name,
        title=name,
        version="1",
        source=source,
        source_version="1",
        record=ROOT,
    )


@pytest.mark.parametrize(
    ("path", "name", "source", "kind"),
    [
        ("/usr/bin/x86_64-linux-gnu-gcc-12", "gcc-12", "gcc-12", Ballast.COMPILERS),
        ("/usr/lib/libstdc++.so.6", "libstdc++6", "gcc-12", Ballast.OS_PACKAGES),
        ("/usr/lib/crt1.o", "libc6-dev", "glibc", Ballast.COMPILERS),
        ("/usr/bin/ldd", "libc-bin", "glibc", Ballast.OS_PACKAGES),
        ("/usr/bin/git", "git", "git", Ballast.VERSION_CONTROL),
        ("/usr/bin/apt", "apt", "apt", Ballast.PACKAGE_MANAGERS),
        ("/usr/share/doc/gcc-12/x", "gcc-12", "gcc-12", Ballast.DOCUMENTATION),
        ("/usr/lib/python3.11/turtle.py", "libpython3.11", "python3.11", Ballast.STANDARD_LIBRARY),
        ("/usr/lib/python3.11/test/x.py", "libpython3.11", "python3.11", Ballast.TESTS),
    ],
)
def test_kinds(path: str, name: str, source: str, kind: Ballast) -> None:
    assert kind_of(ImagePath(path), _deb(name, source), is_reached=False) is kind


def test_the_rest_of_a_package_in_use_is_told_from_one_that_is_not() -> None:
    owner = _deb("openssl", "openssl")
    path = ImagePath("/usr/bin/openssl")
    assert kind_of(path, owner, is_reached=True) is Ballast.REST
    assert kind_of(path, owner, is_reached=False) is Ballast.OS_PACKAGES
    assert kind_of(path, None, is_reached=False) is Ballast.OTHER
