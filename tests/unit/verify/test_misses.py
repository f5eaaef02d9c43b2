from __future__ import annotations

from collections.abc import Sequence

import pytest

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.selection import Bytecode, Selection
from jettison.trace import FileAccess, Operation, Origin, Process, TraceLog
from jettison.verify.misses import Miss, find_misses, neighbours
from jettison.verify.repair import MAX_ROUNDS, Round, plan_repair, should_repeat
from support.slimming import file, other, selection

PYTHON = ImagePath("/usr/bin/python3")
SITE = "/site"


def tree(*items: tuple[Entry, bytes]) -> FileTree:
    return FileTree(entry for entry, _ in items)


ORIGINAL = tree(
    other("/lib", FileKind.SYMLINK, link_target="usr/lib"),
    other("/usr/lib/libz.so", FileKind.SYMLINK, link_target="libz.so.1"),
    other("/usr/lib/libz.so.1", FileKind.SYMLINK, link_target="libz.so.1.2"),
    other("/usr/lib/libother.so", FileKind.SYMLINK, link_target="libother.so.9"),
    file("/usr/lib/libz.so.1.2", b"z"),
    file("/usr/lib/os.py", b"o"),
    file("/usr/lib/__pycache__/os.cpython-311.pyc", b"o"),
    file("/usr/lib/email/__init__.py", b"e"),
    file("/usr/lib/email/policy.py", b"e"),
    file("/usr/lib/email/mime/text.py", b"e"),
    file("/usr/bin/gzip", b"g", mode=0o755),
    file("/usr/bin/perl", b"g", mode=0o755),
    file("/usr/share/zoneinfo/Europe/Paris", b"t" * 3000),
    file("/usr/share/zoneinfo/Europe/Berlin", b"t" * 3000),
    file("/usr/share/big/one", b"t" * 700_000),
    file("/usr/share/big/two", b"t" * 700_000),
    file("/site/pandas/__init__.py", b"p"),
    file("/site/pandas/io/sql.py", b"p"),
    file("/etc/hosts", b"h"),
    file("/etc/app.conf", b"h"),
    file("/dev/null", b""),
    other("/dangling", FileKind.SYMLINK, link_target="/nowhere"),
)

OS_PY = Bytecode(
    source=ImagePath("/usr/lib/os.py"),
    target=ImagePath("/usr/lib/os.pyc"),
    stored=ImagePath("/usr/lib/__pycache__/os.cpython-311.pyc"),
    interpreter=PYTHON,
)
SLIMMED = tree(
    other("/lib", FileKind.SYMLINK, link_target="usr/lib"),
    file("/usr/lib/os.pyc", b"o"),
    file("/usr/bin/python3", b"p"),
)
CHOSEN: Selection = selection(ORIGINAL, ["/lib"], bytecode=[OS_PY])


def traced(*looked: tuple[str, Operation], origin: Origin = Origin.APP) -> TraceLog:
    return TraceLog(
        processes=(Process(pid=7, parent=0, origin=origin, programs=((PYTHON, ("python3",)),)),),
        accesses=tuple(
            FileAccess(path=ImagePath(path), operation=operation, pid=7)
            for path, operation in looked
        ),
    )


def missed(*looked: tuple[str, Operation], origin: Origin = Origin.APP) -> list[str]:
    found = find_misses(traced(*looked, origin=origin), ORIGINAL, SLIMMED, CHOSEN)
    return [miss.path for miss in found]


def test_what_only_the_original_has_is_a_miss() -> None:
    (miss,) = find_misses(traced(("/usr/bin/gzip", Operation.EXEC)), ORIGINAL, SLIMMED, CHOSEN)
    assert miss == Miss(
        path=ImagePath("/usr/bin/gzip"),
        operation=Operation.EXEC,
        pid=7,
        program="/usr/bin/python3",
    )
    assert miss.describe() == "/usr/bin/gzip: exec by /usr/bin/python3"


def test_what_both_or_neither_have_is_none() -> None:
    assert missed(("/usr/bin/python3", Operation.OPEN), ("/no/such", Operation.OPEN)) == []


def test_links_are_followed_and_each_missing_one_is_named() -> None:
    assert missed(("/lib/libz.so", Operation.OPEN)) == [
        "/usr/lib/libz.so",
        "/usr/lib/libz.so.1",
        "/usr/lib/libz.so.1.2",
    ]
    assert missed(("/lib/libz.so", Operation.READLINK)) == ["/usr/lib/libz.so"]
    assert missed(("/dangling", Operation.STAT)) == ["/dangling"]


def test_each_path_once_however_often_it_was_looked_up() -> None:
    assert missed(
        ("/usr/bin/gzip", Operation.STAT),
        ("/usr/bin/gzip", Operation.EXEC),
        ("/etc/app.conf", Operation.WRITE),
    ) == ["/etc/app.conf", "/usr/bin/gzip"]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/usr/lib/os.py", Operation.STAT),
        ("/usr/lib/__pycache__/os.cpython-311.pyc", Operation.OPEN),
        ("/usr/lib/__pycache__", Operation.STAT),
        ("/etc/hosts", Operation.OPEN),
        ("/dev/null", Operation.OPEN),
    ],
)
def test_what_has_an_equivalent_is_none(path: str, operation: Operation) -> None:
    assert path in ORIGINAL
    assert path not in SLIMMED
    assert missed((path, operation)) == []


