"""Documents of the verbs that work on sources, with something in every field."""

from __future__ import annotations

from jettison.report.fix_document import FixDocument, UpgradeRow
from jettison.report.harden_document import HardenDocument, Outcome, StepRow
from jettison.report.init_document import InitDocument
from jettison.report.slim_document import Artifact
from jettison.report.xray_document import GateRow
from support.compare_documents import compare_document
from support.linting import lint_document
from support.reports import slim_document


def init_document() -> InitDocument:
    return InitDocument(
        name="shop",
        framework="Flask",
        app="app:app",
        found_in="app.py:3",
        python="3.14",
        python_ground="pyproject.toml: >=3.12",
        base="python:3.14-slim-trixie",
        installer="uv",
        server="gunicorn app:app",
        port=8000,
        health="/health",
        adds_health=True,
        build_packages=("build-essential",),
        run_packages=("libpq5",),
        written=("Dockerfile",),
        notices=("a notice",),
    )


def fix_document() -> FixDocument:
    return FixDocument(
        upgrades=(
            UpgradeRow(
                package="Flask",
                where="requirements.txt:2",
                before="2.2.2",
                after="2.2.5",
                fixed=("CVE-2026-1",),
                remaining=(),
            ),
            UpgradeRow(
                package="old",
                where="requirements.txt:3",
                before="1.0",
                after=None,
                fixed=(),
                remaining=("CVE-2026-2",),
            ),
        ),
        moved={"click": "8.1"},
        added={"blinker": "1.9"},
        base="python:3.14-slim@sha256:" + "ab" * 32,
        files=("Dockerfile", "requirements.txt"),
        branch="jettison/fix",
        commit="0123456789abcdef",
        pull_request="https://github.example/acme/shop/pull/7",
        failures=("poetry.lock: poetry is not installed, and it alone writes it",),
    )


def harden_document() -> HardenDocument:
    return HardenDocument(
        project="shop",
        original="docker:shop:latest",
        slimmed="docker:shop.slim:latest",
        steps=(
            StepRow(name="init", outcome=Outcome.PASSED, detail="wrote Dockerfile", seconds=0.25),
            StepRow(name="lint", outcome=Outcome.FAILED, detail="1 error", seconds=0.5),
            StepRow(name="scan", outcome=Outcome.SKIPPED, detail="not asked for"),
        ),
        lint=lint_document(),
        slim=slim_document(),
        compare=compare_document(),
        gates=(GateRow(name="size", found="112MB", allowed="100MB", passed=False),),
        artifacts=(Artifact(kind="report", path="jettison-report/shop/index.html"),),
        failed=("lint", "gate size"),
        passed=False,
    )
