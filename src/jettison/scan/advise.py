"""Which base image is better than the one in use, and which must not be offered at all.

Values in, a list with reasons out; reading images, registries and projects is the workflow's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from packaging.version import InvalidVersion, Version

from jettison.analysis.locked_files import LockedFiles
from jettison.digest import Digest
from jettison.scan.severity import Severity
from jettison.scan.tags import Tag
from jettison.scan.wheels import PythonPlace, WheelCheck, allows, check_wheels

_APP = "what the app needs"


class Change(StrEnum):
    """How a candidate differs from the base in use."""

    CURRENT = "current"
    REBUILD = "rebuild"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    ALTERNATIVE = "alternative"


class Wheels(StrEnum):
    """Whether every locked package has a wheel for a candidate's Python, as far as is known."""

    ALL = "all"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """One image to build on.

    Shape: `name` as the user writes its place (`oci:DIR:3.12`, `registry:HOST/python:3.12`);
    `reference` is what a FROM could name, without a digest, empty for files; `digest` is None where
    its place knows no digest that it could be pinned by; `python` is the version of its Python,
    empty if it has none; `counts` are vulnerabilities by severity, None where they are not known,
    and `unknown_reason` then says why; `place` tells which wheels fit, None without a Python;
    `layers` are its diff IDs; `was_read` is off where nothing but its name is known.
    """

    name: str
    reference: str
    digest: Digest | None
    tag: Tag
    python: str
    distro: str
    counts: Mapping[Severity, int] | None
    size_bytes: int
    os_packages: int
    layers: tuple[Digest, ...]
    place: PythonPlace | None = None
    unknown_reason: str = ""
    was_read: bool = True

    @property
    def pinned(self) -> str:
        """What a FROM names it by, empty where nothing can."""
        if not self.reference or self.digest is None:
            return self.reference
        return f"{self.reference}@{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the app asks of its Python.

    Shape: `is_known` is off where it is not known what the app needs: then nothing is known of
    wheels either.
    """

    requires_python: str = ""
    packages: tuple[LockedFiles, ...] = ()
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One row: an image that may be used; `notes` are what to know of it."""

    image: BaseImage
    change: Change
    wheels: Wheels
    notes: tuple[str, ...] = ()
    is_better: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """One image that is not offered, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The base in use, where it is known, the others from the best on, and the one to take.

    Shape: `recommended` is None where nothing is better or nothing can be told; where the base in
    use could not be read it is the best of those of which all is known.
    """

    current: Offer | None
    offers: tuple[Offer, ...]
    excluded: tuple[Excluded, ...]
    recommended: Offer | None


def advise(
    current: BaseImage | None, candidates: Iterable[BaseImage], project: Project, *, moved: bool
) -> Advice:
    """Sort candidates into offers and exclusions; `moved` says that the tag in use has moved on.

    A base with fewer critical vulnerabilities is better, then with fewer high ones, then fewer of
    medium and unknown severity, then fewer low ones, then a smaller one.
    """
    offers: list[Offer] = []
    excluded: list[Excluded] = []
    for image in candidates:
        change = _change(image, current, moved=moved)
        if change is Change.CURRENT:
            continue
        check = _check_project(image, project, change)
        reason = _exclusion(image, current, project, check)
        if reason:
            excluded.append(Excluded(name=image.name, reason=reason))
        else:
            offers.append(_offer(image, change, check, current))
    offers.sort(key=_place_in_list)
    own = None
    if current is not None and current.was_read:
        check = _check_project(current, project, Change.CURRENT)
        own = Offer(
            image=current,
            change=Change.CURRENT,
            wheels=_wheels(check, current, Change.CURRENT),
            notes=_notes(current, check, Change.CURRENT),
        )
    return Advice(
        current=own,
        offers=tuple(offers),
        excluded=tuple(sorted(excluded, key=lambda item: item.name)),
        recommended=_recommended(offers, current),
    )


def _recommended(offers: list[Offer], current: BaseImage | None) -> Offer | None:
    if current is not None and current.was_read:
        return next((offer for offer in offers if offer.is_better), None)
    return next(
        (
            offer
            for offer in offers
            if offer.image.counts is not None
            and _can_be_used(offer.image, offer.change, offer.wheels, current)
        ),
        None,
    )


def _can_be_used(
    image: BaseImage, change: Change, wheels: Wheels, current: BaseImage | None
) -> bool:
    """Whether nothing that is unknown of wheels speaks against it."""
    if wheels is not Wheels.UNKNOWN:
        return True
    # Another patch level takes the same wheels, whichever they are.
    return current is not None and change is Change.PATCH and _libc(image) == _libc(current)


def reason_against(tag: Tag, place: PythonPlace | None, project: Project) -> str:
    """What rules an image out by its tag alone, so that it need not be fetched; empty for nothing.

    Shape: `place` has the Python that the tag speaks of, None where it speaks of none.
    """
    if tag.is_early:
        return "a pre-release"
    if place is None:
        return ""
    return _against_python(place, project, check_wheels(project.packages, place))


