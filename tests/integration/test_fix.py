"""`jettison fix` on projects of several kinds: an index, a git remote and a GitHub on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.accounts import Account
from support.advisories import make_database, make_record
from support.base_images import make_base
from support.images import make_image
from support.index import Wheel, served
from support.registry import fake_registry
from support.slimcase import jettison
from support.web import Handler, serve

WHEELS = (
    *(Wheel(name="web", version=version, requires=("core>=1",)) for version in ("1.0", "1.1")),
    Wheel(name="web", version="2.0", requires=("core>=2", "extra")),
    *(Wheel(name="core", version=version) for version in ("1.0", "1.5", "2.0", "2.1", "3.0")),
    *(Wheel(name="old", version=f"1.{minor}", requires=("core<2",)) for minor in range(5)),
    *(Wheel(name="old", version=f"2.{minor}", requires=("core<3",)) for minor in range(5)),
    Wheel(name="extra", version="0.9"),
    Wheel(name="fine", version="4.0"),
    Wheel(name="web", version="3.0", requires_python=">=9"),
)
BY_FILE = {wheel.file: wheel for wheel in WHEELS}


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    with served(WHEELS) as web:
        yield f"{web.url}/simple"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    records = [
        make_record("PYSEC-2026-1", "PyPI", "web", fixed="1.1"),
        make_record("PYSEC-2026-2", "PyPI", "core", fixed="2.0"),
        make_record("PYSEC-2026-3", "PyPI", "fine"),
    ]
    return make_database(tmp_path / "advisories.db", {"PyPI": records})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def fix(project: Path, index: str, database: Path, *words: object) -> Any:
    arguments = ("--index-url", index, "--db", database, "--python", "3.11", *words)
    done = jettison("fix", project, *map(str, arguments), "--format", "json")
    assert "Traceback" not in done.stderr, done.stderr
    return done, json.loads(done.stdout) if done.stdout else {}


def hashed(name: str, version: str) -> str:
    wheel = next(item for item in WHEELS if (item.name, item.version) == (name, version))
    return f"{name}=={version} \\\n    --hash=sha256:{wheel.sha256}\n"


def test_the_nearest_versions_are_written_and_everything_else_stays(
    project: Path, index: str, database: Path
) -> None:
    (project / "requirements.txt").write_text("# ours\nWeb==1.0   # the framework\n\ncore==1.0\n")
    dry, document = fix(project, index, database, "--dry-run")
    assert dry.returncode == 0
    assert document["files"] == ["requirements.txt"]
    assert "Web==1.0" in (project / "requirements.txt").read_text()
    done, document = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    rows = {row["package"]: (row["before"], row["after"]) for row in document["upgrades"]}
    assert rows == {"Web": ("1.0", "1.1"), "core": ("1.0", "2.0")}
    text = (project / "requirements.txt").read_text()
    assert text == "# ours\nWeb==1.1   # the framework\n\ncore==2.0\n"
    again, document = fix(project, index, database)
    assert (again.returncode, document["files"]) == (0, [])


def test_what_stands_in_the_way_moves_as_little_as_it_can(
    project: Path, index: str, database: Path
) -> None:
    (project / "requirements.txt").write_text("core==1.0\nold==1.2\n")
    done, document = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    # Every 1.x of it wants an older core, and 2.0 is the first that does not.
    assert document["moved"] == {"old": "2.0"}
    assert (project / "requirements.txt").read_text() == "core==2.0\nold==2.0\n"


def test_hashes_are_those_of_the_new_files(project: Path, index: str, database: Path) -> None:
    (project / "requirements.txt").write_text(hashed("core", "1.0") + hashed("web", "1.0"))
    done, document = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    assert document["failures"] == []
    assert (project / "requirements.txt").read_text() == hashed("core", "2.0") + hashed(
        "web", "1.1"
    )


def test_what_has_no_fix_remains_and_is_told(project: Path, index: str, database: Path) -> None:
    (project / "requirements.txt").write_text("fine==4.0\nweb==1.0\n")
    done, _ = fix(project, index, database)
    assert done.returncode == 1
    assert "left after the upgrades: PYSEC-2026-3" in done.stderr
    assert (project / "requirements.txt").read_text() == "fine==4.0\nweb==1.1\n"


def test_upgrades_that_nothing_can_join_are_left_out(
    project: Path, index: str, database: Path
) -> None:
    (project / "requirements.txt").write_text("core==1.0\nold<2\nweb==1.0\n")
    done, document = fix(project, index, database)
    assert done.returncode == 1
    assert (project / "requirements.txt").read_text() == "core==1.0\nold<2\nweb==1.1\n"
    assert any("core 2.0 does not go with the others" in item for item in document["failures"])


def test_pins_of_a_project_file_are_found_where_they_stand(
    project: Path, index: str, database: Path
) -> None:
    before = "[project]\nname = 'x'\ndependencies = [\n  'web==1.0',  # ours\n  \"core >= 1\",\n]\n"
    (project / "pyproject.toml").write_text(before)
    done, _ = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    assert (project / "pyproject.toml").read_text() == before.replace("web==1.0", "web==1.1")


def test_only_dependencies_of_a_project_file_change(
    project: Path, index: str, database: Path
) -> None:
    before = """# "web==1.0" is what we had first
