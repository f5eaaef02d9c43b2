from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.report.explain import (
    Fate,
    parse_container_report,
    parse_removed_report,
)
from jettison.report.removed import UNREACHED
from support.reports import explain_sample


def test_chain_leads_to_a_reason_that_needs_no_other() -> None:
    found = explain_sample("/site/flask/app.py")
    assert found.fate is Fate.KEPT
    (chain,) = found.chains
    assert [(step.path, str(step.reason.rule)) for step in chain] == [
        ("/site/flask/app.py", "python"),
        ("/app/main.py", "yours"),
    ]


def test_circle_of_reasons_ends_at_its_way_out() -> None:
    found = explain_sample("/usr/bin/python3.11")
    assert [[(step.path, str(step.reason.rule)) for step in chain] for chain in found.chains] == [
        [("/usr/bin/python3.11", "python"), ("/usr/bin/python3", "observed")],
        [("/usr/bin/python3.11", "observed")],
    ]


def test_links_of_directories_are_followed_and_said() -> None:
    found = explain_sample("/bin/python3.11")
    assert (found.path, found.links) == ("/usr/bin/python3.11", ("/bin",))
    assert found.fate is Fate.KEPT
    assert explain_sample("/bin").path == "/bin"  # the link itself was asked about
    assert explain_sample("/bin/perl").fate is Fate.DROPPED


def test_dropped_path_has_owner_and_reason() -> None:
    found = explain_sample("/usr/bin/perl")
    assert (found.fate, found.owner, found.why) == (
        Fate.DROPPED,
        "deb perl-base 5.36.0-7+deb12u3",
        UNREACHED,
    )


def test_directory_says_what_was_dropped_below_it() -> None:
    partly = explain_sample("/usr")
    assert partly.fate is Fate.KEPT
    assert (partly.dropped_count, partly.dropped_size_bytes) == (4, 420)
    wholly = explain_sample("/var/log")
    assert wholly.fate is Fate.DROPPED
    assert wholly.dropped_count == 1


def test_path_of_neither_image_is_unknown() -> None:
    assert explain_sample("/no/such").fate is Fate.UNKNOWN
    assert explain_sample("/usr/bin/per").fate is Fate.UNKNOWN


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"kind":"creport","schema_version":99}'])
def test_foreign_files_are_refused(raw: bytes) -> None:
    with pytest.raises(UsageError, match="creport"):
        parse_container_report(raw)
    with pytest.raises(UsageError, match="removed"):
        parse_removed_report(raw)
