"""What the tag of a base image says: a version, a distribution, a variant; and which to look at.

Tags are a habit and no format: `3.12-slim-bookworm`, `3.13.0rc1`, `12.5`, `bookworm-20240513-slim`.
What is not understood is a variant of its own, and nothing is offered in its stead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(r"v?(\d+(?:\.\d+){0,3})(?:[._]?([a-z]+)[._]?(\d*))?")
_EARLY: Final = re.compile(
    r"(?:a|b|c|rc|alpha|beta|dev|devel|pre|preview|nightly|snapshot|edge|next|canary|experimental"
    r"|unstable|testing|sid|rawhide|insider)(?:[._]?\d+)*"
)
_ALPINE: Final = re.compile(r"alpine(?:v?(\d+)\.(\d+))?")
_DATE: Final = re.compile(r"\d{6,14}")
# Oldest first, by family.
_CODENAMES: Final = (
    ("stretch", "buster", "bullseye", "bookworm", "trixie", "forky"),
    ("bionic", "focal", "jammy", "noble"),
)
_LATEST: Final = frozenset({"latest", "stable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag in its parts.

    Shape: `release` is empty where there is no version; `distro` a code name or `alpine3.20`,
    empty where none is named; `variant` what is left (`slim`, `alpine`), words joined by a dash.
    """

    text: str
    release: tuple[int, ...] = ()
    is_early: bool = False
    is_dated: bool = False
    distro: str = ""
    variant: str = ""


def parse_tag(text: str) -> Tag:
    """Take a tag apart; anything is some tag."""
    release: tuple[int, ...] = ()
    is_early = is_dated = False
    distro = ""
    variant = []
    for number, word in enumerate(text.lower().split("-")):
        fits = _VERSION.fullmatch(word) if number == 0 else None
        if fits is not None and (not fits[2] or _EARLY.fullmatch(fits[2])):
            release = tuple(int(part) for part in fits[1].split("."))
            is_early = bool(fits[2])
        elif _EARLY.fullmatch(word):
            is_early = True
        elif any(word in family for family in _CODENAMES):
            distro = word
        elif fits := _ALPINE.fullmatch(word):
            variant.append("alpine")
            distro = word if fits[1] else ""
        elif _DATE.fullmatch(word):
            is_dated = True
        elif word not in _LATEST:
            variant.append(word)
    return Tag(
        text=text,
        release=release,
        is_early=is_early,
        is_dated=is_dated,
        distro=distro,
        variant="-".join(variant),
    )


def distro_age(distro: str) -> tuple[str, int, int] | None:
    """Something that sorts distributions of one family from old to new; None for unknown ones."""
    for number, family in enumerate(_CODENAMES):
        if distro in family:
            return (str(number), family.index(distro), 0)
    fits = _ALPINE.fullmatch(distro)
    return ("alpine", int(fits[1]), int(fits[2])) if fits and fits[1] else None


def choose_tags(
    tags: Iterable[str], current: Tag, *, is_allowed: Callable[[Tag], bool], most: int
) -> tuple[str, ...]:
    """The tags worth a look beside the one in use, the nearest first.

    Shape: the newest of the same major and minor version, then newer minor versions, each as it
    is in use, then on a newer distribution, then as `slim`. Tags are written as the one in use is:
    who names no patch level or distribution is offered none.
    """
    known = [parse_tag(text) for text in tags]
    alike = [
        tag
        for tag in known
        if not tag.is_early
        and tag.is_dated == current.is_dated
        and bool(tag.distro) == bool(current.distro)
        and len(tag.release) == _precision(current)
        and tag.release[:2] >= current.release[:2]
        and is_allowed(tag)
    ]
    chosen: dict[str, None] = {}
    for group in _groups(alike, current):
        best = max(group, key=_newness, default=None)
        if best is not None and best.text != current.text and best.release >= current.release:
            chosen.setdefault(best.text)
    return tuple(chosen)[:most]


def _precision(current: Tag) -> int:
    """How many numbers a version has; two where the one in use does not even name a minor one."""
    return len(current.release) if len(current.release) != 1 else 2


def _groups(alike: list[Tag], current: Tag) -> Iterator[list[Tag]]:
    minors = sorted({tag.release[:2] for tag in alike}, reverse=True)
    same = current.release[:2]
    order = [same, *(minor for minor in minors if minor > same)]
    variants = dict.fromkeys((current.variant, "slim" if not current.variant else current.variant))
    for variant in variants:
        for minor in order:
            of_minor = [tag for tag in alike if tag.release[:2] == minor and tag.variant == variant]
            yield [tag for tag in of_minor if tag.distro == current.distro]
            yield [tag for tag in of_minor if _is_newer(tag.distro, current.distro)]


def _is_newer(distro: str, than: str) -> bool:
    one, other = distro_age(distro), distro_age(than)
    return one is not None and other is not None and one[0] == other[0] and one > other


def _newness(tag: Tag) -> tuple[tuple[int, ...], tuple[str, int, int]]:
    return tag.release, distro_age(tag.distro) or ("", 0, 0)
