"""Each sample app, slimmed without a hint, does everything that the original does.

The requests and commands of its `unprobed.yaml` were not made while it was slimmed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.referee import judge
from support.slimcase import Layout, SlimCase, check_document, jettison, slim_app

pytestmark = pytest.mark.needs("bases", "runc", "root")

APPS = (
    ("flask_sample", ""),
    ("flask_gunicorn", ""),
    ("flask_gunicorn", "official"),
    ("django_app", ""),
    ("fastapi_app", ""),
    ("lazy_app", ""),
    ("lazy_app", "official"),
    ("worker", ""),
    ("shell_entrypoint", ""),
)
every_app = pytest.mark.parametrize(("name", "base"), APPS)

Slimmed = Callable[[str, str], SlimCase]


@pytest.fixture
def slimmed(tmp_path_factory: pytest.TempPathFactory) -> Slimmed:
    return lambda name, base: slim_app(name, base, tmp_path_factory)


@every_app
def test_it_passes_and_says_so_in_a_document(name: str, base: str, slimmed: Slimmed) -> None:
    case = slimmed(name, base)
    document = case.document
    check_document(document, "slim")
    assert document["verification"]["verdict"] == "passed"
    assert document["verification"]["differences"] == []
    assert document["policy"] == "closure"
    assert (document["verification"]["requests"] > 0) == (name != "worker")
    digest = case.slimmed.descriptor["digest"]
    assert document["slimmed"]["digest"] == document["outputs"][0]["digest"] == digest
    assert document["original"]["digest"] == case.original.descriptor["digest"]
    assert document["slimmed"]["size_bytes"] * 2 < document["original"]["size_bytes"]
    assert {item["kind"] for item in document["artifacts"]} == {
        *("creport", "removed", "seccomp", "apparmor", "trace")
    }
    assert all(Path(item["path"]).stat().st_size > 0 for item in document["artifacts"])


@every_app
def test_it_does_what_nobody_asked_for_before(name: str, base: str, slimmed: Slimmed) -> None:
    case = slimmed(name, base)
    assert case.done.returncode == 0, case.done.stderr
    ruling = judge(case.layout, case.app.unprobed, seccomp=case.report / "seccomp.json")
    assert ruling.problems == ()
    assert ruling.checks > 0


@every_app
def test_its_config_is_the_original_s(name: str, base: str, slimmed: Slimmed) -> None:
    case = slimmed(name, base)
    before, after = case.original.config, case.slimmed.config
    assert before.keys() - {"rootfs", "history"} == after.keys() - {"rootfs", "history"}
    for field in before.keys() - {"rootfs", "history"}:
        assert after[field] == before[field], field
    assert after["config"].get("Cmd") or after["config"]["Entrypoint"]
    # An entry for each instruction that was, and one for each layer that is.
    with_layer = [item for item in after["history"] if not item.get("empty_layer")]
    assert (
        len(with_layer) == len(after["rootfs"]["diff_ids"]) == len(case.slimmed.manifest["layers"])
    )


@pytest.mark.parametrize(
    ("name", "base"),
    [("flask_gunicorn", "official"), ("django_app", ""), ("fastapi_app", ""), ("lazy_app", "")],
)
def test_another_proof_with_other_requests_passes(
    name: str, base: str, slimmed: Slimmed, tmp_path: Path, warm_cache: Path
) -> None:
    case = slimmed(name, base)
    steps = tmp_path / "steps.yaml"
    steps.write_text(json.dumps({"steps": _steps_of(case.app.unprobed)}))
    done = jettison(
        *("verify", case.app.target, f"oci:{case.layout}", "--probe-file", steps),
        *("--format", "json", "--no-crawl"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["verification"]["verdict"] == "passed"
    assert document["verification"]["requests"] >= len(_steps_of(case.app.unprobed))


def _steps_of(checks: Path) -> list[dict[str, object]]:
    """The checks as steps: what they expect is the comparison's work here."""
    steps = yaml.safe_load(checks.read_text())["steps"]
    for step in steps:
        step["expect"] = {"status": step["expect"].get("status", 200)}
    # Where the protocol changes there is nothing to compare.
    return [step for step in steps if step["expect"]["status"] != 101]


