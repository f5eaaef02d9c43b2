from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path

import pytest

from jettison.errors import HostError, TransportError, UsageError
from jettison.events import Recorded, Silent
from jettison.lint.suppressions import Ignore
from jettison.workflow.lint import LintRequest, LintResult, lint
from jettison.workflow.lint_files import find
from support.commands import write_fake_command
from support.linting import TODAY

BAD = (
    "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\n"
    "CMD python m.py\n"
)
DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "Dockerfile").write_text(BAD)
    (directory / "requirements.txt").write_text("flask==3.1.0\n")
    (directory / "m.py").write_text("print(1)\n")
    monkeypatch.chdir(tmp_path)
    return Path("project")


def run(*paths: Path, **more: object) -> LintResult:
    request = LintRequest(paths=paths, today=TODAY, hadolint=False, **more)  # type: ignore[arg-type]  # checked by the class
    return lint(request, events=Silent())


def rules(result: LintResult) -> set[str]:
    return {finding.rule for finding in result.sifted.findings}


def test_paths_are_shown_as_they_were_named(project: Path) -> None:
    files = {finding.place.file for finding in run(project).sifted.findings}
    assert files == {"project/Dockerfile", "project/requirements.txt"}


def test_fixes_are_written_until_none_is_left(project: Path) -> None:
    before = rules(run(project))
    assert {"JT2001", "JT2002", "JT2006", "JT5006"} <= before
    result = run(project, fix=True)
    assert rules(result) == before - {"JT2001", "JT2002", "JT2006", "JT5006"}
    assert result.fixed == ("project/.dockerignore", "project/Dockerfile")
    assert result.fixed_count == 4
    assert (project / "Dockerfile").read_text() == (
        "FROM python:3.13-slim\nWORKDIR /srv\nCOPY requirements.txt /srv/requirements.txt\n"
        "RUN pip install --no-cache-dir -r requirements.txt\nCOPY . .\n"
        'CMD ["python", "m.py"]\n'
    )
    assert rules(run(project)) == rules(result)
    assert run(project, fix=True).fixed == ()


