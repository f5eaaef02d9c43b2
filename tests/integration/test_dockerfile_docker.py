"""What Docker itself sends to a build, against our reading of .dockerignore."""

from __future__ import annotations

import io
import os
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.dockerfile.ignore import IgnoreRules
from jettison.edge.process import ProcessOptions, run

pytestmark = pytest.mark.needs("docker")

FILES = (
    *(".env", ".git/HEAD", "app.py", "a.pyc", "pkg/a.pyc", "pkg/deep/.env", "pkg/deep/b.txt"),
    *("docs/keep.md", "docs/drop.md", "docs/sub/keep.md", "venv/bin/python", "x[1].txt", "ab/c"),
)
# The classic builder does not look below an ignored directory for exceptions with wildcards in a
# directory (`docs`, then `!docs/**/keep.md`), which BuildKit does; so there are none here.
RULES = (
    ".git\n*.pyc\n**/.env\n/venv/\n",
    "# all but\n*\n!docs\n!app.py\ndocs/drop.md\n",
    "docs\n!docs/keep.md\n!docs/sub/keep.md\n",
    "**/*.pyc\npkg/*\n!pkg/deep\n",
    "  docs/../docs  \n!docs/*.md\n",
    "x\\[1].txt\n?b\n./app.py\n",
)


@pytest.fixture
def image() -> Iterator[str]:
    name = f"jettison-ignore-test-{secrets.token_hex(4)}"
    yield name
    run(("docker", "rmi", "--force", name), timeout_s=60)


@pytest.mark.parametrize("rules", RULES)
def test_the_same_files_reach_a_build(rules: str, image: str, tmp_path: Path) -> None:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / ".dockerignore").write_text(rules)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /context/\n")
    context = tmp_path.as_posix()
    environment = dict(os.environ) | {"DOCKER_BUILDKIT": "0"}
    run(
        ("docker", "build", "--quiet", "--tag", image, context),
        timeout_s=120,
        options=ProcessOptions(env=environment),
    )
    sent = _files_of(image)
    matcher = IgnoreRules(rules)
    assert sent == {name for name in FILES if not matcher.ignores(name)}


def _files_of(image: str) -> set[str]:
    """The files below /context, without the two that steer the build."""
    created = run(("docker", "create", image, "none"), timeout_s=60).stdout.decode().strip()
    try:
        copied = run(("docker", "cp", f"{created}:/context", "-"), timeout_s=60).stdout
    finally:
        run(("docker", "rm", created), timeout_s=60)
    with tarfile.open(fileobj=io.BytesIO(copied)) as archive:
        names = {item.name.removeprefix("context/") for item in archive if item.isfile()}
    return names - {"Dockerfile", ".dockerignore"}
