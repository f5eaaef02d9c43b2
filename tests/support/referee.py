"""Run any OCI layout under runc and check requests and commands, without a line of jettison.

The referee says whether a slimmed image really works, so it must not share the product's
mistakes: it has its own unpacking, bundle, client and comparison, all as simple as can be.

    python tests/support/referee.py LAYOUT tests/apps/NAME/unprobed.yaml [--seccomp FILE]

A checks file has `steps` as a probe file has them, `exec` (argv, status, output as a regular
expression), `ready_log` (text that says an app without a port is up) and `stop` (status, log).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from imagebuild.packing import unpack

_READY_S: Final = 30.0
_STOP_S: Final = 15.0
# Docker's default set: moby, oci/caps/defaults.go.
_CAPABILITIES: Final = tuple(
    f"CAP_{name}"
    for name in (
        *("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"),
        *("SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the referee saw: no `problems` means that the image works."""

    problems: tuple[str, ...]
    checks: int
    log: str


def judge(
    layout: Path,
    checks: Path | None = None,
    *,
    seccomp: Path | None = None,
    read_only: bool = False,
) -> Ruling:
    """Run the image of `layout` in namespaces of its own and check it; needs runc and root."""
    argv = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    argv += ["--mount-proc", "--net", "--ipc", "--uts", sys.executable, __file__, str(layout)]
    argv += [str(checks)] if checks else []
    argv += ["--seccomp", str(seccomp)] if seccomp else []
    argv += ["--read-only"] if read_only else []
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"the referee itself failed:\n{done.stderr[-4000:]}")
    found = json.loads(done.stdout)
    return Ruling(problems=tuple(found["problems"]), checks=found["checks"], log=found["log"])


@dataclass(slots=True)
class _Court:
    """The running container and what was found wrong so far."""

    container_id: str
    state: Path
    port: int | None
    log_path: Path
    cookies: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    checks: int = 0

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def step(self, given: str | dict[str, Any]) -> None:
        """Make one request and check its answer."""
        self.checks += 1
        if isinstance(given, str):
            method, path = given.split()[:2]
            given = {"method": method, "path": path}
        has_body = any(key in given for key in ("form", "json", "body"))
        method = given.get("method", "POST" if has_body else "GET")
        label = f"{method} {given['path']}"
        try:
            status, body = self._request(method, given)
        except (OSError, http.client.HTTPException) as err:
            self.problems.append(f"{label}: {err!r}")
            return
        expect = given.get("expect", {})
        wanted = expect.get("status")
        if status != wanted if wanted is not None else status >= 400:
            self.problems.append(f"{label}: status {status}, not {wanted}: {body[:500]}")
        if not re.search(expect.get("body", ""), body):
            self.problems.append(f"{label}: no {expect['body']!r} in {body[:500]}")
        for name, value in expect.get("json", {}).items():
            self._compare(label, name, value, body)
        for name, source in given.get("capture", {}).items():
            self._capture(label, name, source, body)

    def _request(self, method: str, given: Mapping[str, Any]) -> tuple[int, str]:
        assert self.port is not None, "the image exposes no port"
        headers = {key: self._fill(str(value)) for key, value in given.get("headers", {}).items()}
        body: bytes | None = None
        if "form" in given:
            form = {key: self._fill(value) for key, value in given["form"].items()}
            body = urllib.parse.urlencode(form).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif "json" in given:
            body = json.dumps(given["json"]).encode()
            headers.setdefault("Content-Type", "application/json")
        elif "body" in given:
            body = given["body"].encode()
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            client.request(method, self._fill(given["path"]), body=body, headers=headers)
            answer = client.getresponse()
            text = "" if answer.status == 101 else answer.read().decode(errors="replace")
        finally:
            client.close()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value
        return answer.status, text

    def _fill(self, text: str) -> str:
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: self.values[match[1]], text)

    def _compare(self, label: str, name: str, wanted: object, body: str) -> None:
        try:
            found = json.loads(body)
            for part in name.removeprefix("$.").split("."):
                found = found[part]
        except (ValueError, LookupError, TypeError):
            self.problems.append(f"{label}: no {name} in {body[:500]}")
            return
        if found != wanted:
            self.problems.append(f"{label}: {name} is {found!r}, not {wanted!r}")

    def _capture(self, label: str, name: str, source: Mapping[str, str], body: str) -> None:
        if "input" in source:
            pattern = rf'name="{re.escape(source["input"])}"[^>]*value="([^"]*)"'
        else:
            pattern = source["regex"]
        match = re.search(pattern, body)
        if match is None:
            self.problems.append(f"{label}: nothing to capture as {name}")
        self.values[name] = match[1] if match else ""

    def execute(self, given: Mapping[str, Any]) -> None:
        """Run one command inside the container and check status and output."""
        self.checks += 1
        argv = [str(item) for item in given["argv"]]
        done = _runc(self.state, "exec", self.container_id, *argv)
        wanted = given.get("status", 0)
        shown = (done.stdout + done.stderr)[-1500:]
        if done.returncode != wanted:
            self.problems.append(f"exec {argv}: status {done.returncode}, not {wanted}: {shown}")
        if not re.search(given.get("output", ""), done.stdout + done.stderr, re.MULTILINE):
            self.problems.append(f"exec {argv}: no {given['output']!r} in {shown}")


