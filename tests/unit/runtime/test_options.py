from __future__ import annotations

from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.paths import ImagePath
from jettison.runtime.options import (
    TmpfsMount,
    VolumeMount,
    parse_network,
    parse_tmpfs,
    parse_volume,
)


def test_volume_has_source_target_and_mode() -> None:
    assert parse_volume("/srv/data:/data") == VolumeMount(
        source=Path("/srv/data"), target=ImagePath("/data")
    )
    assert parse_volume("/srv/data:/data/../db/:ro").target == ImagePath("/db")
    assert parse_volume("/srv/data:/data:ro").read_only
    assert parse_volume("/srv/data:/data:ro,z").read_only
    assert not parse_volume("/srv/data:/data:rw").read_only


def test_relative_volume_counts_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_volume("./data:/data").source == tmp_path / "data"
    assert parse_volume("~/data:/data").source == Path("/home/me/data")


@pytest.mark.parametrize(
    "text", ["", "/data", ":/data", "/a:", "/a:b", "name:/data", "/a:/b:wx", "/a:/", "/a:/b/.."]
)
def test_what_is_no_volume_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--volume"):
        parse_volume(text)


def test_tmpfs_has_target_and_options() -> None:
    assert parse_tmpfs("/run") == TmpfsMount(target=ImagePath("/run"))
    assert parse_tmpfs("/run:size=64m,exec").options == ("size=64m", "exec")
    for text in ("", "run", "/", "/.."):
        with pytest.raises(UsageError, match="--tmpfs"):
            parse_tmpfs(text)


def test_network_is_one_of_three() -> None:
    for text in ("none", "host", "container:db"):
        assert parse_network(text) == text
    for text in ("", "bridge", "container:", "my-network"):
        with pytest.raises(UsageError, match="--network"):
            parse_network(text)
