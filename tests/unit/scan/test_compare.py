from __future__ import annotations

from collections.abc import Mapping, Sequence

from jettison.digest import Digest
from jettison.paths import ImagePath
from jettison.scan.compare import Outcome, Smaller, Verdict, compare, find_added
from jettison.scan.compare_vex import gone_statements
from jettison.scan.component import Component
from jettison.scan.match import match
from jettison.scan.openvex import parse_vex, render_vex
from jettison.scan.package_files import PackageFiles, Presence
from jettison.scan.vex import VexStatus
from support.matching import Advisories, debian_package, make_record, python_package

RECORDS = Advisories(
    make_record("DEBIAN-CVE-2026-1", "Debian:12/openssl", "introduced 0", "fixed 3.0.22-1"),
    make_record("GHSA-1", "PyPI/jinja2", "introduced 0", "fixed 3.1.3"),
)
OLD = debian_package("libssl3", "3.0.20-1", "openssl", record="/status")
TOOL = debian_package("openssl", "3.0.20-1", record="/status")
NEW = debian_package("libssl3", "3.0.22-1", "openssl", record="/status")
SITE = "/usr/lib/python3.12/site-packages"


def files(*paths: str, **fields: bool) -> PackageFiles:
    return PackageFiles(sizes={ImagePath.parse(path): 100 for path in paths}, **fields)


LIBRARY = files("/lib/libssl.so.3", "/lib/libcrypto.so.3")
PROGRAM = files("/bin/openssl")


def verdicts(
    original: Mapping[Component, PackageFiles],
    after: Sequence[Component],
    present: Sequence[str] = (),
    alike: Mapping[str, str] | None = None,
    unreadable: Sequence[Component] = (),
) -> tuple[Verdict, ...]:
    return compare(
        match(original, RECORDS.find).findings,
        original,
        Smaller(
            components=after,
            findings=match(after, RECORDS.find).findings,
            presence=Presence(
                present=frozenset(map(ImagePath.parse, present)),
                alike={
                    ImagePath.parse(path): ImagePath.parse(found)
                    for path, found in (alike or {}).items()
                },
            ),
            unreadable=frozenset(unreadable),
        ),
    )


def outcome(*args: object, **fields: object) -> tuple[Outcome, str]:
    (verdict,) = verdicts(*args, **fields)  # type: ignore[arg-type]  # as in verdicts
    worst = next(item for item in verdict.evidence if item.outcome is verdict.outcome)
    return verdict.outcome, worst.reason


def test_another_version_fixes_it() -> None:
    assert outcome({OLD: LIBRARY}, [NEW], ["/lib/libssl.so.3"]) == (
        Outcome.FIXED,
        "its version is 3.0.22-1, which the advisory does not hold",
    )


def test_another_version_that_is_affected_too_remains() -> None:
    other = debian_package("libssl3", "3.0.21-1", "openssl", record="/status")
    assert outcome({OLD: LIBRARY}, [other], ["/lib/libssl.so.3"]) == (
        Outcome.REMAINING,
        "its record and 1 of 2 files of code are there",
    )


def test_another_version_that_nobody_can_read_is_unknown() -> None:
    odd = debian_package("libssl3", "odd", "openssl", record="/status")
    assert outcome({OLD: LIBRARY}, [odd], unreadable=[odd]) == (
        Outcome.UNKNOWN,
        "its version is odd, which no advisory can be held against",
    )


def test_no_record_and_no_file_is_gone() -> None:
    assert outcome({OLD: LIBRARY}, []) == (
        Outcome.PACKAGE_GONE,
        "neither its record nor any of its 2 files of code is there",
    )


def test_a_missing_record_alone_makes_nothing_go_away() -> None:
    (verdict,) = verdicts({OLD: LIBRARY}, [], ["/lib/libcrypto.so.3"])
    assert verdict.outcome is Outcome.UNKNOWN
    (item,) = verdict.evidence
    assert item.reason == "its record is gone, but 1 of 2 files of code are there"
    assert (item.file_count, item.left_count, item.examples) == (2, 1, ("/lib/libcrypto.so.3",))


def test_a_record_without_its_code_is_file_gone() -> None:
    assert outcome({OLD: LIBRARY}, [OLD]) == (
        Outcome.FILE_GONE,
        "its record is there, but none of its 2 files of code",
    )


def test_a_record_with_some_code_remains() -> None:
    assert outcome({OLD: LIBRARY}, [OLD], ["/lib/libssl.so.3"])[0] is Outcome.REMAINING


