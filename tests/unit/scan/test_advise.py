from __future__ import annotations

from dataclasses import replace

import pytest

from jettison.analysis.locked_files import LockedFiles
from jettison.digest import Digest
from jettison.scan.advise import (
    Advice,
    BaseImage,
    Change,
    Project,
    Wheels,
    advise,
    find_base_by_layers,
    reason_against,
)
from jettison.scan.tags import parse_tag
from jettison.scan.wheels import PythonPlace
from support.advise_documents import PROJECT, advice, base_image, counts

CURRENT = base_image("3.11.4-slim", counts(1, 1, 1, 1, 1))
ANY = Project(is_known=True)


def names(made: Advice) -> list[str]:
    return [offer.image.reference for offer in made.offers]


def recommended(made: Advice) -> str:
    return made.recommended.image.reference if made.recommended is not None else ""


def one(image: BaseImage, *, current: BaseImage | None = CURRENT, project: Project = ANY) -> Advice:
    return advise(current, [image], project, moved=False)


def reason(made: Advice) -> str:
    assert made.offers == ()
    (excluded,) = made.excluded
    return excluded.reason


def test_the_best_comes_first_and_is_recommended() -> None:
    made = advice()
    assert names(made) == ["python:3.12.7-slim", "python:3.11.9-slim"]
    assert recommended(made) == "python:3.12.7-slim"
    assert [offer.change for offer in made.offers] == [Change.MINOR, Change.PATCH]
    assert {item.name: item.reason for item in made.excluded} == {
        "registry:python:3.12.7-alpine": "no wheel for Python 3.12.7 there: cffi 1.16.0",
        "registry:python:3.13.0-slim": "no wheel for Python 3.13.0 there: cffi 1.16.0",
        "registry:python:3.14.0-slim": "Python 3.14.0 is not in requires-python >=3.10,<3.14",
        "registry:python:3.15.0a2-slim": "a pre-release",
    }


@pytest.mark.parametrize(
    "tag", ["3.14.0a2", "3.13.0b1-slim", "3.13.0rc1", "3.14-rc-slim", "3.14.0-alpha.1", "edge"]
)
def test_a_pre_release_is_never_offered(tag: str) -> None:
    assert reason(one(base_image(tag, counts(), python="3.12.1"))) == "a pre-release"


def test_nor_is_a_pre_release_behind_a_plain_tag() -> None:
    assert "pre-release" in reason(one(base_image("latest", counts(), python="3.14.0b2")))
    assert "no version" in reason(one(base_image("latest", counts(), python="three")))


def test_nor_one_without_a_python_where_there_is_one() -> None:
    bare = base_image("bookworm-slim", counts(), repository="debian", python="", place=None)
    assert "no Python" in reason(one(bare))
    made = one(bare, current=replace(bare, reference="debian:old", counts=counts(1), layers=()))
    assert recommended(made) == "debian:bookworm-slim"


def test_without_the_apps_needs_only_the_same_minor_version_is_recommended() -> None:
    unknown = Project()
    minor = one(base_image("3.12.1-slim", counts()), project=unknown)
    assert (recommended(minor), minor.offers[0].wheels) == ("", Wheels.UNKNOWN)
    patch = one(base_image("3.11.9-slim", counts()), project=unknown)
    assert recommended(patch) == "python:3.11.9-slim"
    musl = PythonPlace(version="3.11.9", machine="x86_64", glibc=None)
    other = one(base_image("3.11.9-slim", counts(), place=musl), project=unknown)
    assert recommended(other) == ""


def test_wheels_that_nobody_lists_are_said_so() -> None:
    unlisted = LockedFiles(name="lxml", version="5", is_listed=False)
    made = one(
        base_image("3.12.1-slim", counts()), project=Project(packages=(unlisted,), is_known=True)
    )
    (offer,) = made.offers
    assert offer.wheels is Wheels.UNKNOWN
    assert offer.notes == ("wheels not known: lxml 5",)
    assert recommended(made) == ""


def test_unknown_vulnerabilities_are_not_taken_for_none() -> None:
    blind = base_image("3.11.9-slim", None, unknown_reason="no advisories for Debian:14")
    made = one(blind)
    assert recommended(made) == ""
    assert made.offers[0].notes == ("vulnerabilities not known: no advisories for Debian:14",)
    both = advise(CURRENT, [blind, base_image("3.11.8-slim", counts(1, 1, 1, 1))], ANY, moved=False)
    assert names(both) == ["python:3.11.8-slim", "python:3.11.9-slim"]


