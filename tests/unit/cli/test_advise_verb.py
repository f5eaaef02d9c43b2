from __future__ import annotations

from pathlib import Path

import pytest

from jettison.cli.advise_verb import find_dockerfile
from jettison.errors import UsageError


def test_a_dockerfile_that_is_not_there_is_not_taken_for_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="Dockerfile: no such file"):
        find_dockerfile("Dockerfile")
    Path("Dockerfile").write_text("FROM python:3\n")
    assert find_dockerfile("Dockerfile") == Path("Dockerfile")
    assert find_dockerfile("shop") is None
