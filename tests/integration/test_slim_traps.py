"""What other tools lose: one image with all of it, and what its app does only when it is asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.apps import SampleApp
from support.layers import Content, Device, Directory, File, HardLink, Symlink, make_layer
from support.referee import judge
from support.slimcase import Layout, SlimCase, extend, jettison

pytestmark = pytest.mark.needs("runc", "root", "bases")

SERVER = rb"""
import http.server, json, os, signal, subprocess, sys

def tool():
    return subprocess.run(["/opt/tool/second"], capture_output=True, text=True, check=True).stdout

def listed():
    return sorted(os.listdir("/app/plugins.d"))

def spool():
    with open("/app/var/spool/note", "w") as note:
        note.write("x")
    return oct(os.stat("/app/var/spool").st_mode)

def volume():
    with open("/data/given") as given:
        return given.read()

def namespaces():
    import shared.one, shared.two
    return shared.one.NAME + shared.two.NAME

def legacy():
    import distutils.version
    return str(distutils.version.LooseVersion("1.2"))

def metadata():
    import importlib.metadata
    return importlib.metadata.version("pip-like")

def executor():
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(len, "four").result()

def dynamic():
    import importlib
    return importlib.import_module("plugins_by_name." + "first").NAME

def temporary():
    import tempfile
    with tempfile.NamedTemporaryFile("w+") as file:
        return file.write("ok")

ROUTES = {f"/{f.__name__}": f for f in (
    tool, listed, spool, volume, namespaces, legacy, metadata, executor, dynamic, temporary,
)}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = 200, "hello"
        if self.path != "/":
            try:
                body = ROUTES[self.path]()
            except BaseException as err:
                status, body = 500, repr(err)
        raw = json.dumps({"body": body}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
        with open("/app/var/log", "a") as log:
            log.write(self.path + "\n")

def stop(*_):
    os.unlink("/app/var/gone-at-the-end")
    sys.exit(0)

if __name__ == "__main__":
    signal.signal(signal.SIGQUIT, stop)
    http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""
SITE = "/usr/local/lib/python3.11/dist-packages"
OLD_NAMESPACE = (
    b"import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('shared',));"
    b"m = sys.modules.setdefault('shared', types.ModuleType('shared'));"
    b"mp = m.__dict__.setdefault('__path__', []);(p not in mp) and mp.append(p)\n"
)
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")
LAYER: Content = {
    "/app": Directory(uid=1234, gid=1234),
    "/app/server.py": SERVER,
    "/app/py.typed": b"",
    "/app/plugins.d": Directory(),
    "/app/plugins.d/10-first.conf": b"",
    "/app/plugins.d/20-second.conf": b"",
    "/app/plugins_by_name": Directory(),
    "/app/plugins_by_name/first.py": b"NAME = 'first'\n",
    "/app/var": Directory(mode=0o2775, uid=1234, gid=1234),
    "/app/var/gone-at-the-end": File(uid=1234, gid=1234),
    "/app/var/spool": Directory(mode=0o1770, uid=1234, gid=1234),
    "/data": Directory(uid=1234, gid=1234),
    "/data/given": b"content of the volume",
    "/opt/tool": Directory(),
    "/opt/tool/first": File(data=b"#!/bin/sh\necho tool | tr a-z A-Z\n", mode=0o755),
    "/opt/tool/second": HardLink(target="opt/tool/first"),
    "/opt/tool/capped": File(
        data=b"x", mode=0o750, gid=1234, xattrs={"security.capability": CAPABILITY}
    ),
    "/opt/current": Symlink(target="/opt/tool"),
    "/opt/zero": Device(major=1, minor=5, mode=0o666),
    f"{SITE}/shared_one-nspkg.pth": OLD_NAMESPACE,
    f"{SITE}/shared": Directory(),
    f"{SITE}/shared/one.py": b"NAME = 'one'\n",
    f"{SITE}/shared/two.py": b"NAME = 'two'\n",
    f"{SITE}/pip_like-3.2.dist-info": Directory(),
    f"{SITE}/pip_like-3.2.dist-info/METADATA": b"Name: pip-like\nVersion: 3.2\n",
    f"{SITE}/pip_like-3.2.dist-info/RECORD": b"pip_like.py,,\npip_like-3.2.dist-info/METADATA,,\n"
    b"pip_like-3.2.dist-info/RECORD,,\n",
    f"{SITE}/pip_like.py": b"",
}
CONFIG: dict[str, object] = {
    "User": "1234:1234",
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "EMPTY=", "SPACES=a b  c", "PYTHONPATH=/app"],
    "Entrypoint": ["python3"],
    "Cmd": ["server.py"],
    "WorkingDir": "/app",
    "ExposedPorts": {"8000/tcp": {}, "8125/udp": {}},
    "Volumes": {"/data": {}},
    "Labels": {"org.opencontainers.image.title": "traps", "empty": ""},
    "StopSignal": "SIGQUIT",
    "StopTimeout": 7,
    "Shell": ["/bin/sh", "-ec"],
    "OnBuild": ["RUN echo later"],
    "Healthcheck": {
        "Test": ["CMD", "python3", "-c", "import sqlite3"],
        "Interval": 30_000_000_000,
        "Timeout": 5_000_000_000,
        "StartPeriod": 1_000_000_000,
        "StartInterval": 500_000_000,
        "Retries": 2,
    },
    "ArgsEscaped": True,
    "SomethingNew": {"kept": [1, 2]},
}
# What none of the probes asks for.
CHECKS = {
    "tool": "TOOL\n",
    "listed": ["10-first.conf", "20-second.conf"],
    "spool": "0o41770",
    "volume": "content of the volume",
    "namespaces": "onetwo",
    "legacy": "1.2",
    "metadata": "3.2",
    "executor": 4,
    "dynamic": "first",
    "temporary": 2,
}