@pytest.mark.parametrize(
    ("found", "size_bytes", "better"),
    [
        (counts(1, 1, 1, 1, 1), 100_000_000, False),
        (counts(1, 1, 1, 1, 1), 95_000_000, False),
        (counts(1, 1, 1, 1, 1), 80_000_000, True),
        (counts(0, 9, 9, 9, 9), 500_000_000, True),
        (counts(1, 0, 9, 9, 9), 500_000_000, True),
        (counts(1, 1, 0, 9, 1), 500_000_000, True),
        (counts(1, 1, 3, 0, 0), 100_000_000, False),
        (counts(1, 2, 0, 0, 0), 100_000_000, False),
    ],
)
def test_severe_vulnerabilities_count_before_many_and_those_before_size(
    found: dict[object, int], size_bytes: int, better: bool
) -> None:
    image = base_image("3.11.9-slim", found, size_bytes=size_bytes)  # type: ignore[arg-type]  # by severity
    assert bool(recommended(one(image))) is better


def test_a_tag_that_has_moved_is_a_rebuild() -> None:
    now = replace(CURRENT, counts=counts(), layers=(Digest.of(b"another"),))
    made = advise(CURRENT, [now], Project(), moved=True)
    assert made.offers[0].change is Change.REBUILD
    assert recommended(made) == CURRENT.reference
    assert advise(CURRENT, [now], Project(), moved=False).offers == ()


def test_the_base_in_use_under_another_name_is_no_offer() -> None:
    assert one(replace(CURRENT, reference="", name="oci:copy")).offers == ()


def test_a_base_that_could_not_be_read_is_not_shown_and_the_best_is_recommended() -> None:
    unread = replace(CURRENT, counts=None, layers=(), was_read=False)
    made = advise(unread, [base_image("3.12.7-slim", counts(0, 1))], PROJECT, moved=False)
    assert made.current is None
    assert made.offers[0].change is Change.MINOR
    assert recommended(made) == "python:3.12.7-slim"
    assert recommended(advise(None, [base_image("3.12.7-slim", None)], PROJECT, moved=False)) == ""


def test_of_an_unread_base_another_patch_level_may_be_taken_whatever_the_wheels() -> None:
    unread = replace(CURRENT, counts=None, layers=(), was_read=False)
    candidates = [base_image("3.12.7-slim", counts()), base_image("3.11.9-slim", counts(1))]
    made = advise(unread, candidates, Project(), moved=False)
    assert names(made)[0] == "python:3.12.7-slim"
    assert recommended(made) == "python:3.11.9-slim"


def test_a_base_is_known_by_its_layers() -> None:
    one_, two, app = (Digest.of(name) for name in (b"1", b"2", b"3"))
    small = replace(CURRENT, name="small", layers=(one_,))
    large = replace(CURRENT, name="large", layers=(one_, two))
    other = replace(CURRENT, name="other", layers=(two,))
    assert find_base_by_layers((one_, two, app), [small, large, other]) is large
    assert find_base_by_layers((one_, app), [small, large, other]) is small
    assert find_base_by_layers((app,), [small, large, other]) is None
    assert find_base_by_layers((one_, two), [large]) is None


def test_a_tag_alone_rules_images_out() -> None:
    def against(tag: str, version: str) -> str:
        place = PythonPlace(version=version, machine="x86_64")
        return reason_against(parse_tag(tag), place, PROJECT)

    assert against("3.12-slim", "3.12") == ""
    assert "requires-python" in against("3.14-slim", "3.14")
    assert "cffi" in against("3.13-slim", "3.13")
    assert against("3.12-rc-slim", "3.12") == "a pre-release"
    assert reason_against(parse_tag("13-slim"), None, PROJECT) == ""


def test_pinned_names() -> None:
    assert CURRENT.pinned == f"python:3.11.4-slim@{CURRENT.digest}"
    assert replace(CURRENT, digest=None).pinned == "python:3.11.4-slim"
    assert replace(CURRENT, reference="").pinned == ""