[project]
name = "x"
description = "web==1.0"
dependencies = ["web==1.0"]  # not "web==1.0" for long
[project.optional-dependencies]
new = ['core==1.0 ; python_version > "3"', "core==1.0 ; python_version > \\"3.1\\""]
[tool.other]
known = ["web==1.0", "core==1.0"]
"""
    (project / "pyproject.toml").write_text(before)
    done, _ = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    assert (project / "pyproject.toml").read_text() == before.replace(
        'dependencies = ["web==1.0"]', 'dependencies = ["web==1.1"]'
    ).replace("core==1.0 ;", "core==2.0 ;")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xef\xbb\xbfweb==1.0\r\n# end", b"\xef\xbb\xbfweb==1.1\r\n# end"),
        ("\ufeffweb==1.0\r\n".encode("utf-16-le"), "\ufeffweb==1.1\r\n".encode("utf-16-le")),
        (b"# caf\xe9\nweb==1.0", b"# caf\xe9\nweb==1.1"),
    ],
)
@pytest.mark.parametrize("has_branch", [False, True])
def test_a_file_keeps_its_encoding_and_line_ends(
    project: Path, index: str, database: Path, before: bytes, after: bytes, *, has_branch: bool
) -> None:
    (project / "requirements.txt").write_bytes(before)
    if not has_branch:
        done, document = fix(project, index, database)
        assert (project / "requirements.txt").read_bytes() == after
    else:
        git(project, "init", "--quiet", "--initial-branch=main")
        git(project, "add", ".")
        identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
        git(project, *identity, "commit", "--quiet", "--message", "first")
        done, document = fix(project, index, database, "--branch", "fixes")
        git(project, "checkout", "--quiet", "fixes")
        assert (project / "requirements.txt").read_bytes() == after
    assert done.returncode == 0, done.stderr
    assert document["files"] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("core==1.0\nold<2\n", {"core": "2.0"}),
        ("web @ https://files.example/web-1.0-py3-none-any.whl\nfine==4.0\n",
         {"web": "1.1", "fine": None}),
    ],
)  # fmt: skip
def test_a_fix_that_cannot_be_written_is_not_said_to_be_missing(
    project: Path, index: str, database: Path, text: str, wanted: dict[str, str | None]
) -> None:
    (project / "requirements.txt").write_text(text)
    _, document = fix(project, index, database, "--dry-run")
    rows = {row["package"]: row["available"] for row in document["upgrades"]}
    assert rows == wanted
    assert all(row["after"] is None for row in document["upgrades"])


def test_what_a_file_was_compiled_from_is_raised_too(
    project: Path, index: str, database: Path
) -> None:
    (project / "requirements.in").write_text("web==1.0  # ours\ncore\n")
    text = hashed("core", "1.0") + "    # via -r requirements.in\n"
    text += hashed("web", "1.0") + "    # via -r requirements.in\n"
    (project / "requirements.txt").write_text(text)
    done, document = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    assert document["files"] == ["requirements.in", "requirements.txt"]
    assert (project / "requirements.in").read_text() == "web==1.1  # ours\ncore\n"


def test_bounds_beside_a_pin_hold(project: Path, index: str, database: Path) -> None:
    text = "core==1.0,<2\nWeb (==1.0)\n"
    (project / "requirements.txt").write_text(text)
    done, document = fix(project, index, database)
    assert done.returncode == 1, done.stderr
    assert "core 2.0 does not go with the others" in document["failures"][0]
    assert (project / "requirements.txt").read_text() == "core==1.0,<2\nWeb (==1.1)\n"


def test_constraints_hold(project: Path, index: str, database: Path) -> None:
    (project / "requirements.txt").write_text("core==1.0\n-c limits.txt\n")
    (project / "limits.txt").write_text("core<2\n")
    done, document = fix(project, index, database)
    assert done.returncode == 1, done.stderr
    assert document["files"] == []


def test_what_cannot_be_raised_where_it_stands_is_not_said_to_be_fixed(
    project: Path, index: str, database: Path
) -> None:
    (project / "requirements.txt").write_text(
        "web @ https://files.example/web-1.0-py3-none-any.whl\n"
        "https://files.example/core-1.0-py3-none-any.whl\n"
    )
    (project / "pyproject.toml").write_text('[tool.poetry.dependencies]\ncore = "1.0"\n')
    done, document = fix(project, index, database)
    assert done.returncode == 1, done.stderr
    assert document["files"] == []
    assert {row["package"]: row["after"] for row in document["upgrades"]} == {
        "web": None,
        "core": None,
    }
    assert "is not pinned in a form that can be changed" in document["failures"][0]


def test_groups_that_tools_had_before_are_raised_too(
    project: Path, index: str, database: Path
) -> None:
    text = """[tool.uv]
