from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
import yaml

from jettison.events import Silent
from jettison.lint.model import Severity
from jettison.scaffold.plan import Wishes, make_plan
from jettison.scaffold.project import Project
from jettison.scaffold.render import render_files
from jettison.workflow.lint import LintRequest, lint

SOURCES = {
    "Flask": "from flask import Flask\napp = Flask(__name__)\n",
    "FastAPI": "from fastapi import FastAPI\napp = FastAPI()\n",
    "aiohttp": "from aiohttp import web\napp = web.Application()\n",
    "worker": "if __name__ == '__main__':\n    pass\n",
}
DIGEST = f"sha256:{'ab' * 32}"


def files(source: str, **texts: str) -> dict[str, str]:
    whole = {"app.py": source, **texts}
    project = Project(name="shop", texts=whole, paths=frozenset(whole))
    plan = make_plan(project, Wishes(), today=date(2026, 11, 1))
    return render_files(plan, base=f"{plan.base}@{DIGEST}", nginx=f"nginx:1@{DIGEST}")


@pytest.mark.parametrize("framework", SOURCES)
def test_every_file_is_of_its_kind(framework: str) -> None:
    made = files(SOURCES[framework])
    is_web = framework != "worker"
    assert ("gunicorn.conf.py" in made) is is_web
    for path, text in made.items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert all(line == line.rstrip() for line in text.splitlines()), path
        if path.endswith(".yaml"):
            assert list(yaml.safe_load_all(text))
        if path.endswith(".py"):
            ast.parse(text)
    dockerfile = made["Dockerfile"]
    assert dockerfile.count(f"@{DIGEST}") == 2
    assert "USER 999:999" in dockerfile
    assert ("HEALTHCHECK NONE" in dockerfile) is not is_web


def test_manifests_probe_and_confine() -> None:
    deployment, service = yaml.safe_load_all(files(SOURCES["Flask"])["deploy/kubernetes.yaml"])
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": "http"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert service["spec"]["ports"][0]["targetPort"] == "http"
    (worker,) = yaml.safe_load_all(files(SOURCES["worker"])["deploy/kubernetes.yaml"])
    assert "livenessProbe" not in worker["spec"]["template"]["spec"]["containers"][0]


def test_each_installer_has_its_steps() -> None:
    hashed = files(SOURCES["Flask"], **{"requirements.txt": "flask==3 --hash=sha256:aa\n"})
    assert "pip install --no-cache-dir --require-hashes -r requirements.txt" in hashed["Dockerfile"]
    for lock, tool in (("uv.lock", "uv sync --locked"), ("poetry.lock", "poetry install")):
        made = files(
            SOURCES["Flask"], **{lock: '[[package]]\nname = "flask"\n', "pyproject.toml": ""}
        )
        assert tool in made["Dockerfile"]
        assert f"COPY pyproject.toml {lock} ./" in made["Dockerfile"]


def test_what_only_the_build_backend_knows_is_asked_of_it() -> None:
    dockerfile = files(SOURCES["Flask"], **{"setup.py": "setup(install_requires=['flask'])\n"})[
        "Dockerfile"
    ]
    assert "pyproject.toml" not in dockerfile
    build = dockerfile.partition("AS run")[0]
    assert build.index("COPY . .") < build.index("RUN pip install --no-cache-dir .\n")
    assert build.count("COPY . .") == 1


def test_members_of_a_workspace_come_before_the_install() -> None:
    member = '[[package]]\nname = "core"\nversion = "1"\nsource = { editable = "libs/core" }\n'
    texts = {"uv.lock": member, "pyproject.toml": "", "libs/core/pyproject.toml": ""}
    dockerfile = files(SOURCES["Flask"], **texts)["Dockerfile"]
    assert dockerfile.index("COPY libs/core ./libs/core") < dockerfile.index("uv sync")


def test_same_project_same_bytes() -> None:
    assert files(SOURCES["FastAPI"]) == files(SOURCES["FastAPI"])


EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["flask-api", "django-app", "fastapi-app", "worker"])
def test_the_examples_are_what_init_writes(name: str) -> None:
    from jettison.scaffold.render import NGINX
    from jettison.workflow.init import read_project

    project = read_project(EXAMPLES / name)
    plan = make_plan(project, Wishes(), today=date(2026, 11, 28))
    for path, text in render_files(plan, base=plan.base, nginx=NGINX).items():
        assert (EXAMPLES / name / path).read_text() == text, path


def test_what_is_written_lints_clean(tmp_path: Path) -> None:
    for framework, source in SOURCES.items():
        directory = tmp_path / framework
        more = {"setup.py": "setup(install_requires=['flask'])\n"} if framework == "Flask" else {}
        for path, text in {**more, **files(source, **more)}.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (directory / "app.py").write_text(source)
        request = LintRequest(paths=(directory,), hadolint=False, today=date(2026, 11, 1))
        findings = lint(request, events=Silent()).sifted.findings
        # Pins of the project decide about hashes, and a digest comes only with a push.
        assert {item.rule for item in findings if item.severity is not Severity.INFO} == set()
        assert {item.rule for item in findings} <= {"JT2004", "JT6007"}


def test_the_number_of_workers_is_the_servers() -> None:
    made = files(SOURCES["Flask"], **{"requirements.txt": "flask-socketio==5.5\n"})
    assert '"WEB_CONCURRENCY", "1"' in made["gunicorn.conf.py"]
    assert '"WEB_THREADS", "100"' in made["gunicorn.conf.py"]
    assert '"WEB_CONCURRENCY", "2"' in files(SOURCES["Flask"])["gunicorn.conf.py"]


def test_a_version_from_git_is_said_where_there_is_no_git() -> None:
    pyproject = (
        '[build-system]\nrequires = ["setuptools", "setuptools_scm>=8", "cython"]\n'
        '[project]\nname = "shop"\ndynamic = ["version"]\ndependencies = []\n'
        '[[tool.setuptools.ext-modules]]\nname = "shop._fast"\nsources = ["fast.c"]\n'
    )
    argument = "ARG SETUPTOOLS_SCM_PRETEND_VERSION=0.1.0\n"
    made = files(SOURCES["Flask"], **{"pyproject.toml": pyproject})["Dockerfile"]
    assert made.index(argument) < made.index("RUN pip install --no-cache-dir --no-deps .")
    plain = pyproject.replace('"setuptools_scm>=8", ', "")
    assert argument not in files(SOURCES["Flask"], **{"pyproject.toml": plain})["Dockerfile"]
