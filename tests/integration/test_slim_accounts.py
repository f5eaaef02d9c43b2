"""Anybody can slim: an ordinary user, with subordinate ids or without, from an archive alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apps import build_app
from support.referee import judge
from support.slimcase import Layout, archive_of, check_document, slim_app, slim_arguments

pytestmark = pytest.mark.needs("runc", "userns", "bases")

# No engine answers, and nothing but files comes in.
_ALONE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.mark.parametrize("who", ["account", "account_without_subids"])
@pytest.mark.parametrize("name", ["flask_gunicorn", "django_app"])
def test_an_ordinary_user_slims_an_archive(
    name: str, who: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    user = request.getfixturevalue(who)
    app = build_app(name)
    place = user.home / f"{name}-work"
    place.mkdir()
    archive = user.give(archive_of(app.layout, place / "image.tar"))
    user.give(place)
    arguments = slim_arguments(app, f"oci:{place}/layout", f"oci-archive:{archive}")
    if app.probes is not None:
        # He cannot read the checkout.
        probes = place / "probes.yaml"
        probes.write_bytes(app.probes.read_bytes())
        user.give(probes)
        arguments = [str(probes) if item == str(app.probes) else item for item in arguments]
    done = user.jettison(
        *arguments, "--report-dir", f"{place}/report", "--format", "json", env=_ALONE
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    check_document(document, "slim")
    assert document["verification"]["verdict"] == "passed"
    assert list((user.home / "tmp").iterdir()) == []
    assert (place / "layout").stat().st_uid == user.uid

    # Root takes over for the proof, as the account may not run it as the image's own users.
    ruling = judge(place / "layout", app.unprobed, seccomp=place / "report/seccomp.json")
    assert ruling.problems == ()
    before, after = Layout(app.layout), Layout(place / "layout")
    assert after.config["config"] == before.config["config"]
    owners = {path: (item.uid, item.gid, item.mode) for path, item in before.files.items()}
    for path, item in after.files.items():
        if path in owners and not item.islnk():
            assert (item.uid, item.gid, item.mode) == owners[path], path


def test_root_and_an_ordinary_user_make_the_same_image(
    account: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = slim_app("flask_gunicorn", "", tmp_path_factory)
    place = account.home / "flask_gunicorn-work/layout"
    if not place.exists():
        pytest.skip("the test that makes it was not run")
    assert Layout(place).descriptor["digest"] == case.slimmed.descriptor["digest"]


def test_what_he_may_not_do_is_said(
    account: Any, base_layout: Callable[[str], Path], tmp_path: Path
) -> None:
    archive = account.give(archive_of(base_layout("slim"), account.home / "base.tar"))
    worker = ["--cmd", "sleep 600", "--no-http", "--continue-after", "0.1"]
    for output in ("/usr/out.tar", "/usr/lib/out/out.tar"):
        done = account.jettison(
            "slim", f"oci-archive:{archive}", *worker, "-o", f"oci-archive:{output}"
        )
        assert done.returncode == 4
        assert str(Path(output).parent) in done.stderr
        assert "Traceback" not in done.stderr
    out = ("-o", f"oci-archive:{account.home}/out.tar", "--report-dir", "/usr/report")
    done = account.jettison("slim", f"oci-archive:{archive}", *worker, *out)
    assert done.returncode == 3
    assert "/usr/report" in done.stderr
    assert not (account.home / "out.tar").exists()
    archive.chmod(0)
    done = account.jettison("slim", f"oci-archive:{archive}", *worker)
    assert done.returncode == 4
    assert "Permission denied" in done.stderr