@pytest.fixture(scope="module")
def _made() -> dict[str, SlimCase]:
    return {}


@pytest.fixture
def case(
    _made: dict[str, SlimCase],
    base_layout: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
    warm_cache: Path,
) -> SlimCase:
    """The image, slimmed once."""
    if "it" not in _made:
        place = tmp_path_factory.mktemp("traps")
        layout = extend(base_layout("slim"), place / "original", make_layer(LAYER), CONFIG)
        checks = place / "checks.yaml"
        steps = [
            {"path": f"/{name}", "expect": {"status": 200, "json": {"$.body": wanted}}}
            for name, wanted in CHECKS.items()
        ]
        checks.write_text(json.dumps({"steps": steps, "stop": {"status": 0}}))
        arguments = ("-o", f"oci:{place}/layout", "--report-dir", place / "report")
        done = jettison("slim", f"oci:{layout}", *arguments, "--format", "json", cwd=place)
        app = SampleApp(name="traps", layout=layout, probes=None, unprobed=checks)
        _made["it"] = SlimCase(app, place / "layout", place / "report", done)
    return _made["it"]


def test_the_original_passes_its_checks(case: SlimCase) -> None:
    assert judge(case.app.layout, case.app.unprobed).problems == ()


def test_the_slimmed_image_passes_them_too(case: SlimCase) -> None:
    assert case.document["verification"]["verdict"] == "passed"
    ruling = judge(case.layout, case.app.unprobed, seccomp=case.report / "seccomp.json")
    assert ruling.problems == ()
    assert ruling.checks == len(CHECKS)


def test_each_field_of_the_config_is_the_same(case: SlimCase) -> None:
    assert case.slimmed.config["config"] == CONFIG


def test_kept_files_are_the_same_to_the_bit(case: SlimCase) -> None:
    before, after = case.original, case.slimmed
    assert [path for path in LAYER if path not in after.files] == []
    # Records say what is there, byte code included.
    for path in [path for path in LAYER if not path.endswith("/RECORD")]:
        was, is_ = before.files[path], after.files[path]
        for field in ("mode", "uid", "gid", "mtime", "size", "linkname", "devmajor", "devminor"):
            if not (was.islnk() or is_.islnk()):
                assert getattr(is_, field) == getattr(was, field), (path, field)
    contents = after.read(lambda path: path in LAYER)
    assert contents["/app/var/gone-at-the-end"] == b""
    assert contents["/data/given"] == b"content of the volume"
    capped = after.files["/opt/tool/capped"]
    assert "SCHILY.xattr.security.capability" in capped.pax_headers
    # One of the two names is a link to the other.
    tools = [after.files[f"/opt/tool/{name}"] for name in ("first", "second")]
    assert sorted(item.islnk() for item in tools) == [False, True]


def test_nothing_that_the_run_wrote_is_in_the_image(case: SlimCase) -> None:
    assert "/app/var/spool" in case.slimmed.files
    written = {"/app/var/log", "/app/var/spool/note"}
    assert written.isdisjoint(case.slimmed.files)
    new = case.slimmed.files.keys() - case.original.files.keys() - {"/"}
    assert {
        path
        for path in new
        if not path.endswith((".pyc", "/__pycache__")) and not path.startswith("/var/lib/dpkg/")
    } == set()


@pytest.mark.needs("apparmor")
def test_its_apparmor_profile_compiles(case: SlimCase) -> None:
    argv = ["apparmor_parser", "-Q", "-K", str(case.report / "apparmor.profile")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("keeps", [False, True])
def test_what_only_exec_commands_touch_is_kept_when_asked_for(
    keeps: bool, base_layout: Callable[[str], Path], tmp_path: Path, warm_cache: Path
) -> None:
    done = jettison(
        *("slim", f"oci:{base_layout('slim')}", "--entrypoint", "sleep 600", "--no-http"),
        *("--continue-after", "exec", "--exec", "sort /etc/debian_version"),
        *("-o", f"oci:{tmp_path}/layout", *(["--exec-keeps"] if keeps else [])),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    files = Layout(tmp_path / "layout").files
    assert "/usr/bin/sleep" in files
    assert ("/usr/bin/sort" in files) == keeps