def test_a_copy_elsewhere_makes_it_unknown() -> None:
    alike = {"/lib/libssl.so.3": "/opt/libssl.so.3"}
    (verdict,) = verdicts({OLD: LIBRARY}, [], alike=alike)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.evidence[0].examples == ("/opt/libssl.so.3",)
    assert outcome({OLD: LIBRARY}, [OLD], alike=alike)[0] is Outcome.UNKNOWN


def test_files_that_no_record_lists_are_never_gone() -> None:
    unlisted = files(is_known=False)
    assert outcome({OLD: unlisted}, [])[0] is Outcome.UNKNOWN
    assert outcome({OLD: unlisted}, [OLD])[0] is Outcome.REMAINING


def test_a_record_that_had_no_files_before() -> None:
    assert outcome({OLD: files()}, [OLD])[0] is Outcome.REMAINING
    assert outcome({OLD: files()}, [])[0] is Outcome.PACKAGE_GONE


def test_data_counts_where_there_is_no_code() -> None:
    data = files("/usr/include/a.h", has_code=False)
    assert outcome({OLD: data}, [OLD], ["/usr/include/a.h"]) == (
        Outcome.REMAINING,
        "its record and 1 of 1 files are there",
    )


def test_the_worst_of_several_packages_counts() -> None:
    (verdict,) = verdicts({OLD: LIBRARY, TOOL: PROGRAM}, [OLD], ["/lib/libssl.so.3"])
    assert verdict.outcome is Outcome.REMAINING
    assert {item.package.name: item.outcome for item in verdict.evidence} == {
        "libssl3": Outcome.REMAINING,
        "openssl": Outcome.PACKAGE_GONE,
    }


def test_one_of_two_environments_may_keep_it() -> None:
    here = python_package("jinja2", "3.1.2", record=f"{SITE}/jinja2-3.1.2.dist-info")
    there = python_package("jinja2", "3.1.2", record="/srv/venv/jinja2-3.1.2.dist-info")
    original = {here: files(f"{SITE}/jinja2/a.py"), there: files("/srv/venv/jinja2/a.py")}
    (verdict,) = verdicts(original, [there], ["/srv/venv/jinja2/a.py"])
    assert [item.outcome for item in verdict.evidence] == [
        Outcome.PACKAGE_GONE,
        Outcome.REMAINING,
    ]


def test_a_distribution_that_moved_is_not_gone() -> None:
    here = python_package("jinja2", "3.1.2", record=f"{SITE}/jinja2-3.1.2.dist-info")
    moved = python_package("jinja2", "3.1.2", record="/app/jinja2-3.1.2.dist-info")
    alike = {f"{SITE}/jinja2/a.py": "/app/jinja2/a.py"}
    assert outcome({here: files(f"{SITE}/jinja2/a.py")}, [moved], alike=alike)[0] is (
        Outcome.UNKNOWN
    )


def test_what_only_the_smaller_image_has_is_added() -> None:
    jinja = python_package("jinja2", "3.1.2")
    before = match([OLD], RECORDS.find).findings
    after = match([OLD, jinja], RECORDS.find).findings
    assert [finding.id for finding in find_added(before, after)] == ["GHSA-1"]
    assert find_added(after, before) == ()


def test_vex_states_what_is_gone_and_nothing_else() -> None:
    jinja = python_package("jinja2", "3.1.2", record=f"{SITE}/jinja2-3.1.2.dist-info")
    digest = Digest.parse(f"sha256:{5:064x}")
    found = verdicts({OLD: LIBRARY, jinja: files(f"{SITE}/j.py")}, [NEW])
    document = gone_statements(
        found, image=f"pkg:oci/shop@{digest}", digest=digest, timestamp="2026-01-01T00:00:00Z"
    )
    read = parse_vex(render_vex(document), what="vex.json")
    statuses = {item.vulnerability: item.status for item in read.statements}
    assert statuses == {"CVE-2026-1": VexStatus.FIXED, "GHSA-1": VexStatus.NOT_AFFECTED}
    gone = next(item for item in read.statements if item.vulnerability == "GHSA-1")
    assert gone.justification == "vulnerable_code_not_present"
    assert "neither its record nor any of its 1 files" in gone.status_notes
    assert gone.products[0].component.sha256 == digest.hex
    assert gone.products[0].subcomponents[0].purl == "pkg:pypi/jinja2@3.1.2"
    remaining = verdicts({OLD: LIBRARY}, [OLD], ["/lib/libssl.so.3"])
    nothing = gone_statements(remaining, image="x", digest=digest, timestamp="")
    assert nothing.statements == ()