def test_line_ends_byte_order_mark_mode_and_links_are_kept(project: Path) -> None:
    real = project / "real.txt"
    raw = b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").encode()
    real.write_bytes(raw)
    real.chmod(0o600)
    (project / "Dockerfile").unlink()
    (project / "Dockerfile").symlink_to("real.txt")
    run(project / "Dockerfile", fix=True)
    changed = real.read_bytes()
    assert changed.startswith(b"\xef\xbb\xbfFROM python:3.13-slim\r\n")
    assert changed.count(b"\n") == changed.count(b"\r\n") == raw.count(b"\n") + 1
    assert (project / "Dockerfile").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_nothing_is_written_where_one_file_cannot_be(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests run as root, whom no mode keeps out; a directory in the way does.
    real = tempfile.mkstemp

    def refuse(*, prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002  # its name there
        if prefix.startswith("..dockerignore"):
            raise PermissionError(13, "Permission denied", "project")
        return real(prefix=prefix, dir=dir)

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", refuse)
        with pytest.raises(
            HostError, match=r"project/.dockerignore: Permission denied; nothing was changed"
        ):
            run(project, fix=True)
    names = sorted(path.name for path in project.iterdir())
    assert names == ["Dockerfile", "m.py", "requirements.txt"]
    assert (project / "Dockerfile").read_text() == BAD


def test_what_does_not_parse_is_a_finding_and_the_rest_goes_on(project: Path) -> None:
    (project / "Bad.dockerfile").write_text("FROM a\nFOO b\n")
    (project / "Latin.dockerfile").write_bytes(b"FROM a\nRUN \xff\n")
    (project / "compose.yaml").write_text("a: [\n")
    found = [item for item in run(project).sifted.findings if item.rule == "JT0001"]
    assert [(item.place.file, item.place.line) for item in found] == [
        ("project/Bad.dockerfile", 2),
        ("project/Latin.dockerfile", 2),
        ("project/compose.yaml", 2),
    ]
    assert "JT4001" in rules(run(project))


def test_suppressions_in_sources_and_settings(project: Path) -> None:
    (project / "m.py").write_text("app.run(debug=True)  # jettison: ignore=JT3003 a demo\n")
    ignores = (Ignore(rule="JT4001", reason="the platform's"),)
    result = run(project, ignores=ignores)
    assert rules(result) & {"JT3003", "JT4001"} == set()
    assert {item.finding.rule for item in result.sifted.suppressed} == {"JT3003", "JT4001"}
    (project / "m.py").write_text("app.run(debug=True)  # jettison: ignore=JT3003\n")
    assert {"JT3003", "JT0002"} <= rules(run(project))


def test_a_registry_is_asked_once_for_each_tag(project: Path) -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        if name == "gone:1":
            raise TransportError("no such image")
        return DIGEST

    (project / "Dockerfile").write_text(
        "FROM gone:1 AS a\nFROM a:1 AS b\nFROM a:1\nCOPY --from=b x y\n"
    )
    events = Recorded()
    request = LintRequest(
        paths=(project / "Dockerfile",), today=TODAY, hadolint=False, resolve=resolve, fix=True
    )
    result = lint(request, events=events)
    assert asked == ["gone:1", "a:1"]
    assert any("gone:1: no digest could be had" in str(event) for event in events.events)
    assert (project / "Dockerfile").read_text() == (
        f"FROM gone:1 AS a\nFROM a:1@{DIGEST} AS b\nFROM a:1@{DIGEST}\nCOPY --from=b x y\n"
    )
    assert "JT1003" in rules(result)


def test_the_context_is_where_the_copied_files_are(project: Path) -> None:
    (project / "docker").mkdir()
    (project / "docker/web.Dockerfile").write_text(
        "FROM python:3.13-slim\nCOPY requirements.txt /r.txt\nRUN pip install -r /r.txt\n"
    )
    (project / "requirements.txt").write_text("flask\n")
    found = [item for item in run(project).sifted.findings if item.rule == "JT2003"]
    assert {item.place.file for item in found} == {"project/requirements.txt"}
    alone = run(project / "docker/web.Dockerfile")
    assert "JT2003" not in rules(alone)
    assert "JT2003" in rules(run(project / "docker/web.Dockerfile", context=project))


def test_what_is_found_in_a_directory(project: Path) -> None:
    for name in (
        "Dockerfile.dev",
        "Containerfile",
        "a.dockerfile",
        "Dockerfile.md",
        "x/Dockerfile",
    ):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("FROM a\n")
    (project / "deploy.yml").write_text("apiVersion: v1\nkind: Pod\n")
    (project / "chart.yaml").write_text("apiVersion: v1\nkind: {{ .Kind }}\n")
    (project / "other.yaml").write_text("a: 1\n")
    (project / "env/bin").mkdir(parents=True)
    (project / "env/pyvenv.cfg").write_text("")
    (project / "env/Dockerfile").write_text("FROM a\n")
    found = find((project,))
    assert found.dockerfiles == (
        *("project/Containerfile", "project/Dockerfile", "project/Dockerfile.dev"),
        *("project/a.dockerfile", "project/x/Dockerfile"),
    )
    assert found.manifests == ("project/deploy.yml",)


def test_paths_that_lead_nowhere_are_named(project: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        run(project / "nothing")
    (project / "empty").mkdir()
    with pytest.raises(UsageError, match="no Dockerfile, no compose file"):
        run(project / "empty")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def test_hadolint_is_run_on_what_parses_and_merged(project: Path, programs: Path) -> None:
    (project / "Bad.dockerfile").write_text("FOO\n")
    rows = [
        {
            "code": code,
            "column": 1,
            "file": "project/Dockerfile",
            "level": "warning",
            "line": line,
            "message": "m",
        }
        for code, line in (("DL3042", 4), ("DL3003", 4))
    ]
    program = write_fake_command(programs, "hadolint", stdout=json.dumps(rows))
    result = lint(LintRequest(paths=(project,), today=TODAY), events=Silent())
    assert program.calls == [("--format", "json", "--no-fail", "--", "project/Dockerfile")]
    assert result.hadolint
    assert "DL3003" in rules(result)
    assert "DL3042" not in rules(result)


def test_hadolint_that_fails_is_left_out_and_said(project: Path, programs: Path) -> None:
    write_fake_command(programs, "hadolint", stdout="oops", status=3)
    events = Recorded()
    result = lint(LintRequest(paths=(project,), today=TODAY), events=events)
    assert "JT4001" in rules(result)
    assert any("hadolint failed" in str(event) for event in events.events)


def test_the_ignore_file_of_one_dockerfile_is_its_own(project: Path) -> None:
    (project / ".dockerignore").write_text("*.pyc\n")
    (project / "Dockerfile.dockerignore").write_text(".git\n**/.env\n.venv\nvenv\n")
    assert "JT2007" not in rules(run(project))
    (project / "Dockerfile").rename(project / "web.Dockerfile")
    assert "JT2007" in rules(run(project))
