from __future__ import annotations

import pytest
from packaging.markers import Marker

from jettison.scan.markers import applies


@pytest.mark.parametrize(
    ("marker", "python", "holds"),
    [
        ("sys_platform == 'win32'", "", False),
        ("sys_platform == 'linux' and os_name == 'posix'", "", True),
        ("platform_system == 'Darwin' or python_version < '3.9'", "", True),
        ("platform_system == 'Darwin' or python_version < '3.9'", "3.12", False),
        ("python_version < '3'", "", False),
        ("python_full_version >= '3.11.3'", "3.11.2", False),
        ("python_full_version >= '3.11.3'", "3.11", True),
        ("python_full_version >= '3.11.3'", "3.12", True),
        ("platform_machine == 'aarch64'", "", True),
        ("platform_machine == 's390x'", "", False),
        ("implementation_name == 'pypy'", "", False),
        ("extra == 'dev'", "", False),
    ],
)
def test_markers_on_linux(marker: str, python: str, holds: bool) -> None:
    assert applies(Marker(marker), python=python) is holds


def test_no_marker_always_holds_and_extras_where_they_are_asked_for() -> None:
    assert applies(None)
    assert applies(Marker("extra == 'dev'"), extras=frozenset({"dev"}))
    assert not applies(Marker("extra == 'dev'"), extras=frozenset({"test"}))


def test_a_python_without_a_micro_version_may_have_any() -> None:
    later = Marker('python_full_version >= "3.11.4"')
    assert applies(later, python="3.11")
    assert applies(Marker('python_full_version < "3.11.4"'), python="3.11")
    assert not applies(later, python="3.11.3")
    assert not applies(later, python="3.10")
