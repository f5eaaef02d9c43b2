"""A made-up advice, as value and as document."""

from __future__ import annotations

from dataclasses import replace

from jettison.analysis.locked_files import LockedFiles
from jettison.digest import Digest
from jettison.report.advise_document import AdviseDocument, advise_row, excluded_rows
from jettison.scan.advise import Advice, BaseImage, Project, advise
from jettison.scan.severity import Severity
from jettison.scan.tags import parse_tag
from jettison.scan.wheels import PythonPlace

PROJECT = Project(
    requires_python=">=3.10,<3.14",
    packages=(
        LockedFiles(
            name="cffi",
            version="1.16.0",
            wheels=(
                "cffi-1.16.0-cp311-cp311-manylinux_2_17_x86_64.whl",
                "cffi-1.16.0-cp312-cp312-manylinux_2_17_x86_64.whl",
            ),
        ),
    ),
    is_known=True,
)


def counts(
    critical: int = 0, high: int = 0, medium: int = 0, low: int = 0, unknown: int = 0
) -> dict[Severity, int]:
    """Vulnerabilities by severity."""
    return dict(zip(Severity, (critical, high, medium, low, unknown), strict=True))


def base_image(
    tag: str, found: dict[Severity, int] | None, *, repository: str = "python", **changes: object
) -> BaseImage:
    """An image of a registry whose tag tells the version of its Python."""
    parsed = parse_tag(tag)
    python = ".".join(map(str, parsed.release))
    image = BaseImage(
        name=f"registry:{repository}:{tag}",
        reference=f"{repository}:{tag}",
        digest=Digest.of(tag.encode()),
        tag=parsed,
        python=python,
        distro="debian 12",
        counts=found,
        size_bytes=100_000_000,
        os_packages=100,
        layers=(Digest.of(f"layer of {tag}".encode()),),
        place=PythonPlace(version=python, machine="x86_64") if python else None,
    )
    return replace(image, **changes)  # type: ignore[arg-type]  # the fields of an image


def advice() -> Advice:
    """A base in use, better and worse ones, and some that are not offered."""
    current = base_image("3.11.4-slim", counts(2, 10, 30, 5, 40), size_bytes=130_000_000)
    return advise(
        current,
        [
            base_image("3.11.9-slim", counts(0, 4, 20, 5, 30)),
            base_image("3.12.7-slim", counts(0, 1, 20, 5, 30), size_bytes=90_000_000),
            base_image(
                "3.12.7-alpine",
                None,
                unknown_reason="no advisories for Alpine:v3.20",
                place=PythonPlace(version="3.12.7", machine="x86_64", glibc=None),
            ),
            base_image("3.13.0-slim", counts()),
            base_image("3.14.0-slim", counts()),
            base_image("3.15.0a2-slim", counts()),
        ],
        PROJECT,
        moved=False,
    )


def advise_document() -> AdviseDocument:
    """The same as a document."""
    made = advice()
    return AdviseDocument(
        target="Dockerfile",
        base="python:3.11.4-slim",
        base_known_by="from",
        moved=False,
        requires_python=PROJECT.requires_python,
        current=None if made.current is None else advise_row(made.current),
        candidates=tuple(advise_row(offer) for offer in made.offers),
        excluded=excluded_rows(made),
        recommended=None if made.recommended is None else made.recommended.image.name,
        notices=("tags of elsewhere were not listed",),
        stages=(),
    )
