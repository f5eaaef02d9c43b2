from __future__ import annotations

from jettison.paths import ImagePath
from jettison.report.xray_diff_document import directory_differences
from jettison.xray.compare import Aspect, Change, FileChange


def change(path: str, kind: Change, before: int, after: int, *aspects: Aspect) -> FileChange:
    return FileChange(
        path=ImagePath(path),
        change=kind,
        before_bytes=before,
        after_bytes=after,
        aspects=aspects,
    )


CHANGES = (
    change("/usr/lib/python3/a/b/c.py", Change.ADDED, 0, 50),
    change("/usr/lib/python3/d.py", Change.REMOVED, 30, 0),
    change("/usr/bin/x", Change.CHANGED, 10, 20, Aspect.CONTENT),
    change("/usr/bin/y", Change.CHANGED, 1000, 1000, Aspect.MODE),
    change("/top", Change.ADDED, 0, 1),
)


def test_differences_are_summed_over_directories_of_the_third_level() -> None:
    found = directory_differences(CHANGES, most=9)
    assert [(row.path, row.added_bytes, row.removed_bytes, row.file_count) for row in found] == [
        ("/usr/lib/python3", 50, 30, 2),
        ("/usr/bin", 20, 10, 2),
        ("/", 1, 0, 1),
    ]


def test_the_greatest_come_first_and_the_rest_is_left_out() -> None:
    assert [row.path for row in directory_differences(CHANGES, most=1)] == ["/usr/lib/python3"]