@every_app
def test_the_reports_account_for_every_path(name: str, base: str, slimmed: Slimmed) -> None:
    case = slimmed(name, base)
    report, removed = case.artifact("creport.json"), case.artifact("removed.json")
    check_document(report, "creport")
    check_document(removed, "removed")
    kept = {item["path"]: item for item in report["kept"]}
    assert all(item["reasons"] for item in report["kept"])
    assert kept.keys() | {"/"} == case.slimmed.files.keys() | {"/"}
    gone = {path for group in removed["groups"] for path, _ in group["files"]}
    assert gone.isdisjoint(kept)
    files = {path for path, member in case.original.files.items() if not member.isdir()}
    assert files - kept.keys() <= gone
    directories = gone - files
    assert directories <= case.original.files.keys()
    assert removed["file_count"] == len(gone - directories)
    because = {reason["because"] for item in report["kept"] for reason in item["reasons"]}
    # A source that led to a module may have gone, its byte code standing in its place.
    assert because - {None} <= kept.keys() | gone


@every_app
def test_scanners_see_packages_that_are_there_and_no_other(
    name: str, base: str, slimmed: Slimmed
) -> None:
    case = slimmed(name, base)
    before, after = _Packages(case.original), _Packages(case.slimmed)
    assert after.os < before.os
    assert "libc6" in {package for package, _ in after.os}
    assert len(after.os) == case.document["slimmed"]["os_package_count"]
    assert after.python <= before.python
    assert len(after.records) == case.document["slimmed"]["python_package_count"]
    wanted = {"flask_sample": "flask", "django_app": "django", "fastapi_app": "pydantic"}
    assert wanted.get(name, "") in {"", *(package for package, _ in after.python)}


@pytest.mark.parametrize(
    ("name", "base"), [("flask_gunicorn", "official"), ("django_app", ""), ("shell_entrypoint", "")]
)
def test_the_estimate_before_any_run_comes_close(name: str, base: str, slimmed: Slimmed) -> None:
    case = slimmed(name, base)
    done = jettison("xray", case.app.target, "--only", "estimate", "--format", "json")
    assert done.returncode == 0, done.stderr
    estimate = json.loads(done.stdout)["estimate"]
    real = case.document["slimmed"]["size_bytes"]
    assert estimate["size_bytes"] == pytest.approx(real, rel=0.1)
    saved = sum(item["size_bytes"] for item in estimate["categories"])
    assert estimate["saved_bytes"] == saved
    assert estimate["size_bytes"] + saved == case.document["original"]["size_bytes"]


class _Packages:
    """Names and versions as a scanner finds them: dpkg's database, metadata of distributions."""

    def __init__(self, image: Layout) -> None:
        self.os: set[tuple[str, str]] = set()
        self.python: set[tuple[str, str]] = set()
        # One package may be installed for two interpreters, or in two environments.
        self.records: set[str] = set()
        for path, content in image.read(self._is_record).items():
            for paragraph in content.decode().split("\n\n"):
                lines = [line for line in paragraph.splitlines() if re.match(r"[\w-]+: ", line)]
                fields = dict(reversed([line.split(": ", 1) for line in lines]))
                if "Package" in fields and "installed" in fields.get("Status", "installed"):
                    self.os.add((fields["Package"], fields["Version"]))
                elif "Name" in fields and path.endswith(_METADATA):
                    self.python.add((fields["Name"].lower(), fields["Version"]))
                    self.records.add(path)

    @staticmethod
    def _is_record(path: str) -> bool:
        parent, _, name = path.rpartition("/")
        return (
            path == "/var/lib/dpkg/status"
            or (parent == "/var/lib/dpkg/status.d" and not name.endswith(".md5sums"))
            or path.endswith(_METADATA)
        )


_METADATA = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")


def test_why_tells_of_kept_and_dropped_and_unknown_paths(slimmed: Slimmed) -> None:
    case = slimmed("flask_gunicorn", "")
    report = ("--report", case.report)
    kept = jettison("why", "/usr/app/manage.py", *report)
    assert kept.returncode == 0
    assert "kept" in kept.stdout
    dropped = jettison("why", "/usr/bin/apt-get", *report)
    assert dropped.returncode == 0
    assert "dropped" in dropped.stdout
    assert "deb apt" in dropped.stdout
    unknown = jettison("why", "/no/such/file", *report)
    assert "/no/such/file" in unknown.stdout + unknown.stderr
    nowhere = jettison("why", "/x", "--report", case.report / "nowhere")
    assert nowhere.returncode == 2
    assert "creport.json" in nowhere.stderr
    shown = json.loads(jettison("why", "/usr/app/manage.py", *report, "--format", "json").stdout)
    assert shown["kind"] == "why"
