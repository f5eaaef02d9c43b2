from __future__ import annotations

import pytest

from jettison.scan.tags import Tag, choose_tags, parse_tag

PYTHON = (
    *("latest", "3", "3.11", "3.12", "3.13", "3.14", "3.15-rc", "3.15.0a2", "3-slim", "slim"),
    *("3.11-slim", "3.12-slim", "3.13-slim", "3.14-slim", "3.15-rc-slim", "3.15.0b1-slim"),
    *("3.11.4-slim-bookworm", "3.11.9-slim-bookworm", "3.11.10-slim-bookworm"),
    *("3.12.7-slim-bookworm", "3.12.11-slim-bookworm", "3.12.11-slim-trixie"),
    *("3.11.10-slim-trixie", "3.11.10-slim-bullseye", "3.11.10-alpine3.20", "3.11-alpine"),
    *("3.14.0a1-slim-bookworm", "3.14.0rc2-slim-trixie", "3.14.0-slim-trixie", "3.12-windows"),
)


def choose(current: str, *, most: int = 20, limit: tuple[int, int] = (9, 9)) -> list[str]:
    return list(
        choose_tags(
            PYTHON,
            parse_tag(current),
            is_allowed=lambda tag: tag.release[:2] <= limit,
            most=most,
        )
    )


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("3.12", {"release": (3, 12)}),
        ("v3.12.4", {"release": (3, 12, 4)}),
        ("latest", {}),
        ("slim", {"variant": "slim"}),
        ("3.12-slim-bookworm", {"release": (3, 12), "variant": "slim", "distro": "bookworm"}),
        ("3.12-alpine", {"release": (3, 12), "variant": "alpine"}),
        ("3.12-alpine3.20", {"release": (3, 12), "variant": "alpine", "distro": "alpine3.20"}),
        ("3.13.0rc1", {"release": (3, 13, 0), "is_early": True}),
        ("3.14.0a2-slim", {"release": (3, 14, 0), "is_early": True, "variant": "slim"}),
        ("3.14-rc-slim", {"release": (3, 14), "is_early": True, "variant": "slim"}),
        ("3.14.0-alpha.1", {"release": (3, 14, 0), "is_early": True}),
        ("3.14.0_beta3", {"release": (3, 14, 0), "is_early": True}),
        ("alpha", {"is_early": True}),
        ("edge", {"is_early": True}),
        ("unstable-slim", {"is_early": True, "variant": "slim"}),
        ("bookworm-20240513-slim", {"is_dated": True, "variant": "slim", "distro": "bookworm"}),
        ("3.12-windowsservercore", {"release": (3, 12), "variant": "windowsservercore"}),
        ("3.12foo", {"variant": "3.12foo"}),
    ],
)
def test_a_tag_is_taken_apart(text: str, tag: dict[str, object]) -> None:
    assert parse_tag(text) == Tag(text=text, **tag)  # type: ignore[arg-type]  # the fields of a tag


def test_tags_are_offered_as_the_one_in_use_is_written() -> None:
    assert choose("3.11-slim") == ["3.14-slim", "3.13-slim", "3.12-slim"]
    assert choose("3.12-slim", limit=(3, 13)) == ["3.13-slim"]


def test_patch_levels_come_first_then_minor_versions_then_distributions() -> None:
    assert choose("3.11.4-slim-bookworm") == [
        "3.11.10-slim-bookworm",
        "3.11.10-slim-trixie",
        "3.14.0-slim-trixie",
        "3.12.11-slim-bookworm",
        "3.12.11-slim-trixie",
    ]
    assert choose("3.11.4-slim-bookworm", most=1) == ["3.11.10-slim-bookworm"]


def test_a_full_image_is_offered_slim_ones_too() -> None:
    assert choose("3.13") == ["3.14", "3.13-slim", "3.14-slim"]


def test_nothing_early_is_ever_offered() -> None:
    offered = {tag for current in PYTHON for tag in choose(current)}
    assert "3.14-slim" in offered
    assert not [tag for tag in offered if parse_tag(tag).is_early]


def test_the_newest_has_nothing_newer() -> None:
    assert choose("3.14-slim") == []
    assert choose("3.14.0-slim-trixie") == []


def test_a_tag_that_nobody_understands_has_no_kin() -> None:
    assert choose("ours") == []