def _runc(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = ["runc", "--root", str(state), *arguments]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("layout", type=Path)
    parser.add_argument("checks", type=Path, nargs="?")
    parser.add_argument("--seccomp", type=Path)
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    checks = yaml.safe_load(options.checks.read_text()) if options.checks else {}
    with tempfile.TemporaryDirectory(prefix="referee-") as name:
        scratch = Path(name)
        # What is made on this tmpfs vanishes with our mount namespace, whatever happens.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", name], check=True)
        try:
            court = _try(options, checks, scratch)
            found = {"problems": court.problems, "checks": court.checks, "log": court.log[-20_000:]}
        finally:
            subprocess.run(["umount", "--recursive", "--lazy", name], check=True)
    sys.stdout.write(json.dumps(found))


def _try(options: argparse.Namespace, checks: Mapping[str, Any], scratch: Path) -> _Court:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    config = _read_config(options.layout)
    bundle = scratch / "bundle"
    bundle.mkdir()
    rootfs = _mount_rootfs(options.layout, scratch)
    (bundle / "config.json").write_text(json.dumps(_spec(rootfs, config, options)))
    ports = sorted(int(port.split("/")[0]) for port in config.get("ExposedPorts") or ())
    court = _Court(
        container_id=f"referee-{os.getpid()}-{time.monotonic_ns()}",
        state=scratch / "runc",
        port=ports[0] if ports else None,
        log_path=scratch / "log",
    )
    with _container(court, bundle) as process:
        if _is_ready(court, process, checks.get("ready_log", "")):
            for step in checks.get("steps", ()):
                court.step(step)
            for command in checks.get("exec", ()):
                court.execute(command)
        else:
            court.problems.append(f"it did not get ready: {court.log[-3000:]}")
        _stop(court, process, config, checks.get("stop", {}))
    return court


def _read_config(layout: Path) -> dict[str, Any]:
    return dict(
        json.loads(_blob(layout, _manifest(layout)["config"]).read_bytes()).get("config") or {}
    )


def _manifest(layout: Path) -> dict[str, Any]:
    document = json.loads((layout / "index.json").read_bytes())
    while "manifests" in document:
        document = json.loads(_blob(layout, document["manifests"][0]).read_bytes())
    return dict(document)


def _blob(layout: Path, descriptor: Mapping[str, Any]) -> Path:
    algorithm, _, digits = descriptor["digest"].partition(":")
    return Path(layout / "blobs" / algorithm / digits)


def _mount_rootfs(layout: Path, scratch: Path) -> Path:
    lower = []
    for number, descriptor in enumerate(_manifest(layout)["layers"]):
        files = scratch / f"layer{number}"
        files.mkdir()
        packing = descriptor["mediaType"].rpartition("+")[2]
        argv = {"gzip": ["gzip", "-dc"], "zstd": ["zstd", "-dc"]}.get(packing, ["cat"])
        with (
            _blob(layout, descriptor).open("rb") as packed,
            subprocess.Popen(argv, stdin=packed, stdout=subprocess.PIPE) as plain,
        ):
            assert plain.stdout is not None
            unpack(plain.stdout, files)
        lower.append(str(files))
    rootfs = scratch / "rootfs"
    for directory in (rootfs, scratch / "upper", scratch / "work"):
        directory.mkdir()
    stack = ":".join(reversed(lower))
    options = f"lowerdir={stack},upperdir={scratch}/upper,workdir={scratch}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", str(rootfs)], check=True)
    return rootfs


