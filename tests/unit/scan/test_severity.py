from __future__ import annotations

import pytest

from jettison.scan.osv import Record
from jettison.scan.severity import UNRATED, Rating, Severity, rate, rate_vector, reaches
from support.matching import make_record

V3_HIGH = "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"
V3_LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"
V4_MEDIUM = "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def of(*records: Record) -> Rating:
    return rate([(record, entry) for record in records for entry in record.affected])


def record(package: str = "PyPI/p", **fields: object) -> Record:
    return make_record("X-1", package, "introduced 0", **fields)


def vector(text: str, kind: str = "CVSS_V3") -> list[dict[str, str]]:
    return [{"type": kind, "score": text}]


@pytest.mark.parametrize(
    ("text", "severity", "score", "source"),
    [
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical", 9.8, "CVSS 3.0"),
        (V3_HIGH, "high", 8.8, "CVSS 3.1"),
        (V3_LOW, "low", 1.8, "CVSS 3.1"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", "low", 0.0, "CVSS 3.1"),
        (V4_MEDIUM, "medium", 5.4, "CVSS 4.0"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "critical", 10.0,
         "CVSS 4.0"),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", "high", 10.0, "CVSS 2.0"),
        ("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", "medium", 4.3, "CVSS 2.0"),
        # Temporal metrics do not change the base score.
        (f"{V3_HIGH}/E:U/RL:O", "high", 8.8, "CVSS 3.1"),
    ],
)  # fmt: skip
def test_vectors_give_severities(text: str, severity: str, score: float, source: str) -> None:
    rating = rate_vector(text)
    assert rating is not None
    assert (rating.severity, rating.score, rating.source) == (severity, score, source)


@pytest.mark.parametrize(
    "text", ["", "7.5", "CVSS:3.1", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N/AC:L", "low", "/" * 1000, "a/b"]
)
def test_what_is_no_vector_rates_nothing(text: str) -> None:
    assert rate_vector(text) is None
    assert of(record(severity=vector(text))) == UNRATED


def test_the_highest_score_counts() -> None:
    both = [*vector(V4_MEDIUM, "CVSS_V4"), *vector(V3_HIGH)]
    assert of(record(severity=both)).score == 8.8
    assert of(record(severity=vector(V3_LOW)), record(severity=vector(V3_HIGH))).score == 8.8
    assert of(record(entry_severity=vector(V3_HIGH))).score == 8.8


def test_a_vector_goes_before_words() -> None:
    rating = of(record("Debian:12/p", severity=vector(V3_LOW), urgency="high"))
    assert rating.severity is Severity.LOW
    assert rating.vector == V3_LOW


@pytest.mark.parametrize(
    ("urgency", "severity"),
    [
        ("high", "high"),
        ("medium", "medium"),
        ("low", "low"),
        ("unimportant", "low"),
        ("medium**", "medium"),
        ("low*", "low"),
        ("not yet assigned", "unknown"),
        ("end-of-life", "unknown"),
    ],
)
def test_debian_s_urgency_counts_where_there_is_no_vector(urgency: str, severity: str) -> None:
    rating = of(record("Debian:12/p", urgency=urgency))
    assert rating.severity == severity
    assert rating.source == ("Debian" if severity != "unknown" else "")


def test_ubuntu_s_priority_counts_where_there_is_no_vector() -> None:
    assert of(record("Ubuntu:22.04:LTS/p", severity=vector("negligible", "Ubuntu"))) == Rating(
        severity=Severity.LOW, source="Ubuntu"
    )


def test_a_database_s_word_comes_last() -> None:
    word = {"severity": "MODERATE"}
    assert of(record(database_specific=word)).severity is Severity.MEDIUM
    assert of(record("Debian:12/p", database_specific=word, urgency="low")).severity == "low"
    assert of(record(database_specific=word, severity=vector(V3_HIGH))).severity == "high"


def test_without_any_rating_it_is_unknown() -> None:
    assert of(record()) == UNRATED
    assert of(record(severity=[{"type": "CVSS_V3", "score": "?"}])).severity is Severity.UNKNOWN


def test_thresholds() -> None:
    reached = {severity: reaches(severity, Severity.HIGH) for severity in Severity}
    assert reached == {"critical": True, "high": True, "medium": False, "low": False,
                       "unknown": False}  # fmt: skip
    assert all(reaches(severity, Severity.UNKNOWN) for severity in Severity)
