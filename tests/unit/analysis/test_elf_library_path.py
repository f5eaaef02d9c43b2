from __future__ import annotations

from jettison.analysis.elf import ElfFile
from jettison.analysis.library_path import LibraryPath
from jettison.paths import ImagePath
from support.elf import AARCH64, I386, X86_64, make_elf
from support.trees import Symlink, make_rootfs

_LIBRARY = make_elf()
_ELF = ElfFile(bits=64, machine=X86_64)
_APP = ImagePath("/opt/app/bin/app")


def test_order_of_the_search() -> None:
    rootfs = make_rootfs(
        {
            "/etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf # all\n/opt/late\n",
            "/etc/ld.so.conf.d/a.conf": b"/usr/local/lib\n",
            "/etc/ld.so.conf.d/b.txt": b"/nowhere\n",
            "/usr/local/lib/libx.so.1": _LIBRARY,
            "/usr/lib/x86_64-linux-gnu/libx.so.1": _LIBRARY,
            "/env/libx.so.1": _LIBRARY,
            "/opt/app/bin/app": b"",
            "/opt/app/lib/libx.so.1": _LIBRARY,
            "/opt/late/liby.so": _LIBRARY,
        }
    )
    paths = LibraryPath(rootfs)
    assert paths.find("libx.so.1", _ELF, _APP) == ("/usr/local/lib/libx.so.1",)
    assert paths.find("liby.so", _ELF, _APP) == ("/opt/late/liby.so",)
    assert paths.find("libz.so", _ELF, _APP) == ()
    own = ElfFile(bits=64, machine=X86_64, runpath=("$ORIGIN/../lib",))
    assert paths.find("libx.so.1", own, _APP) == ("/opt/app/bin/../lib/libx.so.1",)
    with_env = LibraryPath(rootfs, environment="/env")
    assert with_env.find("libx.so.1", _ELF, _APP) == ("/env/libx.so.1",)


def test_inherited_rpath_answers_before_the_system() -> None:
    rootfs = make_rootfs({"/usr/lib/libx.so": _LIBRARY, "/opt/lib/libx.so": _LIBRARY})
    paths = LibraryPath(rootfs)
    assert paths.find("libx.so", _ELF, _APP, inherited=("/opt/lib",)) == ("/opt/lib/libx.so",)
    assert paths.find("libx.so", _ELF, _APP) == ("/usr/lib/libx.so",)


def test_a_library_for_another_machine_is_passed_over() -> None:
    rootfs = make_rootfs(
        {
            "/usr/local/lib/libx.so": make_elf(machine=AARCH64),
            "/lib/x86_64-linux-gnu/libx.so": make_elf(bits=32, machine=I386),
            "/usr/lib/libx.so": b"/* GNU ld script */",
            "/usr/lib64/libx.so": _LIBRARY,
            "/etc/ld.so.conf": b"/usr/local/lib\n",
        }
    )
    assert LibraryPath(rootfs).find("libx.so", _ELF, _APP) == ("/usr/lib64/libx.so",)


def test_variants_for_newer_processors_come_along() -> None:
    rootfs = make_rootfs(
        {
            "/lib/x86_64-linux-gnu/libx.so": _LIBRARY,
            "/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libx.so": _LIBRARY,
            "/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libother.so": _LIBRARY,
        }
    )
    assert LibraryPath(rootfs).find("libx.so", _ELF, _APP) == (
        "/lib/x86_64-linux-gnu/libx.so",
        "/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libx.so",
    )


def test_musl_reads_its_own_file_and_no_multiarch_directory() -> None:
    content = {
        "/lib/ld-musl-x86_64.so.1": _LIBRARY,
        "/usr/lib/x86_64-linux-gnu/libx.so": _LIBRARY,
        "/special/liby.so": _LIBRARY,
        "/usr/local/lib/libz.so": _LIBRARY,
    }
    plain = LibraryPath(make_rootfs(content))
    assert plain.find("libx.so", _ELF, _APP) == ()
    assert plain.find("libz.so", _ELF, _APP) == ("/usr/local/lib/libz.so",)
    told = LibraryPath(make_rootfs({**content, "/etc/ld-musl-x86_64.path": b"/special\n"}))
    assert told.find("liby.so", _ELF, _APP) == ("/special/liby.so",)
    assert told.find("libz.so", _ELF, _APP) == ()


def test_directory_variables() -> None:
    rootfs = make_rootfs({"/usr/lib/x86_64-linux-gnu/x": b""})
    paths = LibraryPath(rootfs)
    expanded = paths.expand("${ORIGIN}/$LIB/$PLATFORM/$ORIGINAL", _ELF, _APP)
    assert expanded == "/opt/app/bin/lib/x86_64-linux-gnu/x86_64/$ORIGINAL"


def test_links_are_looked_through_and_loops_survived() -> None:
    rootfs = make_rootfs(
        {
            "/lib": Symlink(target="usr/lib"),
            "/usr/lib/libx.so": Symlink(target="libx.so.1.2"),
            "/usr/lib/libx.so.1.2": _LIBRARY,
            "/usr/lib/loop.so": Symlink(target="loop.so"),
            "/etc/ld.so.conf": b"include /etc/ld.so.conf\n",
        }
    )
    paths = LibraryPath(rootfs)
    assert paths.find("libx.so", _ELF, _APP) == ("/lib/libx.so",)
    assert paths.find("loop.so", _ELF, _APP) == ()
