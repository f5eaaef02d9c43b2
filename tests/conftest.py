"""What every test gets: abilities of the host, a home of its own, fakes of foreign programs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from support.abilities import required, why_not
from support.accounts import Account, make_account
from support.commands import FakeCommand, write_fake_command

_SETTINGS = ("JETTISON_", "PIP_", "UV_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden from what is rendered"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for ability in marker.args:
            reason = why_not(ability)
            if reason:
                pytest.skip(f"needs {ability}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # CI names what it requires by requiring everything: there a skip hides a broken host.
    if required() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _hermetic(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """HOME, caches and TMPDIR of its own; no settings of the caller's for jettison, pip or uv."""
    # pytest asks for TMPDIR when the first tmp_path is made; that must not be one test's own.
    tmp_path_factory.getbasetemp()
    # Not below tmp_path: a socket's path must fit into 108 bytes, unix(7).
    scratch = Path(tempfile.mkdtemp(prefix="jt-", dir="/tmp"))
    for variable, name in (
        ("HOME", "home"),
        ("XDG_CACHE_HOME", "home/.cache"),
        ("XDG_CONFIG_HOME", "home/.config"),
        ("XDG_DATA_HOME", "home/.local/share"),
        ("XDG_RUNTIME_DIR", "run"),
        ("TMPDIR", "tmp"),
    ):
        directory = scratch / name
        directory.mkdir(parents=True, mode=0o700)
        monkeypatch.setenv(variable, str(directory))
    for variable in list(os.environ):
        if variable.startswith(_SETTINGS):
            monkeypatch.delenv(variable)
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield
    shutil.rmtree(scratch)


class FakeCommandFactory(Protocol):
    """Put a script of this name first on PATH."""

    def __call__(
        self,
        name: str,
        *,
        stdout: str | bytes = "",
        stderr: str | bytes = "",
        status: int = 0,
        script: str = "",
    ) -> FakeCommand: ...


@pytest.fixture
def fake_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommandFactory:
    """Make foreign programs that record their argv: `runc = fake_command("runc", stdout=…)`."""
    directory = tmp_path / "fake-bin"
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    def make(name: str, **options: Any) -> FakeCommand:
        return write_fake_command(directory, name, **options)

    return make


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """An ordinary user with 65536 subordinate ids; needs `userns`."""
    with make_account(with_subids=True) as made:
        yield made


@pytest.fixture(scope="session")
def account_without_subids() -> Iterator[Account]:
    """An ordinary user who can map only himself; needs `userns`."""
    with make_account(with_subids=False) as made:
        yield made


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be rewritten rather than compared."""
    return bool(request.config.getoption("--update-golden"))