def _spec(rootfs: Path, config: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    env = list(config.get("Env") or ())
    if not any(item.startswith("PATH=") for item in env):
        env.append("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    uid, gid, home = _identity(rootfs, config.get("User") or "root")
    if not any(item.startswith("HOME=") for item in env):
        env.append(f"HOME={home}")
    linux: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")],
        "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"],
    }
    if options.seccomp:
        linux["seccomp"] = json.loads(options.seccomp.read_text())
    return {
        "ociVersion": "1.0.2",
        "hostname": "referee",
        "root": {"path": str(rootfs), "readonly": options.read_only},
        "process": {
            "args": [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())],
            "cwd": config.get("WorkingDir") or "/",
            "env": env,
            "user": {"uid": uid, "gid": gid},
            "capabilities": {
                kind: list(_CAPABILITIES) if uid == 0 or kind == "bounding" else []
                for kind in ("bounding", "effective", "permitted")
            },
        },
        "mounts": [_mount(*fields) for fields in _MOUNTS],
        "linux": linux,
    }


def _mount(target: str, kind: str, options: str) -> dict[str, Any]:
    source = target if kind == "bind" else kind
    return {"destination": target, "type": kind, "source": source, "options": options.split(",")}


_MOUNTS: Final = (
    ("/proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"),
    ("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"),
    ("/dev/mqueue", "mqueue", "nosuid,noexec,nodev"),
    ("/etc/hosts", "bind", "bind,ro"),
)


def _identity(rootfs: Path, user: str) -> tuple[int, int, str]:
    name, _, group = user.partition(":")
    found = {}
    for table in ("passwd", "group"):
        path = rootfs / "etc" / table
        lines = path.read_text().splitlines() if path.exists() else []
        found[table] = [line.split(":") for line in lines if line.count(":") >= 3]
    entry = next((one for one in found["passwd"] if name in (one[0], one[2])), None)
    uid = int(entry[2]) if entry else int(name)
    gid = int(entry[3]) if entry else 0
    if group:
        listed = next((one for one in found["group"] if group in (one[0], one[2])), None)
        gid = int(listed[2]) if listed else int(group)
    return uid, gid, entry[5] if entry else "/"


@contextmanager
def _container(court: _Court, bundle: Path) -> Iterator[subprocess.Popen[bytes]]:
    argv = ["runc", "--root", str(court.state), "run", "--bundle", str(bundle), court.container_id]
    with court.log_path.open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        _runc(court.state, "delete", "--force", court.container_id)
        process.wait()


def _is_ready(court: _Court, process: subprocess.Popen[bytes], ready_log: str) -> bool:
    def answers() -> bool:
        if ready_log and ready_log not in court.log:
            return False
        if court.port is None:
            return '"running"' in _runc(court.state, "state", court.container_id).stdout
        try:
            with socket.create_connection(("127.0.0.1", court.port), timeout=1):
                return True
        except OSError:
            return False

    return _poll(lambda: process.poll() is not None or answers(), _READY_S) and (
        process.poll() is None
    )


def _stop(
    court: _Court,
    process: subprocess.Popen[bytes],
    config: Mapping[str, Any],
    expect: Mapping[str, Any],
) -> None:
    name = config.get("StopSignal") or "SIGTERM"
    _runc(court.state, "kill", court.container_id, name)
    if not _poll(lambda: process.poll() is not None, _STOP_S):
        court.problems.append(f"still running {_STOP_S:g} s after {name}")
        return
    if "status" in expect and process.returncode != expect["status"]:
        court.problems.append(f"status {process.returncode} after {name}: {court.log[-2000:]}")
    if expect.get("log", "") not in court.log:
        court.problems.append(f"after {name}: no {expect['log']!r} in its log")


def _poll(condition: Callable[[], bool], deadline_s: float) -> bool:
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    _main()