def _against_python(place: PythonPlace, project: Project, check: WheelCheck) -> str:
    if not allows(project.requires_python, place.version):
        return f"Python {place.version} is not in requires-python {project.requires_python}"
    if check.missing:
        return f"no wheel for Python {place.version} there: {_some(check.missing)}"
    return ""


def find_base_by_layers(
    layers: tuple[Digest, ...], candidates: Iterable[BaseImage]
) -> BaseImage | None:
    """The candidate that an image was built on: the one with most of its first layers."""
    fitting = [
        image
        for image in candidates
        if image.layers and image.layers == layers[: len(image.layers)] and image.layers != layers
    ]
    return max(fitting, key=lambda image: (len(image.layers), image.name), default=None)


def _exclusion(
    image: BaseImage, current: BaseImage | None, project: Project, check: WheelCheck
) -> str:
    if image.tag.is_early:
        return "a pre-release"
    if image.python:
        try:
            if Version(image.python.rstrip("+")).is_prerelease:
                return f"its Python, {image.python}, is a pre-release"
        except InvalidVersion:
            return f"its Python calls itself {image.python}, which is no version"
        if image.place is not None:
            return _against_python(image.place, project, check)
    elif current is not None and current.python:
        return "it has no Python"
    return ""


def _check_project(image: BaseImage, project: Project, change: Change) -> WheelCheck:
    if image.place is None or change in (Change.CURRENT, Change.REBUILD):
        return WheelCheck()
    if not project.is_known:
        return WheelCheck(unknown=(_APP,))
    return check_wheels(project.packages, image.place)


def _offer(image: BaseImage, change: Change, check: WheelCheck, current: BaseImage | None) -> Offer:
    wheels = _wheels(check, image, change)
    return Offer(
        image=image,
        change=change,
        wheels=wheels,
        notes=_notes(image, check, change),
        is_better=current is not None
        and _can_be_used(image, change, wheels, current)
        and _is_better(image, current, change),
    )


def _wheels(check: WheelCheck, image: BaseImage, change: Change) -> Wheels:
    if image.place is None or change in (Change.CURRENT, Change.REBUILD):
        return Wheels.NOT_NEEDED
    return Wheels.UNKNOWN if check.unknown else Wheels.ALL


def _notes(image: BaseImage, check: WheelCheck, change: Change) -> tuple[str, ...]:
    notes = []
    if change is Change.REBUILD:
        notes.append("the tag has moved: build again to get it")
    if check.unknown and check.unknown != (_APP,):
        notes.append(f"wheels not known: {_some(check.unknown)}")
    if image.unknown_reason:
        notes.append(f"vulnerabilities not known: {image.unknown_reason}")
    return tuple(notes)


def _is_better(image: BaseImage, current: BaseImage, change: Change) -> bool:
    if image.counts is None or not current.was_read:
        return False
    if current.counts is None:
        return change in (Change.REBUILD, Change.PATCH)
    one, other = _badness(image), _badness(current)
    return one < other or (one == other and image.size_bytes * 10 < current.size_bytes * 9)


def _badness(image: BaseImage) -> tuple[int, int, int, int]:
    counts = image.counts or {}
    # Nobody knows how bad the unrated ones are; most that are rated later are medium.
    middling = counts.get(Severity.MEDIUM, 0) + counts.get(Severity.UNKNOWN, 0)
    return (
        counts.get(Severity.CRITICAL, 0),
        counts.get(Severity.HIGH, 0),
        middling,
        counts.get(Severity.LOW, 0),
    )


_NEARNESS = tuple(Change)


def _place_in_list(offer: Offer) -> tuple[bool, tuple[int, int, int, int], int, int, str]:
    image = offer.image
    return (
        image.counts is None,
        _badness(image),
        _NEARNESS.index(offer.change),
        image.size_bytes,
        image.name,
    )


def _change(image: BaseImage, current: BaseImage | None, *, moved: bool) -> Change:
    if current is None:
        return Change.ALTERNATIVE
    if image.reference == current.reference if image.reference else image.name == current.name:
        return Change.REBUILD if moved else Change.CURRENT
    if image.layers and image.layers == current.layers:
        return Change.CURRENT
    if not image.python or not current.python or _kind(image) != _kind(current):
        return Change.ALTERNATIVE
    try:
        own, former = Version(image.python).release, Version(current.python).release
    except InvalidVersion:
        return Change.ALTERNATIVE
    if own[:2] == former[:2]:
        return Change.PATCH
    return Change.MINOR if own[:1] == former[:1] else Change.MAJOR


def _kind(image: BaseImage) -> tuple[str, bool]:
    """Variant and family of distributions: what does not change with a version."""
    return image.tag.variant, _libc(image) is None


def _libc(image: BaseImage) -> tuple[int, int] | None:
    return image.place.glibc if image.place is not None else None


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