def test_source_that_is_opened_is_a_miss_although_its_byte_code_is_there() -> None:
    assert missed(("/usr/lib/os.py", Operation.OPEN)) == ["/usr/lib/os.py"]


def test_helpers_of_the_user_do_not_count() -> None:
    assert missed(("/usr/bin/gzip", Operation.EXEC), origin=Origin.EXEC) == []
    assert missed(("/usr/bin/gzip", Operation.EXEC), origin=Origin.HEALTHCHECK) != []


def test_what_the_user_wanted_gone_is_none() -> None:
    log = traced(("/usr/bin/gzip", Operation.EXEC), ("/etc/app.conf", Operation.OPEN))
    found = find_misses(
        log, ORIGINAL, SLIMMED, CHOSEN, is_unwanted=lambda path: path.is_below("/usr/bin")
    )
    assert [miss.path for miss in found] == ["/etc/app.conf"]


def beside(
    path: str, operation: Operation = Operation.OPEN, *, distribution: Sequence[str] = ()
) -> list[str]:
    miss = Miss(path=ImagePath(path), operation=operation, pid=7)
    return list(
        neighbours(miss, ORIGINAL, lambda _: tuple(ImagePath(item) for item in distribution))
    )


def test_module_brings_its_whole_distribution() -> None:
    whole = ["/site/pandas/__init__.py", "/site/pandas/io/sql.py"]
    assert beside(whole[1], distribution=[*whole, "/site/pandas/not-installed"]) == whole


def test_module_of_no_distribution_brings_the_modules_beside_it() -> None:
    assert beside("/usr/lib/email/policy.py") == [
        "/usr/lib/email/__init__.py",
        "/usr/lib/email/policy.py",
    ]


def test_library_brings_its_names() -> None:
    assert beside("/usr/lib/libz.so.1.2") == [
        "/usr/lib/libz.so",
        "/usr/lib/libz.so.1",
        "/usr/lib/libz.so.1.2",
    ]
    assert "/usr/lib/libz.so.1.2" in beside("/usr/lib/libz.so")


def test_small_data_brings_its_siblings_and_large_data_does_not() -> None:
    assert len(beside("/usr/share/zoneinfo/Europe/Paris")) == 2
    assert beside("/usr/share/big/one") == ["/usr/share/big/one"]


def test_programs_and_settings_come_alone() -> None:
    assert beside("/usr/bin/gzip", Operation.EXEC) == ["/usr/bin/gzip"]
    assert beside("/usr/bin/gzip", Operation.STAT) == ["/usr/bin/gzip"]
    assert beside("/etc/app.conf") == ["/etc/app.conf"]


def test_directory_brings_the_small_files_in_it() -> None:
    assert beside("/usr/share/zoneinfo/Europe") == [
        "/usr/share/zoneinfo/Europe",
        "/usr/share/zoneinfo/Europe/Berlin",
        "/usr/share/zoneinfo/Europe/Paris",
    ]


def test_huge_distribution_brings_only_what_is_beside_the_module() -> None:
    many = tree(
        file("/site/big/__init__.py", b""),
        file("/site/big/a.py", b""),
        *(file(f"/site/big/data/{number}", b"") for number in range(5001)),
    )
    miss = Miss(path=ImagePath("/site/big/a.py"), operation=Operation.OPEN, pid=1)
    found = neighbours(
        miss, many, lambda _: [path for path, entry in many.items() if entry.is_file]
    )
    assert found == ("/site/big/__init__.py", "/site/big/a.py")


def test_repair_adds_what_is_not_kept_yet() -> None:
    misses = [
        Miss(path=ImagePath(path), operation=Operation.OPEN, pid=1)
        for path in ("/usr/lib/libz.so", "/usr/lib/libz.so.1.2", "/etc/app.conf")
    ]
    added = plan_repair(misses, ORIGINAL, [ImagePath("/usr/lib/libz.so.1")], lambda _: ())
    assert added == ("/etc/app.conf", "/usr/lib/libz.so", "/usr/lib/libz.so.1.2")


def test_rounds_go_on_while_something_is_added_and_are_bounded() -> None:
    def round_(number: int, *added: str) -> Round:
        return Round(
            number=number,
            misses=(),
            added=tuple(map(ImagePath, added)),
            differences=(),
            passed=not added,
        )

    assert not should_repeat([])
    assert should_repeat([round_(1, "/a")])
    assert not should_repeat([round_(1, "/a"), round_(2)])
    assert not should_repeat([round_(1, "/a"), round_(2, "/a")])
    assert should_repeat([round_(1, "/a"), round_(2, "/a", "/b")])
    assert not should_repeat([round_(number, f"/{number}") for number in range(1, MAX_ROUNDS + 1)])
