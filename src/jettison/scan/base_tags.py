"""Which tags of a repository are worth fetching beside the base in use, for one app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jettison.image.reference import Reference
from jettison.scan.advise import BaseImage, Project, reason_against
from jettison.scan.tags import Tag, choose_tags, parse_tag
from jettison.scan.wheels import DEFAULT_GLIBC, PythonPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChoice:
    """Tags to look at, the nearest first, and those that would be but for a reason."""

    tags: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]


def choose_base_tags(
    tags: Iterable[str], in_use: str, image: BaseImage | None, project: Project, *, most: int
) -> TagChoice:
    """Choose by what the tags alone say.

    Shape: `in_use` is the whole name of the base, `image` what is known of it.
    """
    known = tuple(tags)
    current = _whole_tag(parse_tag(Reference.parse(in_use).tag), image)
    reasons: dict[PythonPlace, str] = {}

    def against(tag: Tag) -> str:
        place = _place_of(tag, image)
        if place is None or tag.is_early:
            return reason_against(tag, None, project)
        if place not in reasons:
            reasons[place] = reason_against(tag, place, project)
        return reasons[place]

    wanted = choose_tags(known, current, is_allowed=lambda _: True, most=most)
    told = [(tag, reason) for tag in wanted if (reason := against(parse_tag(tag)))]
    chosen = choose_tags(known, current, is_allowed=lambda tag: not against(tag), most=most)
    return TagChoice(tags=chosen, excluded=tuple(told))


def _place_of(tag: Tag, image: BaseImage | None) -> PythonPlace | None:
    """The Python that a tag speaks of, on the system that it names; None if it speaks of none."""
    if image is None or image.place is None or len(tag.release) < 2:
        return None
    if not _speaks_of_python(image):
        return None
    is_musl = tag.variant.startswith("alpine")
    return replace(
        image.place,
        version=".".join(map(str, tag.release)),
        glibc=None if is_musl else image.place.glibc or DEFAULT_GLIBC,
    )


def _speaks_of_python(image: BaseImage) -> bool:
    """Whether the version of its tag is that of its Python, as in `python:3.12`."""
    numbers = _numbers(image.python)
    release = image.tag.release[: len(numbers)]
    if not release:
        return Reference.parse(image.reference).path.rpartition("/")[2] == "python"
    return numbers[: len(release)] == release


def _whole_tag(tag: Tag, image: BaseImage | None) -> Tag:
    """`3-slim` and `slim` are of the Python that is in them, when newer ones are looked for."""
    if image is None or len(tag.release) > 1 or not image.reference or not image.python:
        return tag
    return replace(tag, release=_numbers(image.python)) if _speaks_of_python(image) else tag


def _numbers(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split(".")[:2] if part.isdigit())
