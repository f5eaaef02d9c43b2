from pathlib import Path

import pytest

from imagebuild.debian import find_mirrors


def test_mirrors_are_those_of_apt_in_either_form(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old/debian bookworm main\ndeb [arch=amd64] http://one/debian bookworm main\n"
    )
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://two/debian\nSuites: bookworm bookworm-updates\n\n"
        "Types: deb\nURIs: http://two/security\nSuites: bookworm-security\n"
    )
    assert find_mirrors(tmp_path) == {
        "bookworm": "http://one/debian",
        "bookworm-updates": "http://two/debian",
        "bookworm-security": "http://two/security",
    }


def test_a_mirror_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JETTISON_MIRROR", "http://here/debian/")
    assert find_mirrors(tmp_path)["bookworm-security"] == "http://here/debian-security"
