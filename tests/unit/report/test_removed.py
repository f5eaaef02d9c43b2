from __future__ import annotations

import time

from jettison.filetree import FileTree
from jettison.paths import ImagePath
from jettison.report.container_report import RunRecord, SlimmedRecord
from jettison.report.removed import (
    UNREACHED,
    RemovedGroup,
    make_removed_report,
    render_removed_report,
)
from jettison.selection import Policy, Selection
from support.reports import sample
from support.slimming import file


def groups() -> dict[tuple[str, str], RemovedGroup]:
    made = sample()
    report = make_removed_report(made.run, made.slimmed)
    return {(group.owner, group.why): group for group in report.groups}


def test_dropped_paths_are_grouped_by_owner_and_reason() -> None:
    found = groups()
    perl = found["deb perl-base 5.36.0-7+deb12u3", UNREACHED]
    assert perl.files == (("/usr/bin/perl", 300), ("/usr/lib/perl.pm", 30))
    assert (perl.file_count, perl.size_bytes, perl.whole) == (2, 330, True)
    flask = found["python flask 2.3.3", UNREACHED]
    assert flask.files == (("/site/flask/testing.py", 20),)
    assert not flask.whole
    assert list(found) == sorted(found)


def test_source_and_moved_byte_code_say_where_they_went() -> None:
    found = groups()
    source = found["deb python3.11-minimal 3.11.2-6", "its byte code stands in its place"]
    assert source.files == (("/usr/lib/os.py", 40),)
    assert not source.whole
    moved = found["", "it stands in its source's place"]
    assert moved.files == (("/usr/lib/__pycache__/os.cpython-311.pyc", 50),)


def test_reason_of_a_directory_is_that_of_all_below_it() -> None:
    assert groups()["", "logs of the build"].files == (("/var/log/x.log", 1),)


def test_empty_directories_are_named_and_others_are_not() -> None:
    assert groups()["", UNREACHED].files == (("/var/empty", 0),)
    assert groups()["", UNREACHED].file_count == 0


def test_everything_is_either_kept_or_removed() -> None:
    made = sample()
    report = make_removed_report(made.run, made.slimmed)
    removed = {path for group in report.groups for path, _ in group.files}
    files = {path for path, entry in made.run.tree.items() if not entry.is_directory}
    assert files - set(made.slimmed.tree) == removed - {"/var/empty"}
    assert report.file_count == len(removed) - 1
    assert report.size_bytes == 330 + 20 + 40 + 50 + 1


def test_thirty_thousand_paths_take_no_time() -> None:
    made = sample()
    tree = FileTree(
        file(f"/usr/share/doc/package-{number // 40}/file-{number}", b"x")[0]
        for number in range(32_000)
    )
    run = RunRecord(
        original=made.run.original,
        tree=tree,
        trace=made.run.trace,
        command=made.run.command,
        redact=str,
        owner=lambda path: f"deb {path.parent.name} 1",
    )
    slimmed = SlimmedRecord(
        name=made.slimmed.name,
        tree=FileTree(()),
        selection=Selection(policy=Policy.CLOSURE, kept={ImagePath("/"): ()}),
        layers=(),
    )
    started = time.process_time()
    raw = render_removed_report(make_removed_report(run, slimmed))
    assert time.process_time() - started < 3  # 0.1 s where it was written
    assert raw.count(b'"owner"') == 800
