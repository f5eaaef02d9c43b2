from __future__ import annotations

from types import MappingProxyType

from jettison.paths import ImagePath
from jettison.selection import Bytecode, Policy, Reason, Rule, Selection, SelectionOptions
from jettison.selection.explain import list_removed, why
from jettison.trace import Operation
from support.elf import make_elf
from support.selecting import select
from support.trees import File, Symlink, make_rootfs

_OBSERVED = SelectionOptions(policy=Policy.OBSERVED)


def test_chain_of_reasons() -> None:
    rootfs = make_rootfs(
        {
            "/usr/bin/app": make_elf(needed=("liba.so",)),
            "/usr/lib/liba.so": make_elf(needed=("libb.so",)),
            "/usr/lib/libb.so": Symlink(target="libb.so.1"),
            "/usr/lib/libb.so.1": make_elf(),
        }
    )
    selection = select(rootfs, {"/usr/bin/app": Operation.EXEC}, options=_OBSERVED)
    chain = why(selection, ImagePath("/usr/lib/libb.so.1"))
    assert [(step.path, step.reason.rule) for step in chain] == [
        ("/usr/lib/libb.so.1", Rule.ELF),
        ("/usr/lib/liba.so", Rule.ELF),
        ("/usr/bin/app", Rule.OBSERVED),
    ]
    assert [step.path for step in why(selection, ImagePath("/usr/lib/libb.so"))][:2] == [
        "/usr/lib/libb.so",
        "/usr/lib/libb.so.1",
    ]
    assert why(selection, ImagePath("/nothing")) == ()


def test_chains_end_where_reasons_lead_in_a_circle() -> None:
    a, b = ImagePath("/a"), ImagePath("/b")
    selection = Selection(
        policy=Policy.CLOSURE,
        kept={a: (Reason(rule=Rule.ELF, because=b),), b: (Reason(rule=Rule.ELF, because=a),)},
    )
    assert [step.path for step in why(selection, a)] == ["/a", "/b"]


def test_a_module_that_is_kept_as_byte_code_has_its_reasons() -> None:
    source, target = ImagePath("/lib/json/decoder.py"), ImagePath("/lib/json/decoder.pyc")
    reason = Reason(rule=Rule.PYTHON, detail="imported", because=ImagePath("/app/a.py"))
    selection = Selection(
        policy=Policy.CLOSURE,
        kept=MappingProxyType({ImagePath("/app/a.py"): (Reason(rule=Rule.YOURS),)}),
        bytecode=(
            Bytecode(
                source=source,
                target=target,
                stored=None,
                interpreter=ImagePath("/bin/python"),
                reasons=(reason,),
            ),
        ),
    )
    for path in (source, target):
        assert [step.path for step in why(selection, path)] == [path, "/app/a.py"]


def test_what_was_removed_with_owner_size_and_reason() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status": b"Package: perl-base\n"
            b"Status: install ok installed\nVersion: 5.36\n",
            "/var/lib/dpkg/info/perl-base.list": b"/usr/bin/perl\n",
            "/usr/bin/perl": File(data=b"x" * 7),
            f"{site}/Six-1.2.dist-info/METADATA": b"Name: Six\nVersion: 1.2\n",
            f"{site}/Six-1.2.dist-info/RECORD": b"six.txt,,\n",
            f"{site}/six.txt": b"xx",
            "/etc/os-release": b"",
        },
        {"/root/.cache/pip/x": b"xyz", "/opt/kept": b"", "/opt/unowned": b"1"},
    )
    options = SelectionOptions(drop_paths=("/opt/unowned",))
    selection = select(rootfs, {"/opt/kept": Operation.OPEN}, options=options)
    removed = {item.path: item for item in list_removed(rootfs, selection)}
    perl = removed[ImagePath("/usr/bin/perl")]
    assert (perl.owner, perl.size_bytes) == ("deb perl-base 5.36", 7)
    assert perl.why == "no rule reached it"
    assert removed[ImagePath(f"{site}/six.txt")].owner == "pypi Six 1.2"
    assert removed[ImagePath("/root/.cache/pip/x")].why == "a cache of the build"
    assert removed[ImagePath("/opt/unowned")].why == "--drop-path /opt/unowned"
    assert removed[ImagePath("/opt/unowned")].owner == ""
    assert not {"/opt/kept", "/usr/bin", "/etc/os-release"} & set(removed)
