from __future__ import annotations

import pytest

from jettison.image import History
from jettison.paths import ImagePath
from jettison.selection import LayerRole, Policy, Rule, SelectionOptions
from jettison.trace import Operation
from support.selecting import reason_of, rules_of, select
from support.trees import Directory, Symlink, make_config, make_rootfs

_BASE = {
    "/etc/os-release": b"ID=debian\n",
    "/var/lib/dpkg/status": b"Package: base\nStatus: install ok installed\nVersion: 1\n",
    "/var/lib/dpkg/info/base.list": b"/etc/base.conf\n/usr/share/base/x\n",
    "/etc/base.conf": b"base",
    "/usr/share/base/x": b"",
    "/usr/local/lib/python3.12/os.py": b"",
}
_HISTORY = (
    History(created_by="ADD rootfs"),
    History(created_by="CMD python3", empty_layer=True),
)


def test_files_of_your_layers_stay_whole_and_come_last() -> None:
    rootfs = make_rootfs(
        _BASE,
        {
            "/app/main.py": b"",
            "/app/templates/index.html": b"",
            "/app/static/empty": Directory(),
            "/opt/model.bin": b"",
            "/etc/myapp.conf": b"",
            "/app/link": Symlink(target="/opt/model.bin"),
        },
    )
    selection = select(rootfs, config=make_config(working_dir="/app"))
    for path in ("/app/templates/index.html", "/opt/model.bin", "/etc/myapp.conf", "/app/link"):
        assert Rule.YOURS in rules_of(selection, path)
        assert selection.roles[ImagePath(path)] is LayerRole.APP
    assert "/app/static/empty" in selection.kept
    assert "/usr/share/base/x" not in selection.kept


def test_policy_observed_leaves_them_but_knows_them() -> None:
    rootfs = make_rootfs(_BASE, {"/app/main.py": b"", "/app/data/x": b""})
    options = SelectionOptions(policy=Policy.OBSERVED)
    selection = select(rootfs, {"/app/data/x": Operation.OPEN}, options=options)
    assert "/app/main.py" not in selection.kept
    assert selection.roles[ImagePath("/app/data/x")] is LayerRole.APP


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/root/.cache/pip/x", "a cache of the build"),
        ("/home/me/.cache/x", "a cache of the build"),
        ("/var/cache/apt/x.deb", "a cache of the package manager"),
        ("/var/lib/apt/lists/x", "a record of the package manager"),
        ("/var/log/build.log", "a log of the build"),
        ("/tmp/x", "temporary"),
        ("/app/.git/HEAD", "a version control system's data"),
        ("/app/.pytest_cache/x", "a tool's cache"),
        ("/etc/passwd-", "a backup of the accounts"),
        ("/usr/local/share/man/man1/x.1", "documentation"),
    ],
)
def test_ballast_of_the_build_goes(path: str, why: str) -> None:
    rootfs = make_rootfs(_BASE, {path: b"", "/app/kept.txt": b"", "/app/.gitignore": b""})
    selection = select(rootfs)
    assert path not in selection.kept
    assert why in selection.dropped.values()
    assert "/app/kept.txt" in selection.kept
    assert "/app/.gitignore" in selection.kept


def test_a_working_directory_is_no_ballast() -> None:
    rootfs = make_rootfs(_BASE, {"/tmp/app/x": b"", "/tmp/other": b""})
    selection = select(rootfs, config=make_config(working_dir="/tmp/app"))
    assert "/tmp/app/x" in selection.kept


def test_python_areas_are_not_yours() -> None:
    rootfs = make_rootfs(
        _BASE,
        {
            "/app/.venv/pyvenv.cfg": b"home = /usr/local/bin\n",
            "/app/.venv/bin/tool": b"",
            "/app/.venv/lib/python3.12/site-packages/six.py": b"",
            "/usr/local/lib/python3.12/site-packages/x/data.json": b"",
            "/usr/local/lib/python3.12/site-packages/x-1.dist-info/RECORD": b"../../../bin/x,,\n",
            "/usr/local/bin/x": b"",
            "/usr/local/bin/yours": b"",
            "/opt/conda/conda-meta/history": b"",
            "/opt/conda/bin/gdal": b"",
            "/app/own.txt": b"",
        },
    )
    selection = select(rootfs)
    kept_as_yours = {
        path for path, reasons in selection.kept.items() if reasons[0].rule is Rule.YOURS
    }
    assert kept_as_yours >= {"/app/own.txt", "/usr/local/bin/yours"}
    assert not any(
        "venv" in path or "site-packages" in path or "conda" in path for path in kept_as_yours
    )
    assert "/usr/local/bin/x" not in kept_as_yours


def test_what_package_scripts_made_is_not_yours() -> None:
    installed = {
        "/var/lib/dpkg/info/libpq5.list": b"/usr/lib/libpq.so.5\n",
        "/var/lib/dpkg/status": _BASE["/var/lib/dpkg/status"]
        + b"\nPackage: libpq5\nStatus: install ok installed\nVersion: 1\n",
        "/usr/lib/libpq.so.5": b"",
        "/etc/ssl/java/cacerts": b"",
        "/usr/share/mime/cache": b"",
        "/opt/downloaded": b"",
        "/usr/local/bin/downloaded": b"",
    }
    selection = select(make_rootfs(_BASE, installed, {"/etc/late.conf": b""}))
    assert {"/opt/downloaded", "/usr/local/bin/downloaded", "/etc/late.conf"} <= set(selection.kept)
    assert "/etc/ssl/java/cacerts" not in selection.kept
    assert "/usr/share/mime/cache" not in selection.kept
    assert "/usr/lib/libpq.so.5" not in selection.kept


def test_a_replaced_configuration_file_is_yours() -> None:
    replaced = make_rootfs(_BASE, {"/etc/base.conf": b"mine"})
    assert reason_of(select(replaced), "/etc/base.conf").rule is Rule.YOURS
    assert "/etc/base.conf" not in select(make_rootfs(_BASE, {"/app/x": b""})).kept


def test_one_layer_for_all_knows_your_files_by_place() -> None:
    rootfs = make_rootfs(
        {
            **_BASE,
            "/srv/site/index.html": b"",
            "/work/here/x": b"",
            "/usr/share/unowned": b"",
            "/opt/vendor/x": b"",
        }
    )
    selection = select(rootfs, config=make_config(layers=1, working_dir="/work/here"))
    assert {"/srv/site/index.html", "/work/here/x"} <= set(selection.kept)
    assert "/usr/share/unowned" not in selection.kept
    assert "/opt/vendor/x" not in selection.kept


def test_byte_code_beside_its_source_is_not_yours_but_alone_it_is() -> None:
    rootfs = make_rootfs(_BASE, {"/app/a.py": b"", "/app/a.pyc": b"", "/app/only.pyc": b""})
    selection = select(rootfs)
    assert "/app/only.pyc" in selection.kept
    assert "/app/a.pyc" not in selection.kept


def test_a_link_of_yours_brings_the_directory_it_leads_to() -> None:
    rootfs = make_rootfs(
        {**_BASE, "/usr/share/javascript/jquery/jquery.js": b"", "/usr/share/other/x": b""},
        {
            "/app/static/jquery": Symlink(target="/usr/share/javascript/jquery"),
            "/app/static/shared": Symlink(target="/usr/share"),
        },
    )
    selection = select(rootfs)
    assert "/usr/share/javascript/jquery/jquery.js" in selection.kept
    assert "/usr/share/other/x" not in selection.kept