dev-dependencies = ["core==1.0"]
[tool.pdm.dev-dependencies]
test = ["web == 1.0"]
"""
    (project / "pyproject.toml").write_text(text)
    done, _ = fix(project, index, database)
    assert done.returncode == 0, done.stderr
    changed = text.replace("core==1.0", "core==2.0").replace("web == 1.0", "web == 1.1")
    assert (project / "pyproject.toml").read_text() == changed


@pytest.fixture
def bases(tmp_path: Path) -> Path:
    """Advisories on what one of two base images has."""
    record = make_record("DEBIAN-CVE-2026-7", "Debian:12", "openssl", fixed="3.0.22-1")
    return make_database(tmp_path / "bases.db", {"Debian": [record], "PyPI": []})


def test_every_from_of_the_base_gets_the_better_one_by_digest(
    project: Path, index: str, bases: Path
) -> None:
    old = make_base({"openssl": "3.0.20-1"}, python="3.12.1")
    new = make_base({"openssl": "3.0.22-1"}, python="3.12.2")
    with fake_registry() as registry:
        name = registry.put("library/python", old, "3.12.1-slim").removeprefix("registry:")
        better = registry.put("library/python", new, "3.12.2-slim").removeprefix("registry:")
        before = f"# why\nFROM {name} AS build\nRUN true\n\nFROM  {name}  AS run\n# all\nCOPY . .\n"
        (project / "Dockerfile").write_text(before)
        done, document = fix(project, index, bases)
    assert done.returncode == 0, done.stderr
    pinned = f"{better}@{new.digest}"
    assert document["base"] == pinned
    assert (project / "Dockerfile").read_text() == before.replace(name, pinned)


def test_a_base_that_is_the_best_is_pinned(project: Path, index: str, bases: Path) -> None:
    only = make_base({"openssl": "3.0.22-1"}, python="3.12.2")
    with fake_registry() as registry:
        name = registry.put("library/python", only, "3.12.2-slim").removeprefix("registry:")
        (project / "Dockerfile").write_text(f"FROM {name}\n")
        done, document = fix(project, index, bases)
        assert done.returncode == 0, done.stderr
        assert (project / "Dockerfile").read_text() == f"FROM {name}@{only.digest}\n"
        again, document = fix(project, index, bases)
        assert (again.returncode, document["files"]) == (0, [])


def test_a_base_that_nobody_can_read_stays(
    project: Path, index: str, database: Path, tmp_path: Path
) -> None:
    (project / "requirements.txt").write_text("web==1.0\n")
    dockerfile = "FROM base:1 AS build\nRUN true\nFROM base:1\nCOPY . .  # all\n"
    (project / "Dockerfile").write_text(dockerfile)
    layout = make_image([{"/etc/os-release": b"ID=other\n"}]).write_layout(tmp_path / "b")
    words = ("--candidate", f"oci:{layout}", "--offline")
    done, document = fix(project, index, database, *words)
    assert done.returncode == 0, done.stderr
    # Nothing is known of the base in use, so nothing is better, and no digest is made up.
    assert (project / "Dockerfile").read_text() == dockerfile
    assert (document["base"], document["files"]) == ("", ["requirements.txt"])


def test_a_dockerfile_that_may_not_be_written_stops_everything(
    project: Path, index: str, bases: Path, account: Account
) -> None:
    only = make_base({"openssl": "3.0.22-1"}, python="3.12.2")
    with fake_registry() as registry:
        name = registry.put("library/python", only, "3.12.2-slim").removeprefix("registry:")
        text = f"FROM {name}\n"
        directory = account.home / "project"
        directory.mkdir()
        (directory / "Dockerfile").write_text(text)
        (directory / "Dockerfile").chmod(0o444)
        shutil.copy(bases, account.home / "bases.db")
        arguments = ("--index-url", index, "--db", str(account.home / "bases.db"))
        # Podman, asked for the base by an ordinary user, would leave a process of its own behind.
        programs = account.home / "programs-without-podman"
        programs.mkdir()
        (programs / "setpriv").symlink_to(str(shutil.which("setpriv")))
        path = {"PATH": str(programs)}
        done = account.jettison("fix", str(directory), *arguments, "--python", "3.11", env=path)
    assert done.returncode == 3
    assert "Dockerfile cannot be written; nothing was changed" in done.stderr
    assert (directory / "Dockerfile").read_text() == text


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def checkout(project: Path, tmp_path: Path) -> Path:
    """A repository with the project in a directory of its own, and a remote."""
    remote = tmp_path / "acme/shop.git"
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet", "--bare", "--initial-branch=main")
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "config", "user.email", "dev@example.org")
    git(project, "config", "user.name", "Dev")
    git(project, "remote", "add", "origin", str(remote))
    (project / "api").mkdir()
    (project / "api/requirements.txt").write_text("web==1.0\r\n")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "first")
    git(project, "push", "--quiet", "origin", "main")
    return project


def test_a_branch_has_the_change_and_the_checkout_does_not(
    checkout: Path, index: str, database: Path
) -> None:
    done, document = fix(checkout / "api", index, database, "--branch", "fixes/web")
    assert done.returncode == 0, done.stderr
    assert git(checkout, "show", "fixes/web:api/requirements.txt") == "web==1.1"
    assert git(checkout, "log", "-1", "--format=%s", "fixes/web") == (
        "Upgrade 1 package to fix 1 vulnerability"
    )
    assert document["commit"] == git(checkout, "rev-parse", "fixes/web")
    assert (checkout / "api/requirements.txt").read_bytes() == b"web==1.0\r\n"
    assert git(checkout, "branch", "--show-current") == "main"
    assert len(git(checkout, "worktree", "list").splitlines()) == 1
    again, _ = fix(checkout / "api", index, database, "--branch", "fixes/web")
    assert again.returncode == 2
    assert "it is there already" in again.stderr


def test_a_hook_that_refuses_leaves_no_branch(checkout: Path, index: str, database: Path) -> None:
    hook = checkout / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    done, _ = fix(checkout / "api", index, database, "--branch", "fixes")
    assert done.returncode != 0
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert error.endswith("status 1: not today")
    assert git(checkout, "branch", "--format=%(refname:short)") == "main"
    assert len(git(checkout, "worktree", "list").splitlines()) == 1


def test_a_checkout_with_something_uncommitted_is_refused(
    checkout: Path, index: str, database: Path
) -> None:
    (checkout / "other.txt").write_text("new")
    done, _ = fix(checkout / "api", index, database, "--branch", "fixes")
    assert done.returncode == 2
    assert "1 file not committed, such as other.txt" in done.stderr
    assert "fixes" not in git(checkout, "branch")


@pytest.mark.parametrize("answer", [201, 422])
def test_a_pull_request_is_opened_as_github_wants_it(
    checkout: Path, index: str, database: Path, answer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    monkeypatch.delenv("GH_TOKEN", raising=False)

    def respond(handler: Handler) -> None:
        body = {"html_url": "https://github.example/acme/shop/pull/7"}
        if answer != 201:
            body = {"message": "Validation Failed", "errors": [{"message": "one exists"}]}  # type: ignore[dict-item]  # as GitHub's
        handler.send(answer, json.dumps(body).encode(), {"Content-Type": "application/json"})

    with serve(respond) as github:
        words = ("--pull-request", "--api-url", github.url)
        done, document = fix(checkout / "api", index, database, *words)
    (asked,) = github.asked
    assert (asked.method, asked.path) == ("POST", "/repos/acme/shop/pulls")
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert asked.headers["accept"] == "application/vnd.github+json"
    sent = json.loads(asked.body)
    assert (sent["head"], sent["base"]) == ("jettison/fix", "main")
    assert "web: 1.0 to 1.1 (PYSEC-2026-1)" in sent["body"]
    remote = git(checkout, "ls-remote", "origin", "jettison/fix")
    assert remote.startswith(git(checkout, "rev-parse", "jettison/fix"))
    if answer == 201:
        assert done.returncode == 0, done.stderr
        assert document["pull_request"] == "https://github.example/acme/shop/pull/7"
    else:
        assert done.returncode == 4
        assert "answers 422: Validation Failed; one exists" in done.stderr
        assert "t0ken" not in done.stderr


def test_without_a_token_nothing_is_begun(
    checkout: Path, index: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    done, _ = fix(checkout / "api", index, database, "--pull-request")
    assert done.returncode == 2
    assert "there is no token" in done.stderr
    assert git(checkout, "branch", "--format=%(refname:short)") == "main"


def test_a_lock_file_without_its_tool_is_left_alone(
    project: Path, index: str, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = '[[package]]\nname = "web"\nversion = "1.0"\n'
    (project / "poetry.lock").write_text(lock)
    (project / "pyproject.toml").write_text("[tool.poetry.dependencies]\nweb = '*'\n")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done, document = fix(project, index, database)
    assert done.returncode == 1
    assert document["failures"] == ["poetry.lock: poetry is not installed, and it alone writes it"]
    assert (project / "poetry.lock").read_text() == lock


@pytest.mark.parametrize(("asked", "after"), [("web<2", "web<2"), ("web==1.0", "web==1.1")])
def test_a_lock_file_is_written_by_its_tool(
    project: Path, index: str, database: Path, asked: str, after: str
) -> None:
    (project / "pyproject.toml").write_text(
        "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.11'\n"
        f"dependencies = ['{asked}']\n"
    )
    environment = {"UV_DEFAULT_INDEX": index}
    uv = [str(Path(sys.executable).with_name("uv"))]
    made = subprocess.run(
        [*uv, "lock", "--quiet", "--upgrade-package", "web==1.0", "--upgrade-package", "core==1.5"],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    arguments = ("--index-url", index, "--db", database, "--python", "3.11", "--format", "json")
    path = f"{Path(uv[0]).parent}:/usr/bin:/bin"
    done = jettison("fix", project, *arguments, env={**environment, "PATH": path})
    assert done.returncode == 0, done.stderr
    rows = {row["package"]: row["after"] for row in json.loads(done.stdout)["upgrades"]}
    assert rows == {"web": "1.1", "core": "2.0"}
    assert 'name = "web"\nversion = "1.1"' in (project / "uv.lock").read_text()
    assert f"['{after}']" in (project / "pyproject.toml").read_text()
